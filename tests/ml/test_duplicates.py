from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.config import data
from triage.errors import ModelError
from triage.ml.calibration import Calibration, fitted
from triage.ml.clusters import Policy
from triage.ml.duplicates import FIRST_WORDS, Cut, DuplicateModel, Text, cut, prepared
from triage.ml.frequencies import Frequencies
from triage.ml.ranker import Ranker
from triage.ml.rerank import FEATURES, features
from triage.ml.segment import Segmenter
from triage.ml.weights import Bundle, load, save

WEIGHTS = Path(__file__).parents[2] / "models" / "weights"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Spaces:
    def tokens(self, text: str) -> list[str]:
        return text.lower().split()


@pytest.fixture(scope="session")
def words() -> Segmenter:
    return Segmenter()


@pytest.fixture
def model(words) -> DuplicateModel:
    made = DuplicateModel.load(WEIGHTS, words)
    for one, title in enumerate(
        ["数据集上传到一半失败", "积分没有到账", "页面打不开", "模型下载很慢", "登录收不到验证码"] * 4
    ):
        made.learn(Text(one, title, "用的是平台网页"))
    return made


def ranked(model, query: str, *others: str, **context):
    texts = [(Text(number, title, "", **context), 5.0) for number, title in enumerate(others, 1)]
    return model.rank(Text(0, query, ""), texts)


def test_same_thing_in_other_words_comes_first(model):
    matches = ranked(
        model, "昇腾910B训练任务一直排队", "积分兑换失败", "910B 的训练任务排队很久了", "训练任务的日志怎么下载"
    )
    assert matches[0].id == 2
    assert matches[0].score > matches[1].score >= matches[2].score


def test_says_which_words_are_shared(model):
    match = ranked(model, "数据集上传失败 RPC failed", "上传数据集时 RPC failed")[0]
    assert {"数据", "上传"} & {word for word, _ in match.shared}
    assert all(0 < weight <= 1 for _, weight in match.shared)


@pytest.mark.parametrize(
    ("query", "same", "other", "what"),
    [
        ("训练报错 error code 507018", "训练时出错 error code 507018", "训练时出错 error code 507011", "code"),
        ("CUDA 12.4 装不上", "CUDA 12.4 安装不上", "CUDA 11.8 安装不上", "version"),
        ("昇腾910B 跑不起来", "昇腾910B 启动不起来", "昇腾310P 启动不起来", "device"),
    ],
)
def test_a_contradicting_fact_is_named_and_costs(model, query, same, other, what):
    first, second = ranked(model, query, other, same)
    assert (first.id, first.differing) == (2, ())
    assert second.differing[0].what == what
    assert second.score < first.score


def test_newer_of_two_alike_comes_first(model):
    texts = [(Text(n, "页面打不开", "", NOW - timedelta(days=age)), 3.0) for n, age in ((1, 900), (2, 1), (3, 400))]
    assert model.rank(Text(0, "页面打不开了", "", NOW), texts)[0].id == 2


def test_what_came_in_one_moment_is_not_taken_for_just_said(model):
    # 100 reports that a program sent at once: nothing says how near they are to each other
    apart = timedelta(seconds=0.1)
    texts = [Text(number, "", f"昇腾上报错 {number}", NOW + number * apart) for number in range(101)]
    model.seen.texts = 100
    query, *others = (model.prepare(text) for text in texts)
    between = features(query, others, [5.0] * 100, model.seen)[:, FEATURES.index("between")]
    assert between.min() > np.log1p(50)


def around(model, query: Text, *others: Text) -> dict[str, list[float]]:
    rows = features(model.prepare(query), [model.prepare(one) for one in others], [5.0] * len(others), model.seen)
    return {name: rows[:, FEATURES.index(name)].tolist() for name in ("recency", "age", "between")}


