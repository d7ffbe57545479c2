import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import ModelError
from triage.ml import segment
from triage.ml.segment import Segmenter, grams, read_words, simplify

PLAIN = Segmenter()
OWN = Segmenter(["启智平台", "RPC failed", "调试任务"])
MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("报错 HCCL timeout", "hccl"),
        ("昇腾 910B 上训练", "昇腾910b"),
        ("昇腾910B3", "昇腾910b3"),
        ("CUDA 12.4 不兼容", "cuda12.4"),
        ("cuda12.4 不兼容", "cuda12.4"),
        ("cuda-12.4 不兼容", "cuda12.4"),
        ("CUDA_12.4 不兼容", "cuda12.4"),
        ("错误码 507011", "507011"),
        ("返回 0x80070005", "0x80070005"),
        ("torch_npu 找不到", "torch_npu"),
        ("C++ 编译", "c++"),
        ("OutOfMemoryError", "memory"),
        ("libgomp.so.1", "libgomp.so.1"),
        ("訓練任務失敗", "训练"),
        ("ＲＰＣ　ｆａｉｌｅｄ", "rpc"),
    ],
)
def test_what_a_person_would_look_for_is_a_token(text, kept):
    assert kept in PLAIN.tokens(text)


@pytest.mark.parametrize(("text", "own"), [("启智平台挂了", "启智平台"), ("又是 RPC Failed！", "rpc failed")])
def test_a_projects_own_words_stay_whole(text, own):
    assert own in OWN.tokens(text)
    assert own not in PLAIN.tokens(text)


def test_a_phrase_may_be_as_long_as_an_entry():
    error = "no module named torch npu was found anywhere"
    assert error in Segmenter([error]).tokens(f"It says “{error.title()}” again")


def test_stop_words_and_placeholders_are_no_tokens_but_are_words():
    text = "我的任务见 https://a.example/b"
    assert not {"的", "‹url›"} & set(PLAIN.tokens(text))
    assert {"的", "‹url›"} <= set(PLAIN.words(text))


@given(st.text(st.characters(), max_size=200))
def test_index_and_query_cut_alike(text):
    assert PLAIN.tokens(text) == PLAIN.tokens(text)
    assert {token for token in OWN.tokens(text) if " " in token} <= {"rpc failed"}


def test_a_word_is_found_by_its_longer_form():
    assert set(PLAIN.tokens("训练任务")) <= set(PLAIN.tokens("我的训练任务失败了"))


@pytest.mark.parametrize(
    ("text", "found"), [("训练，任务", {"训练", "任务"}), ("ab1", {"ab", "b1", "ab1"}), ("訓", set()), ("", set())]
)
def test_grams_stay_within_a_run(text, found):
    assert set(grams(text)) == found


def test_the_chip_keeps_its_name():
    assert simplify("昇騰與升腾") == "昇腾与昇腾"


def test_nothing_is_left_in_the_shared_folder_and_nothing_is_read_from_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "jieba.cache").write_bytes(b"not to be trusted")
    table = segment._table.__wrapped__(())
    frequencies, total = table.FREQ, table.total
    assert frequencies["任务"] > 0 < total
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"not to be trusted"]


def test_a_hundred_kilobytes_are_cut_in_bounded_time():
    start = time.process_time()
    assert PLAIN.tokens("训练任务失败 a1 " * 10_000)
    assert time.process_time() - start < 2


def test_word_lists(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("# 说明\n昇腾 50 nz\nRPC failed\n\n智算\n", "utf-8")
    assert read_words(file) == ("昇腾", "RPC failed", "智算")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_word_list_that_cannot_be_read(tmp_path, content):
    file = tmp_path / "words.txt"
    if content:
        file.write_bytes(content)
    with pytest.raises(ModelError):
        read_words(file)


def test_the_shipped_words_can_be_loaded():
    assert "启智" in Segmenter.shipped(MODELS).tokens("启智社区")


def test_common_words_are_shared_and_own_ones_are_not():
    common = Segmenter(common=["智算中心"])
    own = Segmenter(["星海训练"], common=["智算中心"])
    assert ("智算中心" in common.words("智算中心"), "星海训练" in common.words("星海训练")) == (True, False)
    assert own.words("智算中心星海训练") == ["智算中心", "星海训练"]
    assert "星海训练" not in common.words("星海训练")


def test_after_a_rest_it_cuts_as_before():
    segmenter = Segmenter(["星海训练", "RPC failed"])
    before = segmenter.tokens("星海训练 RPC failed")
    segmenter.rest()
    assert segmenter.tokens("星海训练 RPC failed") == before
