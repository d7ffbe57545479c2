import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import ModelError
from triage.ml.weights import Bundle, load, pack_terms, save, unpack_terms

BUNDLE = Bundle({"b": np.arange(5, dtype=np.float16), "a": np.eye(2)}, {"labels": ["bug", "错"]})


def test_what_is_saved_is_loaded(tmp_path):
    save(tmp_path, "m", BUNDLE)
    found = load(tmp_path, "m")
    assert found.facts["labels"] == ["bug", "错"]
    assert found.arrays["b"].tolist() == [0, 1, 2, 3, 4]


def test_the_same_bundle_gives_the_same_bytes(tmp_path):
    for folder in "ab":
        save(tmp_path / folder, "m", BUNDLE)
    assert (tmp_path / "a" / "m.npz").read_bytes() == (tmp_path / "b" / "m.npz").read_bytes()
    assert not list((tmp_path / "a").glob(".*"))


def changed(folder, **facts):
    """Change facts as somebody would who means it: their checksum is right."""
    file = folder / "m.json"
    found = {**json.loads(file.read_text()), **facts}
    found.pop("facts_sha256")
    right = hashlib.sha256(json.dumps(found, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps({**found, "facts_sha256": right}))


def replaced(folder, old, new):
    file = folder / "m.json"
    file.write_text(file.read_text().replace(old, new))


DAMAGES = {
    "no weights": lambda folder: (folder / "m.npz").unlink(),
    "no facts": lambda folder: (folder / "m.json").unlink(),
    "cut weights": lambda folder: (folder / "m.npz").write_bytes((folder / "m.npz").read_bytes()[:50]),
    "no zip": lambda folder: (folder / "m.npz").write_bytes(b"x"),
    "no json": lambda folder: (folder / "m.json").write_text("{"),
    "a list": lambda folder: (folder / "m.json").write_text("[]"),
    "another format": lambda folder: changed(folder, format=99),
    "another label": lambda folder: replaced(folder, '"bug"', '"bog"'),
    "no number": lambda folder: changed(folder, threshold=float("nan")),
    "no checksum of the facts": lambda folder: replaced(folder, '"facts_sha256"', '"facts_sha1"'),
    "another checksum": lambda folder: changed(folder, sha256="0"),
}


def test_facts_that_were_changed_and_say_so_are_loaded(tmp_path):
    save(tmp_path, "m", BUNDLE)
    changed(tmp_path, labels=["bug"])
    assert load(tmp_path, "m").facts["labels"] == ["bug"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused(tmp_path, damage):
    save(tmp_path, "m", BUNDLE)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ModelError):
        load(tmp_path, "m")


def test_objects_are_never_unpickled(tmp_path):
    save(tmp_path, "m", BUNDLE)
    np.savez(tmp_path / "m.npz", evil=np.array([{}], object))
    changed(tmp_path, sha256=hashlib.sha256((tmp_path / "m.npz").read_bytes()).hexdigest())
    with pytest.raises(ModelError):
        load(tmp_path, "m")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("triage.ml.weights.SIZE_LIMIT", 10)
    save(tmp_path, "m", BUNDLE)
    with pytest.raises(ModelError, match="too large"):
        load(tmp_path, "m")


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1)))
def test_terms_survive(terms):
    assert unpack_terms(pack_terms(terms)) == terms
