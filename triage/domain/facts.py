"""Facts that two reports about the same thing should share: versions, error codes and devices."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.domain.characters import normalise

_MEASURES = (
    r"小时|分钟|秒|天|周|年|倍|元|块|万|亿|米"
    r"|(?:[kmgt]?i?b|[kmgt]|ms|s|h|min|hours?|minutes?|seconds?|days?|times?|lines?|x|it/s)(?![a-z0-9])"
)
_MEASURE = rf"\s?(?:{_MEASURES})"
_UNIT = rf"\s?(?:{_MEASURES}|个|分|次|步|行|卡|张|条|遍|位)"
_VERSION = re.compile(
    r"(?:(?P<name>[a-z][a-z_+\-]{1,24}?)[\s=:@_\-]{0,3}(?:version|版本号?)?(?:\s?[是为])?[\s:：=]{0,3})?(?<![\d.])"
    r"(?P<number>v?\d{1,4}(?:\.\d{1,5}){1,3}(?:[.\-]?(?:(?:rc|alpha|beta|post|dev)\.?\d{0,4}|[ab]\d{1,4}))?)"
    rf"(?![\d%])(?!{_MEASURE})"
)
_DOTTED = re.compile(r"\d\.\d")
NEAR = 60  # characters before a number that can hold its name, and after it that can belong to it
# systems and browsers whose versions are whole numbers to people
_WHOLE_VERSION = re.compile(
    r"(?<![a-z])(?P<name>windows|win|ios|android|安卓|鸿蒙|harmonyos|chrome|谷歌浏览器|firefox|火狐浏览器|火狐|edge|safari|ubuntu|centos"
    rf"|debian|macos|jdk|python|pytorch|torch)\s?(?:版本)?\s?v?(?P<number>\d{{1,3}})(?![\d.]?\d|[a-z%])(?!{_UNIT})"
)
_ONE_NAME = {
    "win": "windows",
    "安卓": "android",
    "鸿蒙": "harmonyos",
    "谷歌浏览器": "chrome",
    "火狐浏览器": "firefox",
    "火狐": "firefox",
    "pytorch": "torch",
}
_VAGUE_NAME = re.compile(
    "v|ver|version|release|tag|is|to|on|in|of|the|and|at|with|for|from|rev|than|about|since|or|after|before|until|by|b|c"
)
# what is measured and not released: “loss 1.25”
_MEASURED = re.compile(
    "loss|lr|acc|accuracy|score|rate|ratio|map|miou|iou|f1|auc|bleu|size|epoch|step|speed|mean|std|dropout|beta|alpha|gamma|eps|ppl"
)
# an address, a date, a share
_NOT_VERSION = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}$|(?:19|20)\d\d\.(?:0?[1-9]|1[0-2])\.(?:0?[1-9]|[12]\d|3[01])$")
_SAID = (  # who says a code, in either script
    r"error|err|status|errno|exit(?:ed)?|ret|return|http|response|返回|错误|錯誤|状态|狀態|退出|报错|報錯|出错|出錯|故障|异常|異常|响应"
    r"|響應|提示"
)
_NAMED_CODE = r"[\s_]?(?:状态|狀態)?(?:code|代?码|代?碼|编?号|編?號|值)"
_IS = r"(?:\s?(?:is|was|为|為|是|:|=|了)){0,3}\s?[\[(]?"
_PHRASES = "bad gateway|gateway|internal|not found|forbidden|unauthorized|service|too many|request"
_CODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![a-z0-9_])0x[0-9a-f]{2,8}(?![0-9a-z_])",
        r"(?<![a-z0-9_])(?:cve-\d{4}-\d{3,7}|(?:[a-z]{2,8}|[ef])\d{4,6})(?![a-z0-9_])",
        r"\b(?:e(?:timedout|connrefused|connreset|acces|perm|noent|addrinuse|notfound))\b",
        rf"(?:{_SAID})(?: with)?{_NAMED_CODE}{_IS}(?P<code>-?\d{{1,8}})(?![\d.a-z%])",
        rf"(?:{_SAID}){_IS}(?P<code>-?\d{{2,8}})(?![\d.a-z%])(?!{_UNIT})",
        rf"[报報爆]了?\s?(?P<code>[45]\d\d)(?![\d.a-z%])(?!{_UNIT})",
        rf"(?<![\d.a-z])(?P<code>[45]\d\d)\s?(?:错误|錯誤|报错|報錯|异常|error|{_PHRASES})",
        r"signal[\s:]{0,2}(?P<code>\d{1,2})(?![\d.a-z])",
        r"\b(?P<name>[a-z]{2,40}(?:error|exception|failure|fault))\b",
    )
)
_DEVICES = re.compile(
    r"(?P<npu>(?:[昇升][腾騰]|ascend)\s?-?\d{3}[a-z]{0,2}\d?|(?<![a-z0-9])(?:910|310)[abcp]\d?|atlas\s?\d{3}[a-z]?)"
    r"|(?P<iluvatar>(?:天数智芯|天垓)\s?\d{0,3}|(?<![a-z])bi-?v\d{2,3})"
    r"|(?P<metax>(?:沐曦|曦云)\s?[cn]?\d{0,4}|(?<![a-z0-9])c500(?![a-z0-9]))|(?P<biren>壁仞\s?\d{0,3}[a-z]?|(?<![a-z])br10[04])"
    r"|(?P<mthreads>(?:摩尔线程|(?<![a-z])mtt)\s?s?\d{0,4})|(?P<enflame>(?:燧原|云燧)\s?[ti]?\d{0,3}|(?<![a-z])gcu(?![a-z]))"
    r"|(?P<kunlun>昆仑芯\s?[pr]?\d{0,3}|(?<![a-z])xpu(?![a-z]))"
    r"|(?P<gpu>(?<![a-z0-9])(?:(?:rtx|gtx)\s?\d{3,4}(?:\s?(?:ti|super))?|[ahvltp]\d{2,3}s?|[tlp]4|3090|4090|5090|2080ti)(?![a-z0-9.]))"
    r"|(?P<mlu>(?:mlu|寒武纪)\s?\d{3}|(?<![a-z])mlu(?![a-z0-9]))"
    r"|(?P<dcu>(?<![a-z])dcu(?![a-z])|海光\s?z?\d{3}|(?<![a-z0-9])k100(?![0-9]))"
    r"|(?P<any_npu>[昇升][腾騰]|(?<![a-z])(?:npu|ascend)(?![a-z]))"
    r"|(?P<any_gpu>(?<![a-z])(?:gpu|nvidia)(?![a-z])|[显顯]卡|英伟达|英偉達)|(?P<any_mlu>寒武纪)"
    r"|(?P<any_cpu>(?<![a-z])cpu(?![a-z]))"
    r"|(?P<any_ios>(?<![a-z])(?:iphone|ipad|ios)(?![a-z])|苹果手机|蘋果手機)|(?P<any_android>(?<![a-z])android(?![a-z])|安卓)"
)
_MAKERS = re.compile(
    r"[\s\-]|[昇升][腾騰]|ascend|寒武纪|海光|天数智芯|沐曦|曦云|壁仞|摩尔线程|mtt|燧原|云燧|昆仑芯|^(?:gcu|xpu|dcu|mlu)$"
)
_PHONES = frozenset({"ios", "android"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Versions as (name or "", number), error codes and exception names, devices as (family, model or "")."""

    versions: frozenset[tuple[str, str]] = frozenset()
    codes: frozenset[str] = frozenset()
    devices: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two reports name different things where one thing has one: `what` is version, code or device."""

    what: str
    left: str
    right: str


def facts(text: str) -> Facts:
    """Return the facts that `text` states, in the spelling of `normalise`."""
    text = normalise(text)
    return Facts(frozenset(_versions(text)), frozenset(_codes(text)), frozenset(_devices(text)))


def contradictions(left: Facts, right: Facts) -> tuple[Contradiction, ...]:
    """Return what `left` and `right` disagree in: the same name with other versions, other codes, other devices.

    A fact that only one of them states contradicts nothing.
    """
    found = [_differ("version", *pair) for pair in _paired(left.versions, right.versions)]
    found.append(_differ("code", _numeric(left.codes), _numeric(right.codes)))
    found += _other_devices(left.devices, right.devices)
    return tuple(one for one in found if one)


def _versions(text: str) -> list[tuple[str, str]]:
    found = []
    for match in (one for part in _around_numbers(text) for one in _VERSION.finditer(part)):
        name, number = (match["name"] or "").strip("-_ "), match["number"].removeprefix("v")
        name = "" if _VAGUE_NAME.fullmatch(name) else name
        if not (_NOT_VERSION.match(number) or _MEASURED.fullmatch(name) or _is_share(name, match["number"])):
            found.append((_ONE_NAME.get(name, name), number))
    whole = [(match["name"], match["number"]) for match in _WHOLE_VERSION.finditer(text)]
    return found + [(_ONE_NAME.get(name, name), number) for name, number in whole]


def _around_numbers(text: str) -> list[str]:
    """Return the stretches of `text` in which versions can stand, for looking for a name at each letter takes long."""
    spans: list[tuple[int, int]] = []
    for found in _DOTTED.finditer(text):
        start, end = max(0, found.start() - NEAR), found.end() + NEAR
        spans[-1:] = [(spans[-1][0], end)] if spans and start <= spans[-1][1] else [*spans[-1:], (start, end)]
    return [text[start:end] for start, end in spans]


def _is_share(name: str, number: str) -> bool:
    return not name and number.startswith("0.") and number.count(".") == 1


def _codes(text: str) -> list[str]:
    found: set[str] = set()
    for pattern in _CODES:
        named = next(iter(pattern.groupindex), None)
        found |= {match[named] if named else match[0] for match in pattern.finditer(text)}
    # “ERR01002” is one code, though the digits look like one of “err”
    return [code for code in found if not any(code != other and other.endswith(code) for other in found)]


def _devices(text: str) -> list[tuple[str, str]]:
    found = []
    for match in _DEVICES.finditer(text):
        family = match.lastgroup or ""
        model = "" if family.startswith("any_") else _MAKERS.sub("", match[0])
        found.append((family.removeprefix("any_"), model))
    return found


def _paired(left: frozenset[tuple[str, str]], right: frozenset[tuple[str, str]]) -> list[tuple[set[str], set[str]]]:
    names = sorted({name for name, _ in left} & {name for name, _ in right})
    labelled = []
    for name in names:
        spelled = f"{name} " if name else ""
        labelled.append(
            (
                {spelled + number for key, number in left if key == name},
                {spelled + number for key, number in right if key == name},
            )
        )
    return labelled


def _numeric(codes: frozenset[str]) -> set[str]:
    # names of exceptions differ between layers of one failure; numbers don't
    return {code for code in codes if any(sign.isdigit() for sign in code)}


def _other_devices(left: frozenset[tuple[str, str]], right: frozenset[tuple[str, str]]) -> list[Contradiction | None]:
    one, other = ({family for family, _ in side} for side in (left, right))
    found = [_differ("device", one - _PHONES, other - _PHONES), _differ("device", one & _PHONES, other & _PHONES)]
    if any(found):
        return found
    return [_differ("device", {model for _, model in left if model}, {model for _, model in right if model})]


def _differ(what: str, left: set[str], right: set[str]) -> Contradiction | None:
    if not left or not right or any(_agree(one, other) for one in left for other in right):
        return None
    return Contradiction(what, " ".join(sorted(left)), " ".join(sorted(right)))


def _agree(one: str, other: str) -> bool:
    """Return whether two are the same, or one says less: “2.3” and “2.3.1”, “910b” and “910b3”."""
    shorter, longer = sorted((one, other), key=len)
    return (
        longer == shorter
        or longer.startswith(f"{shorter}.")
        or (shorter[-1:].isalpha() and longer[: len(shorter)] == shorter and longer[len(shorter) :].isdigit())
    )
