"""Facts that two reports about the same thing should share: versions, error codes and devices."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.domain.characters import normalise

_VERSION = re.compile(
    r"(?:(?P<name>[a-z][a-z_+\-]{1,24}?)[\s=:@_\-]{0,3}(?:version|版本号?)?(?:\s?[是为])?[\s:：=]{0,3})?(?<![\d.])"
    r"v?(?P<number>\d{1,4}(?:\.\d{1,5}){1,3}(?:[.\-]?(?:rc|alpha|beta|post|dev|b|a)\.?\d{0,4})?)(?![\d%])"
)
_VAGUE_NAME = re.compile(
    "v|ver|version|release|tag|is|to|on|in|of|the|and|at|with|for|from|rev|than|about|since|or|after|before|until|by|b|c"
)
_NOT_VERSION = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}$")
_CODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b0x[0-9a-f]{2,8}\b",
        r"\b(?:cve-\d{4}-\d{3,7}|[a-z]{2,8}\d{4,6})\b",
        r"\b(?:e(?:timedout|connrefused|connreset|acces|perm|noent|addrinuse|notfound))\b",
        r"(?:error|err|status|errno|exit|ret|return|http|response|返回|错误|状态|退出)[\s_]?(?:code|码)?(?:\s?(?:is|为|是|:|=))*"
        r"\s?[\[(]?(?P<code>-?\d{2,8})\b",
        r"\b(?P<name>[a-z]{2,40}(?:error|exception|failure|fault))\b",
    )
)
_DEVICES = re.compile(
    r"(?P<npu>(?:昇腾|ascend)\s?-?\d{3}[a-z]{0,2}\d?|(?<![a-z0-9])(?:910|310)[abcp]\d?|atlas\s?\d{3}[a-z]?)"
    r"|(?P<gpu>(?<![a-z0-9])(?:(?:rtx|gtx)\s?\d{3,4}(?:\s?(?:ti|super))?|[ahvlt]\d{2,3}|3090|4090|5090|2080ti)(?![a-z0-9.]))"
    r"|(?P<mlu>(?:mlu|寒武纪)\s?\d{3}|(?<![a-z])mlu(?![a-z0-9]))"
    r"|(?P<dcu>(?<![a-z])dcu(?![a-z])|海光\s?z?\d{3}|(?<![a-z0-9])k100(?![0-9]))"
    r"|(?P<any_npu>昇腾|(?<![a-z])(?:npu|ascend)(?![a-z]))|(?P<any_gpu>(?<![a-z])gpu(?![a-z])|显卡)|(?P<any_mlu>寒武纪)"
    r"|(?P<any_cpu>(?<![a-z])cpu(?![a-z]))"
)


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
    for match in _VERSION.finditer(text):
        name = (match["name"] or "").strip("-_ ")
        if not _NOT_VERSION.match(match["number"]):
            found.append(("" if _VAGUE_NAME.fullmatch(name) else name, match["number"]))
    return found


def _codes(text: str) -> list[str]:
    found = []
    for pattern in _CODES:
        named = next(iter(pattern.groupindex), None)
        found += [match[named] if named else match[0] for match in pattern.finditer(text)]
    return found


def _devices(text: str) -> list[tuple[str, str]]:
    found = []
    for match in _DEVICES.finditer(text):
        family = match.lastgroup or ""
        model = "" if family.startswith("any_") else re.sub(r"[\s\-]|昇腾|ascend|寒武纪|海光", "", match[0])
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
    families = _differ("device", {family for family, _ in left}, {family for family, _ in right})
    if families:
        return [families]
    return [_differ("device", {model for _, model in left if model}, {model for _, model in right if model})]


def _differ(what: str, left: set[str], right: set[str]) -> Contradiction | None:
    if not left or not right or left & right:
        return None
    return Contradiction(what, " ".join(sorted(left)), " ".join(sorted(right)))
