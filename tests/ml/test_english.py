import pytest

from triage.ml.english import latin_parts, stem


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("errors", "error"),
        ("queries", "query"),
        ("boxes", "box"),
        ("crashes", "crash"),
        ("running", "run"),
        ("training", "train"),
        ("updating", "update"),
        ("failed", "fail"),
        ("missing", "miss"),
        ("status", "status"),
        ("class", "class"),
        ("this", "this"),
        ("string", "string"),
        ("任务", "任务"),
        ("v12ed", "v12ed"),
    ],
)
def test_forms_of_a_word_meet(word, form):
    assert stem(word) == form


@pytest.mark.parametrize(
    ("piece", "parts"),
    [
        ("torch_npu", ["torch", "npu"]),
        ("OutOfMemoryError", ["out", "of", "memory", "error"]),
        ("cuda12.4", ["12.4", "cuda12", "cuda"]),
        ("CUDA-12.4", ["12.4", "cuda12.4", "cuda"]),
        ("torch_v2.1.0", ["2.1.0", "torch2.1.0", "torch", "v2"]),
        ("HCCL", []),
        ("1.22.333", ["333"]),
    ],
)
def test_parts_of_a_word(piece, parts):
    assert list(latin_parts(piece)) == parts
