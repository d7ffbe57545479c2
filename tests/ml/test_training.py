import json
from pathlib import Path

import pytest

from triage.errors import InvalidError
from triage.ml.evaluation_kinds import evaluate_feedback_kinds, evaluate_kinds, f1, macro_f1
from triage.ml.evaluation_spam import evaluate_spam, train_spam
from triage.ml.kinds import KindModel
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.training import kind_examples, rows_of, spam_texts, train_shipped

MODELS = Path(__file__).parents[2] / "models"
SEGMENTER = Segmenter()
PARTS = ["登录页", "训练任务", "数据集", "镜像", "模型", "积分", "日志", "搜索", "通知", "仓库"]
KINDS = [
    {"project": project, "title": text.format(part), "body": "", "kind": kind}
    for part in PARTS
    for text, kind in (("{}报错", "bug"), ("希望{}更快", "feature"), ("请问{}怎么用", "question"))
    for project in ("a", "b")
]
SPAM = [
    *({"text": f"{part}店铺优惠，加微信 abc{number}", "spam": 1} for part in PARTS for number in range(4)),
    *({"title": f"{part}报错", "body": f"第 {number} 次"} for part in PARTS for number in range(4)),
]


@pytest.fixture
def small(tmp_path):
    """A models folder with the shipped words and seeds few enough to train on in a test."""
    (tmp_path / "words").symlink_to(MODELS / "words")
    (tmp_path / "seeds").mkdir()
    for name, rows in (("feedback", KINDS), ("spam", [{**row, "text": row.get("text", "")} for row in SPAM[:40]])):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / "seeds" / f"{name}.jsonl").write_text(lines, "utf-8")
    return tmp_path


def test_both_models_are_trained_from_the_seeds_alone(small, tmp_path):
    shipped = train_shipped(None, tmp_path / "out", models=small)
    assert shipped.sources == {"kinds": {"seeds": 60}, "spam": {"seeds": 100}}
    assert KindModel.load(tmp_path / "out").predict("评论区报错", "").guess == "bug"
    assert SpamModel.load(tmp_path / "out").predict("茶叶店铺优惠，加微信 abc3").spam


def test_public_sets_are_taken_where_they_are(small, tmp_path):
    (tmp_path / "data" / "kinds").mkdir(parents=True)
    (tmp_path / "data" / "kinds" / "nlbse24_train.jsonl").write_text(json.dumps(KINDS[0]) + "\n", "utf-8")
    examples, sources = kind_examples(tmp_path / "data", small / "seeds")
    assert sources == {"seeds": 60, "kinds/nlbse24_train.jsonl": 1}
    assert examples[-1].project == "a"


