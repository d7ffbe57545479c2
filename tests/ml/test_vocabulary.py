import numpy as np
import pytest

from triage.errors import ModelError
from triage.ml.vocabulary import Block, Vocabulary

BLOCKS = (Block("a", 2.0), Block("b", 1.0, 2))
TEXTS = [{"a": ["x", "y"], "b": ["k"]}, {"a": ["x"], "b": ["k", "once", "two\nlines"]}]


@pytest.fixture
def vocabulary():
    return Vocabulary.fitted(BLOCKS, TEXTS)


def test_rare_tokens_and_such_that_cannot_be_stored_are_left_out(vocabulary):
    assert vocabulary.names == [("a", "x"), ("a", "y"), ("b", "k")]


def test_each_block_has_the_length_of_its_weight(vocabulary):
    vector = vocabulary.vector(TEXTS[0])
    assert np.linalg.norm(vector.values[:2]) == pytest.approx(2)
    assert vector.values[2] == pytest.approx(1)


def test_the_rarer_token_weighs_more(vocabulary):
    first, second = vocabulary.vector(TEXTS[0]).values[:2]
    assert second > first


def test_what_was_never_seen_is_left_out(vocabulary):
    assert len(vocabulary.vector({"a": ["new"], "b": []}).places) == 0


def test_the_matrix_holds_the_vectors(vocabulary):
    matrix = vocabulary.matrix(TEXTS).toarray()
    vector = vocabulary.vector(TEXTS[1])
    assert matrix[1, vector.places] == pytest.approx(vector.values)


def test_saved_and_loaded_it_is_the_same(vocabulary):
    again = Vocabulary.load(BLOCKS, vocabulary.arrays())
    assert again.names == vocabulary.names
    assert again.vector(TEXTS[0]).values == pytest.approx(vocabulary.vector(TEXTS[0]).values, abs=1e-3)


@pytest.mark.parametrize(
    "damage", [{"terms a": None}, {"rarity": np.ones(9)}, {"terms b": np.array([0xFF, 0xFE], np.uint8)}]
)
def test_a_damaged_vocabulary_is_refused(vocabulary, damage):
    arrays = {key: value for key, value in {**vocabulary.arrays(), **damage}.items() if value is not None}
    with pytest.raises(ModelError):
        Vocabulary.load(BLOCKS, arrays)
