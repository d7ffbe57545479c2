"""What templates, log writers and stack traces add to a report; none of it says what the report is about."""

from __future__ import annotations

import re

from triage.domain.characters import LIMIT
from triage.domain.phrases import ASIDES, FIELDS, HEADINGS, KEPT, PROMPT
from triage.domain.traces import reduced, unranked

FENCE_LIMIT = 1_500  # characters kept of each block of code
CHOICE_LIMIT = 24  # a ticked line longer than this is a pledge

_TAG_NAMES = (
    "a|b|br|blockquote|center|code|del|details|div|em|font|h[1-6]|hr|i|iframe|img|input|kbd|li|ol|p|picture|pre|s|script|small"
    "|source|span|strong|style|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|video"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:[\s/][^<>]{{0,400}})?>", re.IGNORECASE)
_IMAGE = re.compile(
    r"!\[[^\[\]\n]{0,200}\]\((?:[^()\n]|\([^()\n]{0,100}\)){0,400}\)"
    r"|!\[\[[^\[\]\n]{1,200}\]\]"
    r"|\[(?:图片|表情|动画表情|视频|语音|文件|圖片|表情包|链接|image|photo|video|sticker)\](?!\()",  # as in chats
    re.IGNORECASE,
)
_ATTACHMENT = re.compile(
    r"\[[^\[\]\n]{0,200}\]\([^()\s]{0,400}?(?:attach|/files/|/assets/|/uploads/|\.(?:zip|log|txt|png|jpe?g|gif|webp|mp4|mov|rar|7z))"
    r"[^()\n]{0,200}\)",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((?:https?://|/|#)[^()\s]{0,400}\)")
_CHECKBOX = re.compile(r"\s{0,12}[-*+]\s*\[[ xX√✓]?\]\s*(.{0,300})")
_TICKED = re.compile(r"\s{0,12}[-*+]\s*\[[xX√✓]\]")
_ORNAMENT = re.compile(
    r"^(?:[\s#>*_=~\-:：【\[`\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]|\d{1,2}[.、)）](?=\D)|[一二三四五六七八九十][、.])+"
    r"|[\s#*_:：?？.。】\]`]+$"
)
_BESIDE = re.compile(r"[/|()（）\[\]［］]")  # between a heading and its translation
_TYPE_LINE = re.compile(
    r"\s*(?:issue\s+)?type\s*[:：]\s*(?:bug|feature request|performance issue|feature)?\s*", re.IGNORECASE
)
_RULE = re.compile(r"[\s\-=*_~|:+#>]+")
_LOG_PREFIX = re.compile(
    r"\s*(?:\[?\d{2,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ]\d{1,2}:\d{2}(?::\d{2})?(?:[.,:]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?\]?"
    r"|\[?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\]?)[\s,|:-]*"
    # of Google's logging library, and of Ascend's and MindSpore's logs
    r"|\s*[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{1,6}\s+\d{1,8} [\w./-]{1,120}:\d{1,6}\] ?"
    r"|\s*\[[A-Z]{4,8}\] ?[A-Z_]{2,24}\([\w,.: -]{1,80}\):\d{4}-\d{2}-\d{2}-\d{2}:\d{2}:\d{2}[.\d]{0,12} ?"
    r"\[[\w./:-]{1,160}\] ?"
)
_LEVEL = r"\[?(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\]?"
# who writes the level first, or in another way: vLLM, Python's own, tornado, PyTorch, syslog, the kernel
_OTHER_PREFIX = re.compile(
    rf"\s*{_LEVEL}[ :|-]{{1,3}}"
    r"\[?(?:\d{4}[-/])?\d{1,2}[-/]\d{1,2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\]?[\s,|:-]*"
    r"|\s*(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]{1,80}:\s*"
    r"|\s*\[[DIWECF]\d{0,4} (?:\d{4}-\d{2}-\d{2} |\d{6} )?\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?"
    r"(?: [\w.]{1,60}(?::\d{1,6})?)?\]\s*"
    r"|\s*(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{2}:\d{2}:\d{2} [\w.-]{1,64} [\w./-]{1,64}"
    r"(?:\[\d{1,8}\])?:\s*"
    r"|\s*(?:<\d>)?\[\s{0,8}\d{1,8}\.\d{6}\]\s*"
)
_LOG_PART = re.compile(
    r"[\[(<]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|EROR)[\])>]?(?=[\s:|\[(-]|$)[\s:|-]*"
    r"|\[[\w.:/ #-]{1,60}\][\s:|-]*"
    # where it was written
    r"|[\w.<>]{1,60}:[\w<>]{1,60}:\d{1,6}[\s:|-]+|[\w$]{1,20}(?:\.[\w$]{1,40}){1,8}\s{1,4}[:-]\s"
)
# a line that was written for programs, as JSON or as key=value (Docker, containerd, zap, logrus, structlog)
_RECORD = re.compile(
    r"\s*(?:\{.{0,2000}\"(?:level|lvl|levelname|log_level|severity|stream)\"\s{0,4}:"
    r"|(?:time|ts|level|lvl)=\S{1,80} .{0,400}\bmsg=)",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(?:\"(?:msg|message|log|event|err|error|exception|reason)\"\s{0,4}:\s{0,4}\"|\b(?:msg|message|err|error|reason)=\")"
    r"((?:[^\"\\]|\\.){1,2000})\""
    r"|\b(?:msg|err|error|reason)=([^\s\"]{1,200})",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\([nrt\"\\/])")
# tildes only at the beginning of a line: Python marks with them what went wrong in a line of source
_FENCE = re.compile(r"(?:```|^ {0,3}~~~(?!~*\^))[^\n`]{0,40}", re.MULTILINE)
# “- OS: [e.g. iOS]”, “1. Go to '...'”, “4. See error”: what a template shows and nobody filled in
_ITEM = r"(?:[-*+]|\d{1,2}[.)、])? {0,4}"
_DOTS = r" {0,2}['\"‘“「『`]? ?(?:\.{3,6}|…{1,2}) ?['\"’”」』`]?"
_SHOWN = re.compile(
    r"[-*+] {0,4}[^\n\[［:：]{0,40}[:：]? {0,4}[\[［] ?(?:e\.?g\.?|i\.e\.|例如|比如|如)"
    r"[^\]］\n]{0,120}[\]］]\** {0,4}[:：]?"
    rf"|{_ITEM}(?:go to|click on|scroll down to|打开|进入|转到|前往|跳转到|点击|单击|输入|(?:向下)?滚动到|执行){_DOTS}"
    r"|\d{1,2}[.)、] {0,4}(?:see error|看到错误|看到錯誤|查看错误|出现错误|x{2,8}|\.{3,6}|…{1,2})?",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"(\s*[-*+]{1,2}\s*[^\n(（:：]{1,60})[(（] ?(?:e\.?g\.?,?|例如|比如|如)[^)）\n]{0,80}[)）]\s*(?=[:：])",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[-*+#>【]{0,4} {0,4}([^\n:：]{1,60}?)[】*_]{0,3} {0,4}[:：] {0,4}[*_]{0,3} {0,4}([^\n]{0,2000})")
_BOXED = re.compile(
    r"[#>* ]{0,6}【([^【】\n]{1,30})】[*\s]{0,3}([^:：\s][^\n]{0,2000})"
)  # a heading, and at once what was said
_ASIDE = re.compile(r"\([^)\n]{0,60}\)|（[^）\n]{0,60}）|\[[^\]\n]{0,60}\]|`")
# the head of a template's own file, which some hosts put into the issue
_FRONT = re.compile(
    r"\s*---\n(?:(?:name|about|title|labels|assignees|description|type|projects)[ \t]*:[^\n]{0,300}\n"
    r"|[ \t]*-[^\n]{0,100}\n|[ \t]*\n){1,14}---[ \t]*(?:\n|$)"
)
_QUOTED = re.compile(r"(?:> ?)+")


def plain(text: str) -> str:
    """Return what the sender wrote: `text` (at most `LIMIT` characters) without template, markup, log and trace noise.

    Blocks of code stay, `FENCE_LIMIT` characters of each; a stack trace becomes the names of its functions, and the
    exception's own line stays. The result is empty when there was nothing but boilerplate. Not for display.
    """
    text = _comments(text[:LIMIT].replace("\r\n", "\n"))
    front = _FRONT.match(text)
    text = text[front.end() :] if front else text
    for pattern in (_IMAGE, _ATTACHMENT, _TAG):
        text = pattern.sub(" ", text)
    kept: list[str] = []
    for block, fenced in _blocks(_LINK.sub(r"\1", text)):
        lines = [line for line in block.split("\n") if not _is_unfilled(line[:200].lower())]
        kept += _ends(_bare(lines)) if fenced else _written(lines)
    return "\n".join(line for line in kept if line.strip()).strip()


def _comments(text: str) -> str:
    # str.partition and not a regular expression: an unclosed comment opening a thousand times would be quadratic
    head, *rest = text.split("<!--")
    parts = [head]
    for part in rest:
        inside, closed, after = part.partition("-->")
        parts.append(after if closed else inside)
    return " ".join(parts)


def _blocks(text: str) -> list[tuple[str, bool]]:
    parts = _FENCE.split(text)
    return [(part, index % 2 == 1) for index, part in enumerate(parts)]


def _written(lines: list[str]) -> list[str]:
    # blanks and “#” before a line go last: by these the lines of a trace are known
    unboxed = (_unboxed(_QUOTED.sub("", line, count=1) if line.startswith(">") else line) for line in lines)
    said = [_unlabelled(line) for line in unboxed if not _is_boilerplate(line)]
    return [line.lstrip(" #>*") for line in _bare(said)]


def _bare(lines: list[str]) -> list[str]:
    """Return `lines` without what log writers put before them, traces reduced."""
    return reduced([_recorded(_without_prefix(unranked(line))) for line in lines])


def _ends(lines: list[str]) -> list[str]:
    """Return of a long block its beginning and its end, where a log says what went wrong."""
    whole = "\n".join(lines)
    if len(whole) <= FENCE_LIMIT:
        return lines
    head = whole[: FENCE_LIMIT * 2 // 3]
    return (head + "\n" + whole[len(head) + 1 - FENCE_LIMIT :].partition("\n")[2]).split("\n")


def _unboxed(line: str) -> str:
    # a ticked box may be the sender's choice; a ticked sentence is a pledge that the template asked for
    box = _CHECKBOX.fullmatch(line)
    if not box:
        return line
    return box[1] if _TICKED.match(line) and len(box[1]) <= CHOICE_LIMIT else ""


def _is_boilerplate(line: str) -> bool:
    if _RULE.fullmatch(line) or _TYPE_LINE.fullmatch(line) or _SHOWN.fullmatch(line.strip()[:300]):
        return True
    lower = line[:200].lower()
    return _is_heading(lower) or bool(PROMPT.match(line.strip(" >*_[(（-").lower()))


def _is_heading(line: str) -> bool:
    """Return whether `line` is a template's heading, in one language or in two side by side."""
    bare = _ORNAMENT.sub("", line)
    if bare in HEADINGS or any(bare[:at] in HEADINGS and bare[at + 1 :] in HEADINGS for at in _blanks(bare)):
        return True
    parts = [part for one in _BESIDE.split(line) if (part := _ORNAMENT.sub("", one))]
    return not HEADINGS.isdisjoint(parts) and all(part in HEADINGS or part in ASIDES for part in parts)


def _blanks(line: str) -> list[int]:
    return [at for at, sign in enumerate(line[:80]) if sign == " "]


def _is_unfilled(line: str) -> bool:
    """Return whether `line` is one of a template's list that names something and says nothing of it."""
    found = _LABEL.fullmatch(line.strip()) if line.rstrip().endswith((":", "：", "*", "_")) else None
    if not found or found[2].strip():
        return False
    return all(_ORNAMENT.sub("", part) in FIELDS | HEADINGS for part in _ASIDE.sub("", found[1]).split(" / "))


def _unlabelled(line: str) -> str:
    """Return what stands behind a heading on its own line, and no example that a template gives."""
    if not any(sign in line for sign in ":：】"):
        return line
    shown = _EXAMPLE.match(line)
    line = shown[1] + line[shown.end() :] if shown else line
    found = _BOXED.fullmatch(line[:2000].strip()) or _LABEL.fullmatch(line[:2000].strip())
    if found and found[2] and found[1] not in KEPT and _is_heading(found[1].lower()):
        return found[2] + line[2000:]
    return line


def _recorded(line: str) -> str:
    """Return what a record of a structured log says, without its fields; any other line as it is."""
    if not _RECORD.match(line):
        return line
    said = " ".join(quoted or bare for quoted, bare in _SAID.findall(line))
    return _ESCAPED.sub(lambda found: " " if found[1] in "nrt" else found[1], said).strip() or line


def _without_prefix(line: str) -> str:
    found = (_LOG_PREFIX.match(line) or _OTHER_PREFIX.match(line)) if any(sign in line for sign in ":]") else None
    if not found:
        return line
    rest = line[found.end() :]
    for _ in range(3):
        part = _LOG_PART.match(rest)
        if not part:
            break
        rest = rest[part.end() :]
    return rest
