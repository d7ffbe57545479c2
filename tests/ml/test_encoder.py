from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from tests.ml.encoders import english, like, tiny
from triage.ml import encoder as module
from triage.ml.encoder import KEPT, LOOKED_AT, LOOKED_UP, REACH, WEIGHT, Encoder, Meaning, cosines, raised


@pytest.fixture(scope="module")
def minilm():
    return Encoder(english())


def near(encoder: Encoder, left: str, right: str) -> float:
    return float(cosines(encoder.meaning(left), [encoder.meaning(right)])[0])


@pytest.mark.parametrize(
    ("left", "right", "published"),
    [
        ("The new movie is awesome", "The new movie is so great", 0.8939),
        ("The cat sits outside", "The dog plays in the garden", 0.2838),
        ("A man is playing guitar", "A woman watches TV", -0.0327),
    ],
)
def test_the_english_model_says_what_its_makers_published(minilm, left, right, published):
    assert near(minilm, left, right) == pytest.approx(published, abs=0.003)  # a byte a number rounds


def test_other_words_for_the_same_thing_are_near(minilm):
    same = near(minilm, "The app crashes when I open settings", "Application dies on opening the preferences page")
    assert same > near(minilm, "The app crashes when I open settings", "Please add a dark theme") + 0.4


@pytest.mark.parametrize("text", ["", "  \n", "训练任务卡住了，页面打不开", "🎉🎉🎉🎉🎉🎉"])
def test_what_it_can_not_read_means_nothing_to_it(minilm, text):
    assert minilm.meaning(text) is None


def test_a_huge_text_is_read_in_part(minilm):
    assert minilm.meaning("word " * 20_000) == minilm.meaning("word " * 300)


def test_unrelated_texts_are_far_apart(minilm):
    mean, spread = minilm.usual("en")
    assert -0.1 < mean < 0.3
    assert 0 < spread < 0.3
    assert minilm.usual("zh") is None
    assert minilm.usual("other") is None


def test_an_onnx_folder(tmp_path):
    encoder = Encoder(tiny(tmp_path / "e"))
    assert encoder.fault == ""
    assert near(encoder, "app crash", "page dies") == pytest.approx(1)
    assert near(encoder, "crash", "dark theme") == pytest.approx(0)


def test_the_name_tells_encoders_apart(tmp_path):
    one, other = tiny(tmp_path / "e"), tiny(tmp_path / "f" / "e", known={"crash": 1})
    assert Encoder(one).name == Encoder(one).name != Encoder(other).name


def test_a_meaning_is_kept_as_json():
    meaning = Meaning("e-1", bytes([1, 255, 127]))
    assert Meaning.of(json.loads(json.dumps(meaning.as_dict()))) == meaning
    assert Meaning.of(None) is None


def pooled(tmp_path, mode: str) -> Encoder:
    folder = tiny(tmp_path / mode)
    types = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    modules = [{"type": f"sentence_transformers.models.{name}", "path": path} for name, path in types]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{mode}": True}))
    return Encoder(folder)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("cls_token", [127, 0, 0]), ("max_tokens", [127, 127, 0]), ("mean_tokens", [64, 127, 0])],
)
def test_pooling_is_what_the_folder_says(tmp_path, mode, expected):
    values = pooled(tmp_path, mode).meaning("crash theme dark").values
    assert list(np.frombuffer(values, np.int8)[:3]) == expected


def break_config(folder):
    (folder / "config.json").write_text("{")


def break_modules(folder):
    (folder / "modules.json").write_text('[{"type": "x.Dense", "path": "2_Dense"}]')


def cut_short(folder):
    file = folder / "model.onnx"
    file.write_bytes(file.read_bytes()[:40])


def emptied(folder):
    (folder / "model.onnx").write_bytes(b"")


def random_bytes(folder):
    (folder / "model.onnx").write_bytes(bytes(np.random.default_rng(1).integers(0, 256, 500, np.uint8)))


def no_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def broken_tokenizer(folder):
    (folder / "tokenizer.json").write_bytes(b"\x00\xff")


def weights_cut_short(folder):
    (folder / "model.onnx").unlink()
    (folder / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}")