def test_one_off_words_of_public_texts_are_not_shipped(small, tmp_path):
    (tmp_path / "data" / "kinds").mkdir(parents=True)
    rows = [{**row, "title": f"{row['title']} shared"} for row in KINDS[:9]] + [
        {**KINDS[0], "title": "somebodysname 报错"}
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data" / "kinds" / "nlbse24_train.jsonl").write_text(lines, "utf-8")
    names = train_shipped(tmp_path / "data", tmp_path / "out", models=small).kinds.vocabulary.names
    assert ("title", "shar") in names or ("title", "shared") in names
    assert ("title", "somebodysname") not in names


def judged_set(tmp_path, small, labels='{"kinds": {"feature": [7]}}'):
    """Two public issues without a kind, of which the labels know one."""
    (tmp_path / "data" / "feedback").mkdir(parents=True)
    rows = [{"source_url": f"https://tracker.example/issues/{number}", "title": f"t{number}"} for number in (7, 8)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data" / "feedback" / "vscode_zh.jsonl").write_text(lines, "utf-8")
    if labels:
        (small / "seeds" / "vscode_kinds.json").write_text(labels, "utf-8")
    return tmp_path / "data"


def test_judged_issues_are_taken_with_the_kind_of_their_number(small, tmp_path):
    examples, sources = kind_examples(judged_set(tmp_path, small), small / "seeds")
    assert sources == {"seeds": 60, "feedback/vscode_zh.jsonl": 1}
    assert (examples[-1].kind, examples[-1].project) == ("feature", "vscode_zh")
    assert "t7" in (examples[-1].title, examples[-1].body)


def test_labels_without_their_set_train_nothing(small, tmp_path):
    (small / "seeds" / "vscode_kinds.json").write_text('{"kinds": {"feature": [7]}}', "utf-8")
    (tmp_path / "data").mkdir()
    for data in (None, tmp_path / "data"):
        assert kind_examples(data, small / "seeds")[1] == {"seeds": 60}


def test_a_judged_set_whose_labels_are_missing_is_said_to_be_so(small, tmp_path):
    with pytest.raises(InvalidError, match="can't be read"):
        kind_examples(judged_set(tmp_path, small, labels=None), small / "seeds")


def test_what_measures_is_never_trained_on(small, tmp_path):
    (tmp_path / "data" / "feedback").mkdir(parents=True)
    (tmp_path / "data" / "feedback" / "zh.jsonl").write_text(json.dumps(KINDS[0]) + "\n", "utf-8")
    assert set(kind_examples(tmp_path / "data", small / "seeds")[1]) == {"seeds"}
    assert set(spam_texts(tmp_path / "data", small / "seeds")[1]) == {"seeds"}


@pytest.mark.parametrize("line", ["{", "[1]"])
def test_a_broken_line_is_named(tmp_path, line):
    file = tmp_path / "rows.jsonl"
    file.write_text("{}\n" + line + "\n", "utf-8")
    with pytest.raises(InvalidError, match="line 2"):
        list(rows_of(file))


def test_kinds_are_measured_on_rows_that_were_not_trained_on():
    result = evaluate_kinds(KINDS[:48], KINDS[48:], SEGMENTER)
    assert result.macro_f1 == 1.0
    assert set(result.as_dict()) >= {"macro_f1", "accuracy", "per_project", "coverage_at_95", "precision_at_95"}
    assert result.rows[0].as_dict().keys() == {"row", "prediction", "score", "label", "ranked"}


def test_a_text_that_says_nothing_is_taken_for_the_likeliest_of_the_kinds_that_there_are():
    rows = [{"title": ".", "body": ".", "kind": "bug", "project": "a"}]
    found = evaluate_kinds(KINDS[:48], rows, SEGMENTER).rows[0]
    assert found.prediction in {row["kind"] for row in KINDS}
    assert found.label is None


@pytest.mark.parametrize("counts", [(1, 1), (6, 1), (2, 2), (1, 2), (5, 5)])
def test_from_very_few_rows_something_is_learned_and_nothing_acted_on(counts):
    kinds = ["bug"] * counts[0] + ["feature"] * counts[1]
    rows = [{"title": f"{kind} {at}", "body": "", "kind": kind, "project": "a"} for at, kind in enumerate(kinds)]
    result = evaluate_kinds(rows, rows, SEGMENTER)
    assert result.n == len(rows)
    assert {row.label for row in result.rows} == {None}


def test_measuring_nothing_is_no_error():
    assert evaluate_kinds(KINDS, [], SEGMENTER).as_dict()["n"] == 0


def test_feedback_is_measured_with_the_shipped_model():
    model = KindModel.load(MODELS / "weights")
    result = evaluate_feedback_kinds([{"title": "一提交就报错", "body": "", "kind": "bug"}], model)
    assert result.as_dict() == {"n": 1, "kind_macro_f1": 1.0, "kind_accuracy": 1.0, "per_kind": {"bug": 1.0}}


def test_f1_counts_as_it_should():
    assert f1(["a", "a", "b"], ["a", "b", "b"], "a") == pytest.approx(2 / 3)
    assert f1(["a"], ["a"], "z") == 0
    assert macro_f1(["a", "b"], ["a", "c"]) == pytest.approx(1 / 3)


def test_spam_is_measured_under_every_disguise():
    model = train_spam(SPAM, SEGMENTER)
    result = evaluate_spam(SPAM, model, obfuscate=True).as_dict()
    assert (result["precision"], result["recall"], result["false_positive_rate"]) == (1.0, 1.0, 0.0)
    assert len(result["recall_by_disguise"]) == 7
    assert "recall_obfuscated" not in evaluate_spam(SPAM, model).as_dict()


def test_the_seeds_teach_that_software_feedback_is_no_spam(small):
    model = train_spam([row for row in SPAM if "text" in row], SEGMENTER, seeds=small / "seeds")
    assert not model.predict("评论区报错").spam


def test_feedback_without_spam_has_only_false_positives():
    model = train_spam(SPAM, SEGMENTER)
    result = evaluate_spam([{"title": "报错", "body": "", "kind": "bug"}], model)
    assert (result.recall, result.false_positive_rate) == (0.0, 0.0)
    assert result.rows[0].as_dict()["prediction"] == 0


def test_an_advertisement_one_may_opt_out_of_teaches_nothing_harmless(small, tmp_path):
    (tmp_path / "data" / "spam").mkdir(parents=True)
    rows = [
        {"text": "新品上市 退订回T", "spam": 0},
        {"text": "退订回T 加微信", "spam": 1},
        {"text": "明天开会", "spam": 0},
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "data" / "spam" / "sms_11k.jsonl").write_text(lines, "utf-8")
    texts, counts = spam_texts(tmp_path / "data", small / "seeds")
    assert [one.text for one in texts[-2:]] == ["退订回T 加微信", "明天开会"]
    assert counts["spam/sms_11k.jsonl"] == 2
