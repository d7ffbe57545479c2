"""A tiny ONNX network written byte by byte, so that no test needs the package that makes them."""

from __future__ import annotations

import numpy as np


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _value(name: str, kind: int, shape: list[str | int]) -> bytes:
    dims = b"".join(_field(1, _field(1, one) if isinstance(one, int) else _field(2, one)) for one in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dims)))


def lookup(table: np.ndarray) -> bytes:
    """Return a network that gives each token of `input_ids` (1, n) its row of `table` (float32): states (1, n, d)."""
    rows, width = table.shape
    tensor = _field(1, rows) + _field(1, width) + _field(2, 1) + _field(8, "table")
    tensor += _field(9, table.astype("<f4").tobytes())
    node = _field(1, "table") + _field(1, "input_ids") + _field(2, "states") + _field(4, "Gather")
    graph = _field(1, node) + _field(2, "lookup") + _field(5, tensor)
    graph += _field(11, _value("input_ids", 7, ["batch", "n"])) + _field(12, _value("states", 1, ["batch", "n", width]))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))
