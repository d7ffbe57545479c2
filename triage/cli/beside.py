"""The worker process beside a web server: started again when it dies, stopped when the server stops."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import structlog

log = structlog.get_logger()

PAUSES = (1, 5, 30, 120)  # seconds before it is started again; who dies once more after the last is given up
STEADY = 600  # seconds: who ran for so long begins with the first pause again
PATIENCE = 20  # seconds for the job at hand, when it is to stop; its row brings back a job that took longer


class Beside:
    """One process that is kept running; after its last try `failed` is true and `over` is called."""

    def __init__(self, words: Sequence[str], over: Callable[[], None], *, pauses: Sequence[float] = PAUSES) -> None:
        self.failed = False
        self._words, self._over, self._pauses = words, over, pauses
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Let it finish the job at hand, but not for ever."""
        with self._lock:
            self._stopped.set()
        self._process.terminate()
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._began = time.monotonic()
        # in a group of its own, which Ctrl-C in the terminal doesn't reach: `stop` alone does
        self._process = subprocess.Popen(self._words, process_group=0)  # noqa: S603

    def _watch(self) -> None:
        pauses = iter(self._pauses)
        while True:
            code = self._process.wait()
            if self._stopped.is_set():
                return
            if time.monotonic() - self._began > STEADY:
                pauses = iter(self._pauses)
            pause = next(pauses, None)
            if pause is None:
                self.failed = True
                self._over()
                return
            log.error("the worker died and is started again", code=code, seconds=pause)
            self._stopped.wait(pause)
            with self._lock:
                if self._stopped.is_set():
                    return
                self._start()


def end_with(parent: int) -> None:
    """End this process when `parent` has died: nobody else would stop it, and it would keep the port."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def hang_up() -> Any:
    """Return what SIGHUP is to do: a closed terminal stops everything, unless `nohup` said that it shall not."""
    return signal.SIG_IGN if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else as_interrupt


def as_interrupt(_: int, __: FrameType | None) -> None:
    """Do on another signal what is done on Ctrl-C."""
    signal.raise_signal(signal.SIGINT)
