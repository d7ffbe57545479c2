"""Stack traces of many languages, reduced to the names of their functions; the error's own line stays."""

from __future__ import annotations

import re

FRAME_LIMIT = 12  # function names kept of each stack trace

_PLACE = r"[^)\n]{0,300}(?::\d{1,7}|Native Method|Unknown Source|<anonymous>|index \d{1,7})\)[^\n]{0,200}"
_FRAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\s*File \"[^\"\n]{1,300}\", line \d{1,7}(?:, in (?P<name>[^\s()]{1,80})[^\n]{0,80})?\s*",
        # Java and JavaScript name a place, .NET a type (and in Chinese says 在 … 位置 …:行号)
        rf"\s*at (?:async |new )?(?P<name>[^\s()\[]{{2,160}})(?: \[as [^\]\n]{{1,80}}\])?\s?\({_PLACE}",
        r"\s*at (?P<name>[\w$<>`]{1,80}\.[\w$<>.`+]{1,160})\([^)\n]{0,300}\)(?: in [^\n]{1,300})?\s*",
        r"\s*在 (?P<name>[\w$<>`]{1,80}\.[\w$<>.`+]{1,160})\([^)\n]{0,300}\) 位置 [^\n]{1,300}",
        # gdb, the sanitizers, PHP
        r"\s*#\d{1,3}\s+(?:0x[0-9a-fA-F]{1,16} in )?(?P<name>[\w:~<>$.,]{2,160})\s?\([^\n]{0,400}",
        r"\s*#\d{1,3}\s+0x[0-9a-fA-F]{1,16} in (?P<name>[\w:~<>$.,]{2,160}) [^\n]{0,300}",
        r"\s*#\d{1,3}\s+/[^\s(]{1,300}\(\d{1,7}\): (?P<name>[\w\\:>-]{2,160})\([^\n]{0,300}",
        r"\s*#\d{1,3} \{main\}\s*(?P<name>)",
        # Rust; then what glog, Paddle and glibc print of C++
        r"\s*\d{1,3}:\s+(?:0x[0-9a-fA-F]{1,16} - )?(?P<name>[\w:<>]{3,120}::\w{1,60}|rust_begin_unwind)\s*",
        r"\s*@\s+0x[0-9a-fA-F]{1,16}\s+(?P<name>[\w:~<>$.,]{2,160})[^\n]{0,200}",
        r"\d{1,3}\s{2,4}(?P<name>\w{1,60}::[\w:~<>$.,]{2,160})[^\n]{0,200}",
        r"\s*\.?/[\w./+-]{1,200}\((?P<name>\w{2,120})?\+0x[0-9a-f]{1,16}\)\s?\[0x[0-9a-f]{1,16}\]\s*",
        r"\s*\.{3} \d{1,5} (?:more|common frames omitted)\s*(?P<name>)",
        # Firefox and Safari
        r"(?P<name>[\w$./<]{0,120})@(?:https?|file|webpack)[^\s]{1,300}:\d{1,7}:\d{1,7}",
    )
)
_MARK_OF_FRAMES = re.compile(r"[(:@\"{]|\.{3} \d|^created by ")  # one of these each frame holds
# what only a trace that has begun gives a meaning to: Go's functions, Rust's closures
_WITHIN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>(?:[\w.~-]{1,80}/){0,9}\w{1,60}\.(?:\(\*?\w{1,80}\)\.)?[\w.]{1,120})\([^\n]{0,300}\)",
        r"created by (?P<name>[\w.~/()*-]{1,200})(?: in goroutine \d{1,9})?",
        r"\s*\d{1,3}:\s+(?P<name>[^\n]{1,200}::[^\s]{1,80})\s*",
    )
)
# lines of a trace that name no function: places, what was left out, the marks under a line of source
_NOISE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\s*at (?:[a-z-]{2,12}:/{1,3}|\.{0,2}/|[A-Z]:\\)[^\s]{1,300}:\d{1,7}:\d{1,7}\s*",
        r"\s*[^\s]{1,300}\.(?:go|s):\d{1,7}(?: \+0x[0-9a-f]{1,16})?\s*",
        r"\s*\[[Pp]revious line repeated \d{1,7} more times?\]\s*",
        r"\s*#\d{1,3}\s+0x[0-9a-fA-F]{1,16}\s+\([^\n]{0,300}\)\s*",
        r"\s*[~^]{2,200}\s*",
    )
)
_HEAD = re.compile(
    r"\W{0,4}(?:(?:C\+\+ )?Traceback \(most recent call last\)|Stack ?trace|Stack backtrace|Call stack"
    r"|Check failure stack trace|goroutine \d{1,9} \[[^\]\n]{1,80}\]|调用栈|堆栈信息|堆栈跟踪)\W{0,6}",
    re.IGNORECASE,
)
_RANK = re.compile(r"^(?:\[rank\d{1,5}\]: ?|\(\w{1,40} pid=\d{1,8}[^)\n]{0,60}\) ?)")  # what PyTorch and Ray put before
_BLANK_NAME = re.compile(r"(?:Object\.)?<\w{1,40}>|0x[0-9a-f]{1,16}")  # “<module>”, “<anonymous>”
_SOURCE = re.compile(r"[\x20-\x7e]{0,300}[(=][\x20-\x7e]{0,300}(?<![.?!])")
_ERROR = re.compile(r"[\w.]{0,120}(?:Error|Exception|Interrupt|Exit|Warning|Failure|Timeout)\b|[\w.]{1,120}: ")


def reduced(lines: list[str]) -> list[str]:
    """Return `lines` with each stack trace as one line: the names of its functions, at most `FRAME_LIMIT`."""
    kept: list[str] = []
    frames: list[str] = []
    inside, python = False, False  # a trace; a frame of Python, under which its source may stand
    for line in lines:
        bare = unranked(line)
        name = _frame(bare, _WITHIN if inside and not python else ())
        if name is None and inside and any(pattern.fullmatch(bare) for pattern in _NOISE):
            name = ""
        if name is not None:
            frames += [name] if name else []
            inside, python = True, bare.lstrip().startswith("File ") or (python and not name)
        elif python and _is_source(bare):
            python = bare.startswith("    ")  # where blanks are left, of more than one line
        else:
            inside, python = bool(_HEAD.fullmatch(bare)), False
            kept += _flushed(frames)
            kept += [] if inside else [bare]
    return kept + _flushed(frames)


def unranked(line: str) -> str:
    """Return `line` without the name of the process that said it, as PyTorch and Ray put it before."""
    return _RANK.sub("", line, count=1) if line.startswith(("[", "(")) else line


def _frame(line: str, more: tuple[re.Pattern[str], ...]) -> str | None:
    """Return the function that a line of a trace names, "" for none, None for other lines."""
    for pattern in (*_FRAMES, *more) if _MARK_OF_FRAMES.search(line) else ():
        found = pattern.fullmatch(line)
        if found:
            name = (found["name"] or "").rstrip("/<").rpartition("/")[2]
            return "" if _BLANK_NAME.fullmatch(name) else name
    return None


def _is_source(line: str) -> bool:
    return line.startswith("    ") or (_SOURCE.fullmatch(line) is not None and not _ERROR.match(line))


def _flushed(frames: list[str]) -> list[str]:
    names = frames[:FRAME_LIMIT]
    frames.clear()
    return [" ".join(names)] if names else []
