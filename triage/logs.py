"""What the service says while it runs: one event a line, for people or as JSON, never a secret."""

from __future__ import annotations

import logging
import sys

import structlog

MINUTE = 60.0  # seconds
KEPT = 1_000  # messages that are remembered
SECRET_WORDS = ("token", "secret", "password", "authorization", "signature")


def set_up(level: str, form: str) -> None:
    """Send everything to standard error at `level`, as text or as JSON."""
    # a plain traceback: the pretty one prints every local, and with them tokens and people's words
    text = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last = structlog.processors.JSONRenderer(ensure_ascii=False)
    json: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, last]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask,
            *(json if form == "json" else [text]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Seldom("huey"))
    if form == "json":  # what libraries say comes through the same mill
        handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_of_libraries(json)))
    shape = "%(asctime)s [%(levelname)s] %(name)s: %(message)s"
    logging.basicConfig(level=level, format=shape, handlers=[handler])
    # urllib3 names whole addresses, and Gitee has its token in them; flask-limiter names each visitor who is too quick
    for chatty in ("huey", "alembic", "urllib3", "flask-limiter"):
        logging.getLogger(chatty).setLevel(max(logging.getLevelNamesMapping()[level], logging.WARNING))


def _of_libraries(last: list[structlog.typing.Processor]) -> list[structlog.typing.Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _mask,
        *last,
    ]


class Seldom(logging.Filter):
    """Lets what a library says again and again through once a minute: a disk that is full is not filled with that."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names, self._last = names, dict[tuple[str, str], float]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether it is to be written."""
        if not record.name.startswith(self._names):
            return True
        key = record.name, record.getMessage()
        if record.created - self._last.get(key, 0.0) < MINUTE:
            return False
        if len(self._last) >= KEPT:
            self._last.clear()
        self._last[key] = record.created
        return True


def _mask(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Blank every value whose name speaks of a secret: a last line of defence, not the first."""
    return {key: "***" if any(word in key.lower() for word in SECRET_WORDS) else value for key, value in event.items()}
