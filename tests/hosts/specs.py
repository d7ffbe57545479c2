"""The published descriptions of the hosts' APIs, where they are at hand: which request and which answer they allow."""

from __future__ import annotations

import copy
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.fakes.githost.web import Traits

FOLDER = Path(os.environ.get("TRIAGE_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts")) / "specs"
ABSENT = f"optional: no API descriptions under {FOLDER} (name their folder by TRIAGE_CONTRACTS)"


@cache
def spec(name: str) -> dict[str, Any]:
    if not (FOLDER / f"{name}.json").is_file():
        pytest.skip(ABSENT)
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def operation(name: str, method: str, path: str) -> dict[str, Any]:
    """The operation that a request reaches, with the parameters of its path. The most literal template wins."""
    paths = spec(name)["paths"]
    fits = [template for template in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)]
    fits = [template for template in fits if method.lower() in paths[template]]
    assert fits, f"{name} has no {method} {path}"
    template = min(fits, key=lambda one: one.count("{"))
    found: dict[str, Any] = dict(paths[template][method.lower()])
    found["parameters"] = [
        resolve(name, one) for one in [*paths[template].get("parameters", []), *found.get("parameters", [])]
    ]
    return found


def resolve(name: str, found: Any) -> Any:
    """`found`, with a reference at its top followed."""
    while isinstance(found, dict) and "$ref" in found:
        target: Any = spec(name)
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found = target
    return found


def schema(name: str, found: dict[str, Any], fake: Traits | None) -> dict[str, Any]:
    """A JSON schema of what the description says, closed to fields that it doesn't name.

    Null stands for anything absent, as all these hosts send it. Of a `fake` not everything is asked: see its traits.
    """
    parts = [resolve(name, one) for one in found.get("allOf", [])]
    found = {"properties": {key: one for part in parts for key, one in part["properties"].items()}} if parts else found
    found = copy.deepcopy(found)
    roots = {key: copy.deepcopy(spec(name)[key]) for key in ("definitions", "components") if key in spec(name)}
    for root in (found, *roots.values()):
        _relax(root, fake)
    return {**found, **roots}


def _relax(found: Any, fake: Traits | None) -> None:
    for item in found if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else []:
        _relax(item, fake)
    if isinstance(found, dict):
        _allow_null(found)
        if isinstance(found.get("properties"), dict) and not {"allOf", "anyOf", "oneOf"} & set(found):
            found.setdefault("additionalProperties", False)
        if fake:
            _forgive(found, fake)


def _allow_null(found: dict[str, Any]) -> None:
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if isinstance(found.get("enum"), list):
        found["enum"] = [*found["enum"], None]


def _forgive(found: dict[str, Any], fake: Traits) -> None:
    if not fake.whole and isinstance(found.get("required"), list):
        del found["required"]
    if not fake.whole and "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")  # without what is required many fit more than one
    if not fake.typed and isinstance(found.get("type"), list):
        del found["type"]


def violations(name: str, found: dict[str, Any], value: Any, fake: Traits | None = None) -> list[str]:
    """What `value` breaks of the schema `found`, in words."""
    validator = Draft202012Validator(schema(name, found, fake), format_checker=FormatChecker())
    return [f"{'.'.join(map(str, err.path))}: {err.message[:200]}" for err in validator.iter_errors(value)]
