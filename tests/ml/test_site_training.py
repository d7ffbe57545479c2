"""A site's own examples outweigh the shipped ones; numbers are kept like weights."""

from random import Random

import numpy as np
import pytest

from triage.errors import InvalidError, ModelError
from triage.ml.evaluation_kinds import macro_f1
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import Plan
from triage.ml.kinds import KindModel
from triage.ml.segment import Segmenter
from triage.ml.site_training import Weighed, learn_site, load_numbers, save_numbers, spam_costs, spam_threshold

READER = Reader(Segmenter())
SHIPPED = [Example("", text, kind) for text, kind in [
    ("the page crashes with an error", "bug"),
    ("training fails and the log is empty", "bug"),
    ("please add a dark mode", "feature"),
    ("it would be nice to have a search", "feature"),
    ("how do I change my password", "question"),
    ("where can I find the docs", "question"),
] * 10]  # fmt: skip


def own(count, seed=3):
    """What this site calls a bug are its “quota” reports, and a wish whatever says “ticket”: no other site does."""
    random, words = Random(seed), ["node", "pod", "queue", "slot", "team", "disk", "image", "mount"]
    texts = [(f"{{}} {' '.join(random.sample(words, 3))}", number) for number in range(count)]
    return [
        Example("", text.format("quota" if number % 2 else "ticket"), "bug" if number % 2 else "feature", "p")
        for text, number in texts
    ]


def guesses(model, examples):
    return [model.predict(one.title, one.body, project="p").guess or "" for one in examples]


def test_with_the_sites_own_corrections_held_out_macro_f1_rises():
    held, truth = own(40, seed=9), [one.kind for one in own(40, seed=9)]
    before = learn_site(SHIPPED, [], READER, Plan())
    after = learn_site(SHIPPED, [Weighed(one, 3) for one in own(40)], READER, Plan())
    assert macro_f1(truth, guesses(after, held)) == 1.0
    assert macro_f1(truth, guesses(before, held)) < 0.6


def test_an_example_that_counts_more_wins_over_the_shipped_ones():
    against = [Weighed(Example("", "the page crashes with an error", "praise", "p"), 30)] * 2
    model = learn_site(SHIPPED, against, READER, Plan())
    assert guesses(model, [SHIPPED[0]]) == ["praise"]


def test_training_again_gives_the_same_weights(tmp_path):
    for name in "ab":
        learn_site(SHIPPED, [Weighed(one) for one in own(20)], READER, Plan()).save(tmp_path / name)
    assert (tmp_path / "a" / "kinds.npz").read_bytes() == (tmp_path / "b" / "kinds.npz").read_bytes()


def test_what_was_kept_reads_alike(tmp_path):
    model = learn_site(SHIPPED, [Weighed(one) for one in own(20)], READER, Plan())
    model.save(tmp_path)
    again = KindModel.load(tmp_path, segmenter=READER.segmenter)
    assert guesses(again, own(20)) == guesses(model, own(20))
    assert again.trained["own"] == 20


def test_with_enough_of_its_own_the_thresholds_are_chosen_on_them():
    mixed = [Weighed(Example("", one.body, kind, "p")) for one in own(60) for kind in ("bug", "feature")]
    sure = learn_site(SHIPPED, [Weighed(one) for one in own(20)], READER, Plan()).confidence.act
    assert learn_site(SHIPPED, mixed, READER, Plan()).confidence.act > sure


def test_one_kind_is_no_choice():
    with pytest.raises(InvalidError):
        learn_site([], [Weighed(Example("", "a", "bug", "p"))], READER, Plan())


CHANCES = [*np.linspace(0.01, 0.6, 30), *np.linspace(0.8, 0.99, 15)]
SPAM = [False] * 30 + [True] * 15


def test_the_threshold_lies_between_spam_and_the_rest():
    assert 0.6 < spam_threshold(CHANCES, SPAM) <= 0.8


def test_a_report_held_back_costs_more_than_an_advertisement_let_through():
    assert spam_threshold([*CHANCES, 0.84], [*SPAM, False]) == 0.85  # lets four advertisements through
    assert list(spam_costs(np.array([0.9, 0.9, 0.1, 0.1]), np.array([False, True, True, False]), 0.5)) == [5, 0, 1, 0]


@pytest.mark.parametrize("spam", [[False] * 45, [True] * 45, [True] * 7 + [False] * 38])
def test_too_few_of_one_sort_choose_no_threshold(spam):
    assert spam_threshold(CHANCES, spam) is None


def test_numbers_come_back(tmp_path):
    save_numbers(tmp_path, "spam", {"threshold": 0.75}, {})
    assert load_numbers(tmp_path, "spam", ["threshold"]) == {"threshold": 0.75}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(tmp_path, value):
    save_numbers(tmp_path, "spam", {"threshold": value}, {})
    with pytest.raises(ModelError, match="no"):
        load_numbers(tmp_path, "spam", ["threshold"])


def test_a_number_that_is_missing_is_refused(tmp_path):
    save_numbers(tmp_path, "spam", {"limit": 0.5}, {})
    with pytest.raises(ModelError, match="threshold"):
        load_numbers(tmp_path, "spam", ["threshold"])
