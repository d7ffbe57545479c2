from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tests.ml.encoders import english
from triage.errors import InvalidError
from triage.ml.candidates import GRAM_BOOST, GRAMS, TITLE_BOOST, WORDS, Bm25, best
from triage.ml.duplicate_training import fit, prior_of, train_duplicates, train_from, with_fresh
from triage.ml.duplicates import DuplicateModel
from triage.ml.encoder import Encoder
from triage.ml.evaluation_duplicates import Known, chosen, duplicates, plain_duplicates
from triage.ml.outcomes import recalls
from triage.ml.ranker import Ranker
from triage.ml.replay import created, queries, replayed
from triage.ml.rerank import FEATURES
from triage.ml.trees import exported, mean_of

THINGS = [
    "upload stalls at half",
    "login code never arrives",
    "points are missing",
    "page stays white",
    "job waits forever",
]


class Spaces:
    def tokens(self, text: str) -> list[str]:
        return text.lower().split()


def tracker(size: int = 120) -> list[dict]:
    rng = np.random.default_rng(1)
    rows = []
    for at in range(size):
        thing = int(rng.integers(0, len(THINGS) * 4))
        noise = " ".join(f"w{word}" for word in rng.integers(0, 60, 6))
        title = f"{THINGS[thing % len(THINGS)]} area{thing}"
        rows.append({"id": f"r{at}", "title": title, "body": noise, "created": None, "cluster": str(thing)})
    return rows


ROWS = tracker()


def test_a_query_is_a_row_whose_cluster_came_before():
    assert queries([{"cluster": one} for one in ("a", None, "b", "a", None, "a")]) == [3, 5]


def test_last_fifth_is_asked_and_what_is_before_may_be_learnt():
    asked, before = chosen(ROWS, "last20")
    assert len(asked) == len(queries(ROWS)) // 5
    assert max(before) < min(asked)


def test_all_learns_from_nothing_of_the_file():
    assert chosen(ROWS, "all") == (queries(ROWS), [])


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("01/Apr/20 23:22", datetime(2020, 4, 1, 23, 22, tzinfo=UTC)),
        ("2020-04-01T23:22:00+00:00", datetime(2020, 4, 1, 23, 22, tzinfo=UTC)),
        ("2020-04-01 23:22:00", datetime(2020, 4, 1, 23, 22, tzinfo=UTC)),
        (None, datetime(2000, 1, 1, 3, tzinfo=UTC)),
        ("some day", datetime(2000, 1, 1, 3, tzinfo=UTC)),
    ],
)
def test_time_of_a_row(stated, expected):
    assert created({"created": stated}, 3) == expected


def test_only_earlier_rows_are_found():
    for one in replayed(ROWS, Spaces(), set(queries(ROWS))):
        assert max(one.found, default=-1) < one.place
        assert one.features.shape == (len(one.found), len(FEATURES))


def test_later_rows_change_nothing():
    short, long = (next(replayed(rows, Spaces(), {40})) for rows in (ROWS[:41], ROWS))
    assert short.found == long.found
    assert np.array_equal(short.features, long.features)


def test_clusters_are_not_told_to_the_features():
    blind = [{**row, "cluster": None} for row in ROWS]
    told, untold = (next(replayed(rows, Spaces(), {60})) for rows in (ROWS, blind))
    assert np.array_equal(told.features, untold.features)


def test_recalls():
    assert recalls([0, 4, None, 9]) == {
        "n": 4,
        "recall_at_1": 0.25,
        "recall_at_5": 0.5,
        "recall_at_10": 0.75,
        "mrr": 0.325,
    }
    assert recalls([])["n"] == 0


def test_trained_beats_nothing_and_lines_carry_the_ids():
    report = duplicates(ROWS, Spaces())
    assert report.numbers["recall_at_5"] > 0.6
    first = report.rows[0]
    assert first.prediction == first.ranked[0]
    assert set(first.ranked) <= {row["id"] for row in ROWS[: first.row]}


def test_another_tracker_may_teach():
    assert duplicates(ROWS, Spaces(), which="all", train=[tracker(90)]).numbers["n"] == len(queries(ROWS))