def test_the_rows_of_an_import_without_dates_are_as_near_as_they_lie_in_the_file(model):
    model.seen.texts = 100
    undated = [Text(number, "", f"昇腾上报错 {number}", NOW) for number in range(1, 101)]
    near = around(model, undated[49], *undated[:49], *undated[50:])
    ahead, behind = near["between"][:49], near["between"][49:]
    assert ahead == sorted(ahead, reverse=True)
    assert behind == sorted(behind)
    assert near["recency"][48] == near["recency"][49] > near["recency"][0]  # the two neighbours, then the first row
    assert ahead[48] < np.log1p(5)


def test_a_row_of_an_import_is_nearer_to_its_file_than_to_what_was_said_last_week(model):
    week = Text(1, "", "昇腾上报错", NOW - timedelta(days=7))
    near = around(model, Text(900, "", "昇腾上报错", NOW), week, Text(2, "", "昇腾上报错", NOW))
    assert near["recency"][1] > near["recency"][0]


def test_an_issue_of_the_host_has_no_place_among_the_feedback(model):
    issue = Text(900, "", "昇腾上报错", NOW, kind="issue")
    assert model.prepare(issue).place is None
    near = around(model, Text(1, "", "昇腾上报错", NOW), issue, Text(2, "", "昇腾上报错", NOW))
    assert near["recency"][0] > near["recency"][1]  # it was opened at that very time


def test_nothing_to_rank(model):
    assert model.rank(Text(0, "页面", ""), []) == []


@pytest.mark.parametrize("text", ["", "？", "👍👍", "a", "x" * 100_000, "\ud800", "   \n"])
def test_odd_texts_are_ranked_all_the_same(model, text):
    matches = ranked(model, text, "页面打不开", text)
    assert {match.id for match in matches} == {1, 2}
    assert all(0 <= match.score <= 1 for match in matches)


@settings(max_examples=40, deadline=None)
@given(left=st.text(max_size=60), right=st.text(max_size=60))
def test_any_pair_gets_a_score(left, right):
    made = DuplicateModel.load(WEIGHTS, Spaces())
    assert 0 <= made.rank(Text(1, left, right), [(Text(2, right, left), 1.0)])[0].score <= 1


def test_a_stored_cut_spares_cutting(model):
    cut = model.cut("页面打不开", "昨天开始 error code 404")
    model.cutter = None
    text = Text(1, "", "", cut=Cut(cut.title, cut.body, cut.facts))
    assert model.rank(text, [(text, 1.0)])[0].shared


def test_no_probability_without_own_decisions(model):
    assert ranked(model, "页面打不开", "页面打不开")[0].probability is None


def test_probability_by_own_decisions(model):
    model.calibration = Calibration(1.0, 0.0, 40)
    match = ranked(model, "页面打不开", "页面打不开")[0]
    assert match.probability == pytest.approx(match.score)


def test_too_few_decisions_calibrate_nothing():
    assert fitted([1.0] * 100, [True] * 95 + [False] * 5) is None
    assert fitted([1.0, -1.0] * 10, [True, False] * 10) is None


def test_calibration_follows_the_decisions():
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 3, 600)
    accepted = rng.random(600) < 1 / (1 + np.exp(-(0.5 * odds - 1)))
    line = fitted(list(odds), list(accepted))
    assert line.slope == pytest.approx(0.5, abs=0.12)
    assert line.offset == pytest.approx(-1, abs=0.3)
    assert line.decisions == 600


def test_decisions_against_the_scores_are_not_believed():
    assert fitted([float(n) for n in range(60)], [n < 30 for n in range(60)]) is None


def test_common_words_weigh_less_than_rare_ones(model):
    shared = dict(ranked(model, "平台 网页 显卡", "平台 网页 显卡")[0].shared)
    assert shared["显卡"] > shared["平台"]


