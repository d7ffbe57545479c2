import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from triage.errors import InvalidError, ModelError
from triage.ml.confidence import NEVER, Confidence, calibrated, threshold
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import Plan, folds, learn
from triage.ml.kinds import KindModel, beside, judged
from triage.ml.linear import Fit, decide
from triage.ml.segment import Segmenter

SHIPPED = Path(__file__).parents[2] / "models" / "weights"
SEGMENTER = Segmenter()
PLACES = ["登录页", "训练任务", "数据集", "镜像", "模型下载", "积分", "日志", "搜索框", "通知", "仓库"]
SAID = {
    "bug": ["{}报错了，一直失败", "{}打不开，白屏"],
    "feature": ["希望{}增加批量功能", "建议给{}加个开关"],
    "question": ["请问{}怎么用？", "{}在哪里设置呢"],
}
EXAMPLES = [
    Example(text.format(place), f"{place}的事", kind, project)
    for place in PLACES
    for kind, texts in SAID.items()
    for text in texts
    for project in ("甲", "乙")
]


@pytest.fixture(scope="module")
def model():
    return learn(EXAMPLES, Reader(SEGMENTER))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("评论区报错了，一直失败", "bug"), ("希望评论区增加批量功能", "feature"), ("请问评论区怎么用？", "question")],
)
@pytest.mark.parametrize("project", ["甲", "", "unknown"])
def test_what_it_learned_holds_for_other_places(model, text, kind, project):
    assert model.predict(text, "", project=project).guess == kind


def test_it_says_why(model):
    found = model.predict("评论区打不开，白屏", "")
    assert "白屏" in " ".join(word for word, _ in found.why)
    assert all(weight > 0 for _, weight in (*found.why, *found.against))
    assert len(found.why) <= 6


def test_the_chances_add_up_and_the_best_comes_first(model):
    ranked = model.predict("镜像报错", "").ranked
    assert sum(chance for _, chance in ranked) == pytest.approx(1)
    assert [chance for _, chance in ranked] == sorted((chance for _, chance in ranked), reverse=True)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "？？？", "…"])
def test_nothing_to_read_is_never_labelled(model, text):
    found = model.predict(text, text)
    assert (found.label, found.guess, found.sure) == (None, None, False)


def test_pictures_alone_are_at_most_a_guess(model):
    found = model.predict("", "👍👍")
    assert found.label is None
    assert found.guess is not None


def test_where_it_is_not_sure_it_abstains_but_guesses(model):
    careful = dataclasses.replace(model, confidence=Confidence(1.0, NEVER, 0.9))
    found = careful.predict("镜像报错", "")
    assert (found.label, found.guess, found.sure) == (None, "bug", False)


def test_saved_and_loaded_it_answers_the_same(model, tmp_path):
    model.save(tmp_path)
    again = KindModel.load(tmp_path, segmenter=SEGMENTER)
    for text in ("镜像报错", "建议加个开关", "xyz"):
        ours, theirs = model.predict(text, "", project="甲"), again.predict(text, "", project="甲")
        assert theirs.guess == ours.guess
        assert theirs.score == pytest.approx(ours.score, abs=2e-3)


def test_training_again_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a")
    learn(EXAMPLES, Reader(SEGMENTER)).save(tmp_path / "b")
    assert (tmp_path / "a" / "kinds.npz").read_bytes() == (tmp_path / "b" / "kinds.npz").read_bytes()
    assert (tmp_path / "a" / "kinds.json").read_bytes() == (tmp_path / "b" / "kinds.json").read_bytes()


@pytest.mark.parametrize(
    "facts", [{"blocks": 3}, {"blocks": []}, {"labels": ["bug"]}, {"sharpness": None}, {"projects": 1}, {"act": "x"}]
)
def test_facts_that_do_not_fit_are_refused(model, tmp_path, facts):
    model.save(tmp_path)
    file = tmp_path / "kinds.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **facts}))
    with pytest.raises(ModelError):
        KindModel.load(tmp_path, segmenter=SEGMENTER)