def only_a_pickle(folder):
    (folder / "model.onnx").rename(folder / "pytorch_model.bin")


HARM = [
    break_modules,
    cut_short,
    emptied,
    random_bytes,
    no_tokenizer,
    broken_tokenizer,
    weights_cut_short,
    only_a_pickle,
]


@pytest.mark.parametrize("harm", HARM)
def test_a_broken_folder_is_said_and_nothing_means_anything(tmp_path, harm):
    folder = tiny(tmp_path / "e")
    harm(folder)
    encoder = Encoder(folder)
    assert str(folder) in encoder.fault
    assert "\n" not in encoder.fault
    assert (encoder.name, encoder.meaning("crash"), encoder.usual("en")) == ("", None, None)


def test_a_folder_that_is_not_there(tmp_path):
    assert "there is no such folder" in Encoder(tmp_path / "none").fault


def test_a_network_of_another_family_needs_onnx(tmp_path):
    folder = like(english(), tmp_path / "t5", model_type="t5")
    assert "a network of type t5 needs an ONNX file" in Encoder(folder).fault


def test_weights_that_do_not_fit_their_description_fail_when_first_asked(tmp_path):
    encoder = Encoder(like(english(), tmp_path / "deep", num_hidden_layers=60))
    assert encoder.meaning("the page is slow") is None
    assert "can't be used" in encoder.fault


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    folder = tiny(tmp_path / "e")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert "install triage[semantic]" in Encoder(folder).fault


def test_nothing_is_loaded_before_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_load", lambda _: pytest.fail("loaded"))
    Encoder(tmp_path)


def said(*texts: str) -> list[tuple[str, Meaning | None]]:
    return [(text, None) for text in texts]


def test_what_means_the_same_rises_and_what_does_not_falls(tmp_path, monkeypatch):
    encoder = Encoder(tiny(tmp_path / "e"))
    monkeypatch.setattr(encoder, "usual", lambda _: (0.1, 0.1))
    change = raised(encoder, ("crash", None), said("dies", "dark theme", "没有"), np.zeros(3))
    assert set(change) == {0, 1}
    assert 0 < change[0] <= WEIGHT * REACH
    assert 0 > change[1] >= -WEIGHT * REACH


def test_a_language_that_it_can_not_read_changes_nothing(tmp_path):
    encoder = Encoder(tiny(tmp_path / "e"))
    assert raised(encoder, ("训练任务", None), said("dies"), np.zeros(1)) == {}
    assert raised(encoder, ("crash", None), said("dies"), np.zeros(1)) == {}  # its dozen words know no English feedback


def test_few_are_looked_up_and_those_are_remembered(tmp_path, monkeypatch):
    encoder = Encoder(tiny(tmp_path / "e"))
    monkeypatch.setattr(encoder, "usual", lambda _: (0.1, 0.1))
    others, odds = said(*(f"crash{' app' * at}" for at in range(40))), -np.arange(40.0)
    assert sorted(raised(encoder, ("dies", None), others, odds)) == list(range(LOOKED_UP))
    assert sorted(raised(encoder, ("dies", None), others, odds)) == list(range(2 * LOOKED_UP))
    for _ in range(9):
        found = raised(encoder, ("dies", None), others, odds)
    assert sorted(found) == list(range(LOOKED_AT))


def test_a_stored_meaning_of_another_encoder_is_not_compared(tmp_path, monkeypatch):
    encoder = Encoder(tiny(tmp_path / "e"))
    monkeypatch.setattr(encoder, "usual", lambda _: (0.1, 0.1))
    own, foreign = encoder.meaning("dark theme"), Meaning("other-1", bytes([127] * 5))
    change = raised(encoder, ("crash", None), [("x y z", own), ("dies", foreign)], np.zeros(2))
    assert change[0] < 0 < change[1]


def test_what_is_remembered_is_bounded(tmp_path):
    encoder = Encoder(tiny(tmp_path / "e"))
    for at in range(KEPT + 5):
        encoder.remembered(f"crash{at}", look=True)
    assert not encoder.knows("crash0")
    assert encoder.knows(f"crash{KEPT}")
