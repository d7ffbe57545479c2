"""`triage serve --with-worker` as a process of its own: one address, one Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from triage import cli
from triage.cli.beside import Beside
from triage.config import load


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def environ(tmp_path, port):
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    own |= {"TRIAGE_INSTANCE": str(tmp_path), "TRIAGE_PORT": str(port), "TRIAGE_SECRET_KEY": "a key for tests"}
    assert CliRunner().invoke(cli.main, ["setup"], env=own).exit_code == 0
    return own


@contextmanager
def starting(environ):
    """Start it as a terminal does: in a process group of its own, which Ctrl-C reaches as a whole."""
    words = [sys.executable, "-m", "triage", "serve", "--with-worker"]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    started = subprocess.Popen(words, env=environ, start_new_session=True, **out)
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


@contextmanager
def running(environ):
    """Start it, and wait until it answers."""
    with starting(environ) as started:
        wait_for(load(environ).port)
        yield started


def wait_for(port):
    for _ in range(200):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return answer.status
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")


def processes():
    """Every process as its id, its parent's and its command line; not those that have ended."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=3) for line in listed.splitlines()]
    return [(int(pid), int(parent), args) for pid, parent, state, args in rows if state[0] != "Z"]


def children(process, word):
    """The processes below `process` whose command has `word`."""
    return [pid for pid, parent, args in processes() if parent == process.pid and word in args.split()]


def eventually(found, seconds=20):
    """Ask `found` until it has an answer, and return that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError("it does not come about")


def gone(*pids):
    return not {pid for pid, *_ in processes()} & set(pids)


def group_of(process):
    """The command lines of the processes that Ctrl-C in this terminal reaches."""
    listed = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(process.pid)]


def test_ctrl_c_reaches_one_process_which_stops_the_others_quietly(environ):
    with running(environ) as started:
        assert len(group_of(started)) == 1  # a second signal on the way down made the web server hang now and then
        os.killpg(started.pid, signal.SIGINT)
        said, _ = started.communicate(timeout=30)
    assert started.returncode == 0
    assert said.decode().splitlines() == [f"Triage is at {load(environ).base_url}  (Ctrl-C stops it)"]


def listens(pid):
    """Wait until process `pid` has handlers of its own for a supervisor's signal."""
    words = ["ps", "-o", "caught=", "-p", str(pid)]
    bit = 1 << (signal.SIGTERM - 1)
    eventually(lambda: int(subprocess.run(words, capture_output=True, text=True, check=True).stdout, 16) & bit)


def ready(process):
    """Return the worker and the web process, once both listen."""
    (worker,), (web,) = children(process, "worker"), children(process, "serve")
    listens(worker)
    return worker, web


@contextmanager
def alone(environ, *before):
    """Start a worker of its own."""
    words = [*before, sys.executable, "-m", "triage", "worker"]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(words, env=environ, start_new_session=True, **out) as worker:
        listens(worker.pid)
        yield worker


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_supervisor_and_a_closed_terminal_stop_everything(environ, sign):
    with running(environ) as started:
        worker, web = ready(started)
        started.send_signal(sign)
        said, _ = started.communicate(timeout=30)
        assert gone(worker, web)
    assert started.returncode == 0
    assert said.decode().count("\n") == 1


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_also_stopped_at_once_while_it_still_starts(environ, sign):
    with starting(environ) as started:
        (web,) = eventually(lambda: children(started, "serve"))
        started.send_signal(sign)
        assert started.wait(timeout=8) == 0
        assert gone(web)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_worker_of_its_own_stops_on_each(environ, sign):
    with alone(environ) as worker:
        worker.send_signal(sign)
        assert worker.wait(timeout=20) == 0


def test_nohup_keeps_it_when_the_terminal_closes(environ):
    with alone(environ, "nohup") as worker:
        worker.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=2)
        worker.terminate()
        assert worker.wait(timeout=20) == 0


def test_a_worker_that_dies_is_said_and_started_again(environ):
    with running(environ) as started:
        worker, _ = ready(started)
        os.kill(worker, signal.SIGKILL)
        (other,) = eventually(lambda: gone(worker) and children(started, "worker"))
        started.terminate()
        said, _ = started.communicate(timeout=30)
        assert gone(other)
    assert b"the worker died and is started again" in said


def test_a_web_server_that_dies_takes_the_worker_with_it_and_the_exit_code_says_so(environ):
    with running(environ) as started:
        worker, web = ready(started)
        os.kill(web, signal.SIGKILL)
        assert started.wait(timeout=30) == 1
        assert gone(worker)


def test_nobody_is_left_behind_when_the_one_above_is_killed(environ):
    with running(environ) as started:
        worker, web = ready(started)
        started.kill()
        eventually(lambda: gone(worker, web))


def test_who_dies_again_and_again_is_given_up(capfd):
    over = threading.Event()
    beside = Beside(["sh", "-c", "echo alive; exit 3"], over.set, pauses=(0, 0.1))
    assert over.wait(timeout=20)
    assert beside.failed
    assert capfd.readouterr().out.count("alive") == 3
    beside.stop()


def test_a_port_that_is_taken_is_one_line_and_not_half_of_the_requests(environ, port):
    with socket.create_server(("127.0.0.1", port), reuse_port=True):
        found = CliRunner().invoke(cli.main, ["serve"], env=environ)
    assert found.exit_code == 2
    assert found.output.splitlines() == [
        f"triage: 127.0.0.1:{port} can't be listened on (Address already in use); perhaps Triage runs already. "
        "TRIAGE_PORT names another port"
    ]


def test_a_bind_address_of_another_machine_is_one_line(environ):
    found = CliRunner().invoke(cli.main, ["serve"], env=environ | {"TRIAGE_BIND": "192.0.2.1"})
    assert (found.exit_code, found.output.count("\n")) == (2, 1)


def test_a_name_that_nobody_knows_is_one_line(environ):
    found = CliRunner().invoke(cli.main, ["serve"], env=environ | {"TRIAGE_BIND": "nowhere.invalid"})
    assert (found.exit_code, found.output.count("\n")) == (2, 1)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_what_the_scripts_install_ends_with_them(sign):
    script = (Path(__file__).parents[2] / "scripts" / "env").read_text(encoding="utf-8")
    function = script[script.index("stoppable() {") : script.index("\n}\n") + 3]
    words = ["bash", "-c", f"set -e\n{function}\nstoppable sleep 77\necho went on"]
    # whoever runs the tests in the background has SIGINT ignored, and a shell that is born so can't trap it
    listening = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
    )
    words = [sys.executable, "-c", listening, *words]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as started:
        (part,) = eventually(lambda: children(started, "sleep"))
        started.send_signal(sign)
        assert started.communicate(timeout=10) == (b"", None)
    assert started.returncode == 128 + sign
    eventually(lambda: gone(part))