def test_one_kind_cannot_be_learned():
    with pytest.raises(InvalidError):
        learn(EXAMPLES[:2], Reader(SEGMENTER))


def test_labels_that_all_else_contradicts_are_corrected_where_labels_are_many():
    # every label has a word of its own, but one row in ten is labelled as another
    labels = [f"l{number}" for number in range(24)]
    rows = [Example("", f"词{number} {place}", labels[number]) for number in range(24) for place in PLACES]
    rows[::37] = [dataclasses.replace(one, kind="l0") for one in rows[::37]]
    model = learn(rows, Reader(SEGMENTER))
    assert model.trained["relabelled"] > 0
    assert set(model.linear.labels) == set(labels)
    assert model.predict("", f"词1 {PLACES[0]}").guess == "l1"


def test_one_text_and_many_are_scored_alike(model):
    texts = [model.reader.blocks(one.title, one.body, one.project) for one in EXAMPLES[:7]]
    together = decide(model.linear, model.vocabulary.matrix(texts), [one.project for one in EXAMPLES[:7]])
    for row, text in enumerate(texts):
        alone = model.linear.scores(model.vocabulary.vector(text), EXAMPLES[row].project)
        assert together[row] == pytest.approx(alone, abs=1e-4)


def test_a_threshold_keeps_its_promise():
    chances = np.linspace(1, 0, 100)
    right = np.array([True] * 60 + [False] * 40)
    assert (chances[:63] >= threshold(chances, right, 0.95)).all()
    assert threshold(chances, right, 0.95) == pytest.approx(chances[62])


@pytest.mark.parametrize("right", [np.zeros(100, bool), np.ones(10, bool)])
def test_no_threshold_is_claimed_on_too_little(right):
    assert threshold(np.linspace(1, 0, len(right)), right, 0.95) == NEVER


def test_calibration_sharpens_what_is_always_right():
    scores = np.eye(3)[np.arange(90) % 3] * 0.5
    assert calibrated(scores, np.arange(90) % 3).sharpness > 10


def test_folds_hold_out_each_row_once():
    parts = folds(["a"] * 20 + ["b"] * 10, seed=1)
    assert sorted(row for part, _ in parts for row in part) == list(range(30))
    assert all(sum(row >= 20 for row in part) == 2 for part, _ in parts)


def test_judging_breaks_ties_in_order():
    assert judged(["a", "b"], np.zeros(2), Confidence(1, 0.5, 0.5)).label == "a"


def test_a_folder_without_words_is_read_with_the_plain_segmenter(tmp_path):
    assert beside(tmp_path / "weights").words("任务") == ["任务"]


def test_a_plan_may_name_its_fits():
    model = learn(EXAMPLES, Reader(SEGMENTER), Plan(hows=(Fit(smoothing=0.0),), trained={"on": "tests"}))
    assert model.trained["on"] == "tests"


@pytest.fixture(scope="module")
def shipped():
    return KindModel.load(SHIPPED)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("一提交训练任务就报错，日志是空的", "bug"),
        ("希望能增加深色模式", "feature"),
        ("请问怎么修改密码？", "question"),
        ("用了半年，非常好用，感谢团队", "praise"),
        ("垃圾平台，浪费我一下午", "complaint"),
        ("The app crashes when I open the settings", "bug"),
        ("Please add support for dark mode", "feature"),
    ],
)
def test_the_shipped_model_knows_the_plain_cases(shipped, text, kind):
    assert shipped.predict("", text).guess == kind


@pytest.mark.parametrize(
    "facts",
    [{"sharpness": 0}, {"sharpness": "nan"}, {"sharpness": "inf"}, {"act": -0.1}, {"suggest": 2}, {"act": "x"}],
)
def test_how_sure_it_may_be_is_no_number_at_will(facts):
    with pytest.raises(ModelError):
        Confidence.load({**Confidence().facts(), **facts})
