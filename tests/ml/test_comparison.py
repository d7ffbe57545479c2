"""What counts as better: more than chance, on enough texts."""

import numpy as np
import pytest

from triage.ml.comparison import compare_costs, compare_labels, precision_table, wilson

TRUTH = ["bug", "feature", "question"] * 20
WRONG = ["feature", "question", "bug"] * 20


def test_a_model_that_is_always_right_beats_one_that_never_is():
    found = compare_labels(TRUTH, WRONG, TRUTH)
    assert (found.before, found.after, found.verdict) == (0.0, 1.0, "better")
    assert found.low > 0.5


def test_the_other_way_round_it_is_worse():
    assert compare_labels(TRUTH, TRUTH, WRONG).verdict == "worse"


def test_one_text_of_sixty_is_noise():
    assert compare_labels(TRUTH, [*TRUTH[:-1], "bug"], TRUTH).verdict == "same"


def test_on_few_texts_nothing_is_claimed():
    assert compare_labels(TRUTH[:19], WRONG[:19], TRUTH[:19]).verdict == "too_few"


def test_nothing_at_all_is_too_few():
    assert compare_labels([], [], []).verdict == "too_few"
    assert compare_costs(np.zeros(0), np.zeros(0)).verdict == "too_few"


def test_each_kind_is_told_with_its_number():
    found = compare_labels(["bug"] * 30 + ["praise"] * 10, ["bug"] * 40, ["bug"] * 30 + ["praise"] * 10)
    assert {name: (one.n, one.after) for name, one in found.per_class.items()} == {"bug": (30, 1), "praise": (10, 1)}
    assert found.per_class["bug"].before == pytest.approx(6 / 7)


def test_macro_f1_is_what_scikit_learn_says():
    from sklearn.metrics import f1_score

    guesses = list(np.random.default_rng(1).choice(["bug", "feature", "question"], 60))
    expected = f1_score(TRUTH, guesses, average="macro")
    assert compare_labels(TRUTH, guesses, TRUTH).before == pytest.approx(expected)


def test_the_same_texts_give_the_same_verdict():
    assert compare_labels(TRUTH, WRONG, TRUTH) == compare_labels(TRUTH, WRONG, TRUTH)


def test_costs_that_fall_are_better():
    found = compare_costs(np.full(40, 1.0), np.full(40, 0.25))
    assert (found.before, found.after, found.verdict) == (-1.0, -0.25, "better")


def test_costs_that_rise_on_as_many_as_they_fall_are_the_same():
    assert compare_costs(np.array([0.0, 1.0] * 30), np.array([1.0, 0.0] * 30)).verdict == "same"


@pytest.mark.parametrize(("right", "n", "low", "high"), [(9, 10, 0.596, 0.982), (0, 10, 0.0, 0.278), (0, 0, 0.0, 1.0)])
def test_the_interval_of_a_share_is_wilsons(right, n, low, high):
    assert wilson(right, n) == (pytest.approx(low, abs=0.001), pytest.approx(high, abs=0.001))


def test_precision_rises_with_the_threshold_and_ends_where_nothing_is_left():
    table = precision_table([0.15, 0.25, 0.85], [False, False, True])
    assert [(step.threshold, step.n, round(step.precision, 2)) for step in table][:3] == [
        (0.1, 3, 0.33),
        (0.2, 2, 0.5),
        (0.3, 1, 1.0),
    ]
    assert table[-1].threshold == 0.8


def test_figures_are_rounded_for_json():
    found = compare_labels(TRUTH, [*TRUTH[:-1], "bug"], TRUTH).as_dict()
    assert found["before"] == round(found["before"], 4)
    assert found["per_class"]["bug"] == {"n": 20, "before": 0.9756, "after": 1.0}


def test_where_nothing_cost_anything_no_minus_is_told():
    found = compare_costs(np.zeros(0), np.zeros(0)).as_dict()
    assert [str(found[name]) for name in ("before", "after")] == ["0.0", "0.0"]
