"""What an encoder says that texts mean, as a reason for their kind: where it helps, and nowhere else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from triage.errors import ModelError
from triage.ml import sense
from triage.ml.encoder import Meaning
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import learn
from triage.ml.kinds import MEANING, KindModel
from triage.ml.segment import Segmenter
from triage.ml.weights import Bundle, load, save

READER = Reader(Segmenter())
KINDS = ("bug", "feature", "question")
BY = "tiny-1"


def meaning(kind, random, *, by=BY, noise=0.3):
    """Return what an encoder may say of a text of `kind`: a direction of its own, and noise."""
    vector = noise * random.standard_normal(8)
    vector[KINDS.index(kind)] += 1
    return Meaning(by, np.round(vector / np.abs(vector).max() * 127).astype(np.int8).tobytes())


def examples(count=180, *, seed=0, told=True, project="", **how):
    """Return texts whose words say nothing of their kind; only their meaning does, where it is `told`."""
    random = np.random.default_rng(seed)
    made = []
    for at in range(count):
        kind, words = KINDS[at % 3], random.choice(["alpha", "beta", "gamma", "delta", "epsilon"], 4)
        known = meaning(kind, random, **how) if told else None
        made.append(Example(" ".join(words), " ".join(reversed(words)), kind, project, known))
    return made


def right(model, asked, *, told=True):
    found = [model.predict(one.title, one.body, meaning=one.meaning if told else None).guess for one in asked]
    return float(np.mean([guess == one.kind for guess, one in zip(found, asked, strict=True)]))


@pytest.fixture(scope="module")
def model():
    return learn(examples(), READER)


def test_what_words_leave_open_the_meaning_decides(model):
    asked = examples(60, seed=1)
    assert right(model, asked) > 0.9
    assert right(model, asked, told=False) < 0.6


def test_it_says_that_it_was_the_meaning(model):
    found = model.predict("alpha beta", "gamma", meaning=meaning("bug", np.random.default_rng(4), noise=0.0))
    assert found.guess == "bug"
    assert MEANING in dict(found.why)


def test_without_a_meaning_it_is_as_sure_as_words_allow(model):
    assert model.predict("alpha beta", "gamma").score < 0.6
    assert MEANING not in dict(model.predict("alpha beta", "gamma").why)


def test_what_another_encoder_says_is_not_listened_to(model):
    other = meaning("bug", np.random.default_rng(4), by="another-2")
    shorter = Meaning(BY, other.values[:4])
    for one in (other, shorter):
        assert model.predict("alpha", "beta", meaning=one) == model.predict("alpha", "beta")


@pytest.mark.parametrize("seed", range(3))
def test_a_meaning_that_tells_nothing_is_not_learned_from(seed):
    random = np.random.default_rng(seed)
    useless = [replace(one, meaning=meaning(random.choice(KINDS), random)) for one in examples()]
    assert learn(useless, READER).sense is None


def test_too_few_meanings_teach_nothing():
    known = examples(sense.LEAST - 1)
    assert learn([*known, *examples(90, seed=2, told=False)], READER).sense is None


def test_a_kind_of_which_no_meaning_is_known_stays_possible():
    untold = [replace(one, kind="praise", title="thanks great", meaning=None) for one in examples(30, seed=5)]
    model = learn([*examples(), *untold], READER)
    assert model.sense is not None
    assert model.predict("thanks great", "thanks", meaning=None).guess == "praise"
    assert right(model, examples(60, seed=1)) > 0.9


def test_a_project_adds_its_own(model):
    turned = {"bug": "feature", "feature": "question", "question": "bug"}
    other = [replace(one, kind=turned[one.kind], project="b") for one in examples(seed=7)]
    both = learn([*examples(project="a"), *other], READER)
    asked = meaning("bug", np.random.default_rng(4), noise=0.0)
    assert both.predict("alpha", "beta", project="a", meaning=asked).guess == "bug"
    assert both.predict("alpha", "beta", project="b", meaning=asked).guess == "feature"


def test_what_was_kept_reads_alike(model, tmp_path):
    model.save(tmp_path)
    again, asked = KindModel.load(tmp_path, segmenter=Segmenter()), examples(12, seed=1)
    for one in asked:
        before, after = (known.predict(one.title, one.body, meaning=one.meaning) for known in (model, again))
        assert after.guess == before.guess
        assert after.score == pytest.approx(before.score, abs=0.005)


@pytest.mark.parametrize(
    "damage",
    [
        {"by": None, "labels": ["bug"]},
        {"labels": ["bug", "feature", "other"]},
        {"projects": ["x"]},
        {"sharpness": "much"},
    ],
)
def test_what_is_damaged_is_refused(model, tmp_path, damage):
    model.save(tmp_path)
    kept = load(tmp_path, "kinds")
    facts = {**kept.facts, "sense": {**kept.facts["sense"], **damage}}
    save(tmp_path, "kinds", Bundle(kept.arrays, facts))
    with pytest.raises(ModelError):
        KindModel.load(tmp_path, segmenter=Segmenter())


def test_weights_that_are_missing_are_refused(model, tmp_path):
    model.save(tmp_path)
    kept = load(tmp_path, "kinds")
    arrays = {name: part for name, part in kept.arrays.items() if name != "sense weights"}
    save(tmp_path, "kinds", Bundle(arrays, kept.facts))
    with pytest.raises(ModelError):
        KindModel.load(tmp_path, segmenter=Segmenter())


def test_the_same_texts_give_the_same_bytes(model, tmp_path):
    for name in ("a", "b"):
        learn(examples(), READER).save(tmp_path / name)
    assert (tmp_path / "a/kinds.npz").read_bytes() == (tmp_path / "b/kinds.npz").read_bytes()
    assert json.loads((tmp_path / "a/kinds.json").read_text())["sense"]["by"] == BY
