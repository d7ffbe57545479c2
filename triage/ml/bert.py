"""BERT's forward pass in numpy: what a folder with weights but no ONNX file needs, without a framework of 800 MB."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError

Floats = NDArray[np.float32]
_POSITION_AFTER_PADDING = frozenset({"roberta", "xlm-roberta", "camembert"})  # they count positions from padding + 1
_KNOWN = _POSITION_AFTER_PADDING | {"bert"}


class Bert:
    """An encoder of the BERT family: token numbers (n) to states (n, d). The method is that of Devlin et al. (2019)."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
        if config.get("model_type") not in _KNOWN or config.get("hidden_act") != "gelu":
            raise ModelError(f"a network of type {config.get('model_type')} needs an ONNX file")
        self._weights = {_bare(name): np.asarray(part, np.float32) for name, part in weights.items()}
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._first = int(config["pad_token_id"]) + 1 if config["model_type"] in _POSITION_AFTER_PADDING else 0

    @classmethod
    def load(cls, folder: Path) -> Bert:
        """Return the network of `folder`: model.safetensors and config.json. Raises ModelError and what these raise."""
        from safetensors.numpy import load_file

        return cls(load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text("utf-8")))

    def __call__(self, ids: Sequence[int]) -> Floats:
        """Return the state of each token after the last layer."""
        part = "embeddings"
        states = self._weights[f"{part}.word_embeddings.weight"][list(ids)]
        states = states + self._weights[f"{part}.position_embeddings.weight"][self._first :][: len(ids)]
        states = self._normed(states + self._weights[f"{part}.token_type_embeddings.weight"][0], f"{part}.LayerNorm")
        for layer in range(self._layers):
            states = self._layer(states, f"encoder.layer.{layer}")
        return states

    def _layer(self, states: Floats, name: str) -> Floats:
        from scipy.special import erf  # 13 MB that only an encoder needs

        seen = self._linear(self._attended(states, f"{name}.attention.self"), f"{name}.attention.output.dense")
        states = self._normed(states + seen, f"{name}.attention.output.LayerNorm")
        inner = self._linear(states, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.float32(math.sqrt(2))))
        return self._normed(states + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attended(self, states: Floats, name: str) -> Floats:
        count, width = states.shape
        query, key, value = (
            self._linear(states, f"{name}.{part}").reshape(count, self._heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(width // self._heads))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return np.ascontiguousarray((weights @ value).transpose(1, 0, 2)).reshape(count, width)

    def _linear(self, states: Floats, name: str) -> Floats:
        return np.asarray(states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"], np.float32)

    def _normed(self, states: Floats, name: str) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        gain, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(centred / spread * gain + bias, np.float32)


def _bare(name: str) -> str:
    """Return the name of a weight without the name of the model around it."""
    head, dot, rest = name.partition(".")
    return rest if dot and head in {"bert", "roberta"} else name