def test_plain_bm25():
    assert plain_duplicates(ROWS, Spaces(), which="all").numbers["recall_at_10"] > 0.3


@pytest.mark.parametrize(("rows", "which"), [([], "all"), ([{"title": "a", "cluster": None}], "last20"), (ROWS, "all")])
def test_nothing_to_ask_or_to_learn_from(rows, which):
    with pytest.raises(InvalidError):
        duplicates(rows, Spaces(), which=which)


def test_rows_that_are_no_duplicates_teach_too():
    rows = [{"title": f"t{at}", "cluster": "a" if at < 5 else None} for at in range(50)]
    assert set(queries(rows)) < set(with_fresh(rows))


def test_trained_weights_are_loaded_and_repeatable(tmp_path):
    for name in ("one", "two"):
        train_duplicates({"made": ROWS}, ROWS, Spaces(), tmp_path / name)
    first, second = ((tmp_path / name / "duplicates.npz").read_bytes() for name in ("one", "two"))
    assert first == second
    assert DuplicateModel.load(tmp_path / "one", Spaces()).seen.prior is not None


def test_without_public_data_the_shipped_weights_stay(tmp_path):
    assert train_from(tmp_path, Spaces(), tmp_path / "out", models=tmp_path) is None
    assert not (tmp_path / "out").exists()


def test_exported_trees_decide_as_scikit_learn_does():
    asked = list(replayed(ROWS, Spaces(), set(queries(ROWS))))
    rows = np.vstack([one.features for one in asked]).astype(float)
    ranker = fit(asked)
    line = (rows - ranker.mean) / ranker.scale @ ranker.coefficients + ranker.intercept
    assert np.allclose(ranker.decide(rows), (line + ranker.trees.decide(rows)) / 2)


def test_sets_of_trees_decide_as_their_mean():
    random = np.random.default_rng(3)
    rows = random.standard_normal((400, 4))
    grown = [
        HistGradientBoostingClassifier(max_iter=5, max_depth=depth, min_samples_leaf=5).fit(rows, rows[:, at] > 0.2)
        for at, depth in enumerate((1, 4, 2))
    ]
    expected = np.mean([model.decision_function(rows) for model in grown], axis=0)
    assert np.allclose(mean_of([exported(model) for model in grown]).decide(rows), expected)


def test_a_prior_makes_common_words_common_from_the_start():
    prior = prior_of([{"title": "error page", "body": ""}] * 9 + [{"title": "npu", "body": ""}], Spaces())
    assert (prior > 0.8).any()
    assert prior.max() <= 1


def test_rarest_words_first():
    index = Bm25()
    for tokens in (["a", "b"], ["a"], ["a", "c"]):
        index.add(tokens)
    assert index.rarest({"a": 1.0, "b": 1.0, "x": 1.0, "c": 2.0}, 2) == {"b": 1.0, "c": 2.0}
    assert best(index.scores({"b": 1.0, "a": 0.1}), 2)[0][0] == 0
    assert Bm25().scores({"a": 1.0}).tolist() == []


def test_replaying_asks_as_the_candidate_index_does():
    from triage.search import terms

    ours = (terms.WORDS, terms.GRAMS, terms.TITLE_BOOST, terms.GRAM_BOOST)
    assert ours == (WORDS, GRAMS, TITLE_BOOST, GRAM_BOOST)


def test_an_encoder_takes_part_as_in_service():
    said = [
        ("The app crashes when I open the settings page of my account", "crash"),
        ("Please add a dark theme to the settings page of my account", "dark"),
        ("Application dies on opening the account preferences: settings page closed", "crash"),
    ]
    rows = [{"title": title, "body": "", "cluster": cluster} for title, cluster in said]
    alone, helped = (
        duplicates(rows, Spaces(), which="all", known=Known(Ranker.plain(), encoder))
        for encoder in (None, Encoder(english()))
    )
    assert helped.numbers["recall_at_1"] == 1.0
    assert helped.rows[0].score > alone.rows[0].score
