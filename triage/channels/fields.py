"""One mapping (a JSON object of the API or a webhook, a row of an import) as a submission; no type in it is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from triage.channels.moments import moment
from triage.domain.feedback import Submission
from triage.errors import InvalidError

LIMIT = 1024 * 1024  # bytes of one feedback as JSON; its text may have 20,000 characters
DEPTH = 20  # levels of lists and objects; what a client tells about itself has three

# Our names, and what else the world calls them; of several in one mapping the first with something in it counts.
NAMES: dict[str, tuple[str, ...]] = {
    "body": ("body", "text", "content", "description", "内容", "反馈内容", "描述", "问题描述"),
    "title": ("title", "subject", "标题"),
    "email": ("email", "e-mail", "mail", "邮箱", "电子邮箱"),
    "language": ("language", "lang", "语言"),
    "source_url": ("source_url",),
    "id": ("id",),
    "said_at": ("said_at", "created_at", "created", "date", "时间", "提交时间"),
    "reporter": ("reporter", "user", "昵称"),
    "private": ("private", "私密"),
}
_TRUE = frozenset({"1", "true", "yes", "y", "是"})
_FALSE = frozenset({"0", "false", "no", "n", "否"})
_LANGUAGES = {"中文": "zh", "汉语": "zh", "chinese": "zh", "english": "en", "英文": "en", "英语": "en"}


def loads(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`. Raises InvalidError: not UTF-8, no JSON, no object, NaN, too large, too deep."""
    if len(raw) > LIMIT:
        raise InvalidError(f"the JSON is larger than {LIMIT // 1024:,} KB", code="too_large")
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise _too_deep("") from None
    except ValueError:  # also bytes that aren't UTF-8, and numbers of thousands of digits
        raise InvalidError("that is not JSON in UTF-8", code="not_json") from None
    if not isinstance(found, dict):
        raise InvalidError("that is not a JSON object", code="not_object")
    return found


def submission(given: Mapping[str, Any], channel: str) -> Submission:
    """Return what `given` says; names are read as in `NAMES`, in any case, and all others are kept as context.

    Its identity is "url:<source_url>", else "id:<channel>:<id>", else nothing. Raises InvalidError, which names the
    field; whether the texts are too long or empty is not looked at here.
    """
    found, rest = _sorted_out(given)
    source, number = _text(found, "source_url"), _text(found, "id", numbers=True)
    return Submission(
        body=_text(found, "body"),
        title=_text(found, "title"),
        email=_text(found, "email"),
        language=_language(_text(found, "language")),
        channel=channel,
        identity=f"url:{source}" if source else f"id:{channel}:{number}" if number else "",
        reporter=_text(found, "reporter", numbers=True),
        said_at=moment(found["said_at"]) if "said_at" in found else None,
        private=_flag(found.get("private", False)),
        context=_context(rest) | _origin(source),
    )


def names_of_text(names: Iterable[str]) -> list[str]:
    """Return those of the column names under which a text may stand; a title may be all that a person wrote."""
    texts = {*NAMES["body"], *NAMES["title"]}
    return [name for name in names if name.strip().lower() in texts]


def _sorted_out(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values by our names, and those of unknown names; empty ones are in neither."""
    rest = {name: value for name, value in given.items() if not _empty(value)}
    called = {name.strip().lower(): name for name in reversed(rest)}
    found = {}
    for ours, others in NAMES.items():
        name = next((called[other] for other in others if other in called), None)
        if name is not None:
            found[ours] = rest.pop(name)
    return found, rest


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(found: Mapping[str, Any], field: str, *, numbers: bool = False) -> str:
    """Return the text; where `numbers` may stand for it (ids, in spreadsheets and JSON alike), a whole one as text."""
    value = found.get(field, "")
    if numbers and _whole(value):
        return str(int(value))
    if not isinstance(value, str):
        raise InvalidError("this must be text", field=field, code="wrong_type")
    return value.strip()


def _whole(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63 and value == int(value)


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    if value in (0, 1):
        return bool(value)
    raise InvalidError("this must be true or false", field="private", code="wrong_type")


def _language(name: str) -> str:
    code = name.lower().replace("_", "-").partition("-")[0]
    code = _LANGUAGES.get(code, code)
    return code if code in {"zh", "en"} else ""


def _context(rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the unknown names and what stands in `context`, as JSON that any database takes."""
    own = rest.get("context")
    if isinstance(own, dict):
        rest = {name: value for name, value in rest.items() if name != "context"} | own
    return {str(name): _sound(value, str(name), 1) for name, value in rest.items()}


def _origin(source: str) -> dict[str, Any]:
    """Keep where it was said; only a web address may pass for one, for pages make a link of it."""
    if not source:
        return {}
    return {"source_url" if source.lower().startswith(("http://", "https://")) else "source": source}


def _sound(value: Any, field: str, depth: int) -> Any:
    if isinstance(value, list | tuple | dict):
        if depth >= DEPTH:
            raise _too_deep(field)
        if isinstance(value, dict):
            return {str(key): _sound(item, field, depth + 1) for key, item in value.items()}
        return [_sound(item, field, depth + 1) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | bool | None) else _number(value, field)


def _number(value: Any, field: str) -> float:
    """Return a number that JSON and every database can hold: 1e999 is read as infinity, which neither can."""
    if isinstance(value, int | float) and -(2**63) <= value < 2**63:
        return value
    raise InvalidError(f"{field[:60]} is no number that can be stored", field="context", code="number")


def _too_deep(field: str) -> InvalidError:
    return InvalidError("the JSON is nested too deeply", field=field and "context", code="too_deep")


def _no_number(_: str) -> Any:
    raise ValueError
