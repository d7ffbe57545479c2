"""What the service says while it runs: one event a line, for people or as JSON, never a secret."""

from __future__ import annotations

import logging
import sys

import structlog

SECRET_WORDS = ("token", "secret", "password", "authorization", "signature")


def set_up(level: str, form: str) -> None:
    """Send everything to standard error at `level`, as text or as JSON."""
    # a plain traceback: the pretty one prints every local, and with them tokens and people's words
    text = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    json = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
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
    logging.basicConfig(level=level, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("huey", "alembic", "urllib3"):  # the last names whole addresses, and Gitee has its token in them
        logging.getLogger(chatty).setLevel(max(logging.getLevelNamesMapping()[level], logging.WARNING))


def _mask(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Blank every value whose name speaks of a secret: a last line of defence, not the first."""
    return {key: "***" if any(word in key.lower() for word in SECRET_WORDS) else value for key, value in event.items()}