def test_counts_are_kept_and_taken_back():
    seen, ids = Frequencies(), np.array([5, 7], np.uint32)
    seen.add(ids)
    again = Frequencies.load(seen.arrays())
    assert again.rarity(ids).tolist() == seen.rarity(ids).tolist()
    again.remove(ids)
    assert (again.texts, int(again.counts.sum())) == (0, 0)


@pytest.mark.parametrize(
    "spoil", [lambda arrays: arrays.pop("texts"), lambda arrays: arrays.update(places=arrays["places"] * 0 - 1)]
)
def test_damaged_counts_are_refused(spoil):
    arrays = {
        "places": np.array([1], np.uint32),
        "counts": np.array([1, 2], np.uint32),
        "texts": np.array([1], np.uint32),
    }
    spoil(arrays)
    with pytest.raises(ModelError):
        Frequencies.load(arrays)


def spoiled(folder: Path, **changes) -> Path:
    bundle = load(WEIGHTS, "duplicates")
    arrays = {name: part for name, part in {**bundle.arrays, **changes}.items() if part is not None}
    facts = {name: fact for name, fact in bundle.facts.items() if name not in ("format", "sha256")}
    save(folder, "duplicates", Bundle(arrays, {**facts, **({"features": ["x"]} if not changes else {})}))
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": None},
        {"mean": np.zeros(3)},
        {"scale": np.zeros(99)},
        {"intercept": np.array([])},
        {"trees_left": np.full((1, 1), 9, np.int16)},
        {"trees_shape": None},
        {"prior_shares": None},
        {"prior_places": np.array([1 << 21])},
    ],
)
def test_damaged_weights_are_refused(tmp_path, words, changes):
    with pytest.raises(ModelError):
        DuplicateModel.load(spoiled(tmp_path, **changes), words)


def test_weights_for_other_features_are_refused(tmp_path, words):
    with pytest.raises(ModelError, match="other features"):
        DuplicateModel.load(spoiled(tmp_path), words)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x80\x04K\x01."])
def test_unreadable_weights_are_refused(tmp_path, words, content):
    (tmp_path / "duplicates.npz").write_bytes(content)
    with pytest.raises(ModelError):
        DuplicateModel.load(tmp_path, words)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            "The training job on 4 NPU hangs at 99 % and never ends, the log stops after epoch 12",
            "Training job with 4 NPU hangs at 99 %, never ends, log stops after epoch 12",
        ),
        ("登录以后页面一片空白，刷新也没用", "登录后页面空白，刷新没有用"),
    ],
)
def test_what_has_no_title_is_as_alike_as_what_has_one(left, right):
    models = data("models")
    model = DuplicateModel.load(models / "weights", Segmenter.shipped(models))
    model.learn(Text(1, "", left))
    (untitled,) = model.rank(Text(2, "", right), [(Text(1, "", left), 12.0)])
    (titled,) = model.rank(Text(2, right, right), [(Text(1, left, left), 12.0)])
    assert untitled.score == pytest.approx(titled.score, abs=0.2)
    assert untitled.score > Policy().join


def test_the_first_words_stand_for_a_missing_title():
    said = [f"word{place}" for place in range(20)]
    untitled, titled = (prepared(cut(Spaces(), title, " ".join(said))) for title in ("", "a title"))
    assert (list(untitled.title), list(untitled.words)) == (said[:FIRST_WORDS], said)
    assert (list(titled.title), list(titled.words)) == (["a", "title"], ["a", "title", *said])


def test_words_that_only_one_says_are_told_with_their_part_of_it():
    model = DuplicateModel(Spaces(), Ranker.plain())
    (match,) = model.rank(Text(2, "", "job hangs at night"), [(Text(1, "", "job hangs at noon forever"), 3.0)])
    here, there = match.apart
    assert [word for word, _ in here] == ["night"]
    assert {word for word, _ in there} == {"noon", "forever"}
    assert all(0 < weight < 1 for _, weight in (*here, *there))
    assert {word for word, _ in match.shared} == {"job", "hangs", "at"}
