"""What templates, log writers and stack traces add to a report; none of it says what the report is about."""

from __future__ import annotations

import re

from triage.domain.characters import LIMIT
from triage.domain.traces import reduced

FENCE_LIMIT = 1_500  # characters kept of each block of code
CHOICE_LIMIT = 24  # a ticked line longer than this is a pledge

_HEADINGS = frozenset(
    heading.strip()
    for heading in """
    describe the bug|to reproduce|steps to reproduce|steps to reproduce the behavior|how to reproduce
    reproduction|repro steps|reproduction steps|expected behavior|expected behaviour|expected results
    expected result|actual behavior|actual behaviour|actual results|actual result|current behavior
    current behaviour|screenshots|screenshot|additional context|additional information|additional info
    other info / logs|environment|version|versions|system information|system info|system information (version)
    what happened|what did you expect to happen|description|detailed description|summary|motivation
    proposed solution|possible solution|describe the solution you'd like|describe alternatives you've considered
    is your feature request related to a problem? please describe|is your feature request related to a problem
    desktop|smartphone|logs|relevant log output|log output|checklist|issue type|issue submission checklist
    bug report|feature request|what is the current behavior|what is the expected behavior
    describe the current behavior|describe the expected behavior|standalone code to reproduce the issue
    code of conduct|prerequisites|preliminary checks|link to code example|source code / logs|website or app
    any other info|context|bug description|problem description|your environment|operating system|问题描述
    描述问题|bug 描述|bug描述|描述|详细描述|问题详情|现象|问题现象|现象描述|复现步骤|重现步骤|复现方式|如何复现
    重现方法|复现方法|操作步骤|预期行为|期望行为|预期结果|期望结果|预期效果|期望的结果|实际行为|实际结果
    实际效果|当前行为|截图|屏幕截图|相关截图|附加信息|补充信息|其他信息|补充说明|更多信息|附加上下文|额外信息
    环境|环境信息|运行环境|系统环境|版本|版本信息|软件版本|版本号|操作系统|系统信息|日志|错误日志|日志信息
    报错信息|相关日志|运行日志|错误信息|您的建议|你的建议|建议描述|需求描述|功能描述|建议内容|功能建议|使用场景
    解决方案|期望的解决方案|您期望的解决方案|替代方案|背景|检查清单|提交前检查|前置检查|问题类型|反馈类型
    联系方式|设备信息|硬件信息|软件环境|硬件环境|重现链接|复现链接|问题反馈|功能请求|错误报告|发生了什么
    gitea version|git version|can you reproduce the bug on the gitea demo site|log gist|how are you running gitea
    hardware environment|software environment|related testcase|steps to reproduce the issue|related log
    special notes for this issue|is there an existing issue for this|anything else
    软硬件环境|关联用例|备注|前置确认|提交前确认|确认事项|是否愿意提交 pr|期望
    是否愿意提交pr|描述你的问题|错误截图|日志或截图
    gitea 版本|git 版本|你是如何运行 gitea 的|能否在演示站点复现|问题简述|问题说明|相关 issue|目前的解决办法
    """.replace("\n", "|").split("|")
)
_ASIDES = frozenset(["ascend", "gpu", "cpu", "npu", "必填", "选填", "可选", "required", "optional"])  # never alone
_PROMPTS = tuple(
    line.strip()
    for line in """
    a clear and concise description
    add any other context
    add any other screenshots
    if applicable, add screenshots
    please describe what you expected
    please search existing issues
    please make sure
    please fill in
    please provide
    i'm always frustrated when [
    steps to reproduce the behavior:
    _no response_
    no response
    we have written the needed data into your clipboard
    所需的数据太大，无法直接发送
    请简要描述
    请清晰
    请描述
    请详细描述
    请在此
    请填写
    请提供
    请附上
    请粘贴
    请先搜索
    请确认
    在此输入
    在这里输入
    简洁明了地描述
    清晰简洁地描述
    如果适用，请
    如有必要，请
    我已经搜索
    我已搜索
    我已经阅读
    我已阅读
    i have searched
    i've searched
    i have read
    i agree to follow
    """.strip().splitlines()
)
_TAG_NAMES = (
    "a|b|br|blockquote|center|code|del|details|div|em|font|h[1-6]|hr|i|iframe|img|input|kbd|li|ol|p|picture|pre|s|script|small"
    "|source|span|strong|style|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|video"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:[\s/][^<>]{{0,400}})?>", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,200}\]\([^()\n]{0,400}\)")
_ATTACHMENT = re.compile(
    r"\[[^\[\]\n]{0,200}\]\([^()\s]{0,400}?(?:attach|/files/|/assets/|/uploads/|\.(?:zip|log|txt|png|jpe?g|gif|webp|mp4|mov|rar|7z))"
    r"[^()\n]{0,200}\)",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((?:https?://|/|#)[^()\s]{0,400}\)")
_CHECKBOX = re.compile(r"\s{0,12}[-*+]\s*\[[ xX√✓]?\]\s*(.{0,300})")
_TICKED = re.compile(r"\s{0,12}[-*+]\s*\[[xX√✓]\]")
_ORNAMENT = re.compile(r"^[\s#>*_=~\-:：【\[]+|[\s#*_:：?？.。】\]]+$")
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
_LOG_PART = re.compile(
    r"[\[(<]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|EROR)[\])>]?(?=[\s:|\[(-]|$)[\s:|-]*"
    r"|\[[\w.:/ #-]{1,60}\][\s:|-]*"
)
# tildes only at the beginning of a line: Python marks with them what went wrong in a line of source
_FENCE = re.compile(r"(?:```|^ {0,3}~~~(?!~*\^))[^\n`]{0,40}", re.MULTILINE)
_QUOTED = re.compile(r"(?:> ?)+")


def plain(text: str) -> str:
    """Return what the sender wrote: `text` (at most `LIMIT` characters) without template, markup, log and trace noise.

    Blocks of code stay, `FENCE_LIMIT` characters of each; a stack trace becomes the names of its functions, and the
    exception's own line stays. The result is empty when there was nothing but boilerplate. Not for display.
    """
    text = _comments(text[:LIMIT].replace("\r\n", "\n"))
    for pattern in (_IMAGE, _ATTACHMENT, _TAG):
        text = pattern.sub(" ", text)
    kept: list[str] = []
    for block, fenced in _blocks(_LINK.sub(r"\1", text)):
        lines = block.split("\n")
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
    return [line.lstrip(" #>*") for line in _bare([line for line in unboxed if not _is_boilerplate(line)])]


def _bare(lines: list[str]) -> list[str]:
    """Return `lines` without what log writers put before them, traces reduced."""
    return reduced([_without_prefix(line) for line in lines])


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
    if _RULE.fullmatch(line) or _TYPE_LINE.fullmatch(line):
        return True
    return _is_heading(line[:200].lower()) or line.strip(" >*_[(（").lower().startswith(_PROMPTS)


def _is_heading(line: str) -> bool:
    """Return whether `line` is a template's heading, in one language or in two side by side."""
    if _ORNAMENT.sub("", line) in _HEADINGS:
        return True
    parts = [bare for part in _BESIDE.split(line) if (bare := _ORNAMENT.sub("", part))]
    return not _HEADINGS.isdisjoint(parts) and all(part in _HEADINGS or part in _ASIDES for part in parts)


def _without_prefix(line: str) -> str:
    found = _LOG_PREFIX.match(line)
    if not found:
        return line
    rest = line[found.end() :]
    for _ in range(3):
        part = _LOG_PART.match(rest)
        if not part:
            break
        rest = rest[part.end() :]
    return rest
