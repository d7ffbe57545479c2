"""Weights as data: arrays in one npz file, everything else in one JSON file that knows the arrays' checksum."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError

FORMAT = 1
SIZE_LIMIT = 256 * 1024 * 1024  # bytes unpacked; a larger file is not ours


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a model is made of: named arrays and plain facts (labels, thresholds, what it was trained on)."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]


def save(folder: Path, name: str, bundle: Bundle) -> None:
    """Write `bundle` to `folder`/`name`.npz and .json, each whole or not at all; same bundle, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, **{key: bundle.arrays[key] for key in sorted(bundle.arrays)})  # type: ignore[arg-type]
    facts = {**bundle.facts, "format": FORMAT, "sha256": hashlib.sha256(packed.getvalue()).hexdigest()}
    facts["facts_sha256"] = _checksum(facts)
    _write(folder / f"{name}.npz", packed.getvalue())
    _write(folder / f"{name}.json", (json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())


def load(folder: Path, name: str) -> Bundle:
    """Return the bundle that `save` wrote. Raises ModelError where a file is missing, damaged or of another format."""
    try:
        packed = (folder / f"{name}.npz").read_bytes()
        facts = json.loads((folder / f"{name}.json").read_bytes(), parse_constant=_refused)
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise ModelError(f"the model {name} has a format that this version doesn't know")
        if facts.get("sha256") != hashlib.sha256(packed).hexdigest():
            raise ModelError(f"the weights of the model {name} are damaged: the checksum differs")
        if facts.get("facts_sha256") != _checksum(facts):  # a changed threshold looks like any other
            raise ModelError(f"the facts of the model {name} are damaged: the checksum differs")
        return Bundle(_arrays(packed, name), facts)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"the model {name} can't be read: {error}") from error


def _checksum(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all `facts` but that of themselves."""
    rest = {key: value for key, value in facts.items() if key != "facts_sha256"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _arrays(packed: bytes, name: str) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as members:
        if sum(member.file_size for member in members.infolist()) > SIZE_LIMIT:
            raise ModelError(f"the weights of the model {name} are too large")
    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(file)


def pack_terms(terms: list[str]) -> NDArray[np.uint8]:
    """Return `terms` (none holds a newline) as the bytes of one text, which an npz file compresses well."""
    return np.frombuffer("\n".join(terms).encode("utf-8", "surrogatepass"), np.uint8)


def unpack_terms(packed: NDArray[Any]) -> list[str]:
    """Return the terms of `pack_terms`. Raises ModelError for bytes that are no text."""
    try:
        text = packed.astype(np.uint8).tobytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return text.split("\n") if text else []
