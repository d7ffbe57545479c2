"""`triage evaluate …` as others script it: the options, the keys, a line a row, and one line for a bad file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.ml.encoders import scattered, tiny
from triage.cli import main

KINDS = [
    {"project": project, "title": f"{said} {at}", "body": f"{said} on page {at}", "kind": kind}
    for project in ("a", "b")
    for at in range(12)
    for said, kind in (("it crashes with an error", "bug"), ("please add a dark theme", "feature"))
]
REPORTS = [
    {
        "id": at,
        "title": f"{thing} {'is broken' if at % 2 else 'does not work'}",
        "body": f"{thing} fails",
        "created": None,
    }
    | {"cluster": None if at == 3 else thing}
    for at in range(24)
    for thing in [["upload", "login", "search", "queue", "invoice", "export"][at % 6]]
]
PAIRS = [
    {"a": f"怎么还款{at}", "b": f"怎么还款呢{at}" if at % 2 else f"天气很好{at}", "same": at % 2} for at in range(40)
]
SPAM = [{"text": "加微信领红包，日赚八百" if at % 2 else "训练任务一直排队", "spam": at % 2} for at in range(20)]
FEEDBACK = [
    {"source_url": "u", "project": "p", "title": "登录报错", "body": "登录以后报错", "kind": "bug", "cluster": "c"},
    {"source_url": "u", "project": "p", "title": None, "body": "登录以后一直报错", "kind": "bug", "cluster": "c"},
    {"source_url": "u", "project": "p", "title": "太好用了", "body": "谢谢", "kind": "praise", "cluster": None},
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = {"kinds": KINDS, "reports": REPORTS, "pairs": PAIRS, "spam": SPAM, "feedback": FEEDBACK, "empty": []}
    for name, rows in named.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "bad").write_bytes(b'{"title": "x"}\n\xff\n')

    def evaluate(*words, code=0):
        found = CliRunner().invoke(main, ["evaluate", *words, "--json", "--output", "rows"])
        assert found.exit_code == code, found.output
        if code:
            return found.stderr
        return json.loads(found.stdout), [
            json.loads(line) for line in (tmp_path / "rows").read_text("utf-8").splitlines()
        ]

    return evaluate


def is_a_line_a_row(rows, count):
    assert [row["row"] for row in rows] == list(range(count))
    assert all({"row", "prediction", "score", "ranked"} <= row.keys() for row in rows)


def test_kinds(run):
    found, rows = run("kinds", "--train", "kinds", "--train", "kinds", "--test", "kinds")
    assert {"macro_f1", "accuracy", "per_project", "coverage_at_95", "precision_at_95"} <= found.keys()
    assert found["per_project"].keys() == {"a", "b"}
    is_a_line_a_row(rows, len(KINDS))


@pytest.mark.parametrize("queries", ["last20", "all"])
def test_duplicates(run, queries):
    found, rows = run("duplicates", "reports", "--queries", queries)
    assert found.keys() == {"n", "recall_at_1", "recall_at_5", "recall_at_10", "mrr"}
    assert found["n"] == len(rows) == {"last20": 3, "all": 17}[queries]
    assert all(set(row["ranked"]) <= set(range(row["row"])) for row in rows)  # only earlier ones


def test_duplicates_with_a_tracker_to_train_on(run):
    assert run("duplicates", "reports", "--train", "reports", "--queries", "all")[0]["n"] == 17


@pytest.mark.parametrize("train", [(), ("--train", "pairs")])
def test_pairs(run, train):
    found, rows = run("pairs", "pairs", *train)
    assert {"accuracy", "recall_at_1", "recall_at_5", "recall_at_10"} <= found.keys()
    is_a_line_a_row(rows, len(PAIRS))
    assert {row["prediction"] for row in rows} <= {0, 1}
    ids = {f"{at}{side}" for at in range(len(PAIRS)) for side in "ab"}
    assert any(row["ranked"] for row in rows)
    assert all(set(row["ranked"]) <= ids for row in rows)


def test_accuracy_and_recall_of_pairs_can_be_counted_from_the_lines(run):
    found, rows = run("pairs", "pairs")
    right = [row["prediction"] == pair["same"] for row, pair in zip(rows, PAIRS, strict=True)]
    assert found["accuracy"] == round(sum(right) / len(right), 4)
    asked = {pair["a"]: row["ranked"] for row, pair in zip(rows, PAIRS, strict=True) if row["ranked"]}
    assert len(asked) == found["n"]


def test_recall_of_duplicates_can_be_counted_from_the_lines_by_the_files_own_ids(run, tmp_path):
    named = [{**row, "id": f"R-{at}"} for at, row in enumerate(REPORTS)]
    (tmp_path / "named").write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
    found, rows = run("duplicates", "named", "--queries", "all")
    clusters = {row["id"]: row["cluster"] for row in named}
    hits = [clusters[row["prediction"]] == named[row["row"]]["cluster"] for row in rows]
    assert found["recall_at_1"] == round(sum(hits) / len(hits), 4)
    assert all(row["ranked"][0] == row["prediction"] for row in rows)


def test_spam(run):
    found, rows = run("spam", "spam", "spam", "--obfuscate")
    assert {"precision", "recall", "false_positive_rate", "recall_obfuscated"} <= found.keys()
    is_a_line_a_row(rows, 2 * len(SPAM))
    assert run("spam", "spam", "spam", "--obfuscate")[0] == found  # the disguises are drawn by a seed


def test_spam_with_a_model_of_its_own(run):
    assert "recall_obfuscated" not in run("spam", "spam", "--train", "spam")[0]


def test_feedback(run):
    found, rows = run("feedback", "feedback")
    assert {"kind_macro_f1", "recall_at_5", "b3_f1"} <= found.keys()
    is_a_line_a_row(rows, len(FEEDBACK))
    assert [row["ranked"] for row in rows[:2]] == [[], [0]]
    assert [row["topic"] for row in rows] == [0, 0, 2]
    assert rows[0]["prediction"] == rows[0]["kinds"][0]


def test_feedback_without_duplicates_is_still_measured(run, tmp_path):
    (tmp_path / "alone").write_text(json.dumps(FEEDBACK[2]) + "\n", encoding="utf-8")
    found, _ = run("feedback", "alone")
    assert (found["n"], found["recall_at_5"], found["b3_f1"]) == (0, 0.0, 1.0)


COMMANDS = {
    "kinds": ["--train", "kinds", "--test"],
    "duplicates": [],
    "pairs": [],
    "spam": [],
    "feedback": [],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", ["empty", "bad"])
def test_a_bad_file_is_one_line(run, command, file):
    said = run(command, *COMMANDS[command], file, code=1)
    assert said.startswith(f"triage: {file}")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "row", "field"),
    [
        ("kinds", {"title": "x", "body": "y", "project": "p"}, "kind"),
        ("pairs", {"a": "x", "b": "y", "same": 2}, "same"),
        ("pairs", {"a": "x", "b": 7, "same": 1}, "b"),
        ("spam", {"text": "x"}, "spam"),
        ("feedback", {"title": ["x"]}, "title"),
        ("duplicates", {"title": "x", "cluster": {}}, "cluster"),
    ],
)
def test_a_field_that_is_missing_or_of_another_sort_is_named_with_its_line(run, tmp_path, command, row, field):
    (tmp_path / "odd").write_text(json.dumps(row) + "\n", encoding="utf-8")
    said = run(command, *COMMANDS[command], "odd", code=1)
    assert said.startswith("triage: odd, ")
    assert f"“{field}”" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_line_that_is_cut_off_is_named(run, tmp_path, command):
    (tmp_path / "cut").write_text('{"title": "x", "cluster"\n', encoding="utf-8")
    assert run(command, *COMMANDS[command], "cut", code=1).startswith("triage: cut, line 1: ")


@pytest.mark.parametrize(("command", "rows"), [("pairs", PAIRS), ("spam", SPAM), ("feedback", FEEDBACK)])
def test_other_fields_are_left_alone(run, tmp_path, command, rows):
    more = "".join(json.dumps({**row, "ranked": 1, "row": None}) + "\n\n" for row in rows)
    (tmp_path / "more").write_text("\ufeff" + more, encoding="utf-8")
    assert run(command, "more")[0] == run(command, command)[0]


def test_reports_without_words_to_train_on_leave_the_shipped_model(run, tmp_path):
    rows = [{"title": None, "body": None, "created": "soon", "cluster": at // 2} for at in range(20)]
    (tmp_path / "mute").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("duplicates", "mute")[0]["recall_at_10"] == 0.0


def test_an_output_in_no_folder_is_said_before_the_work(run):
    found = CliRunner().invoke(main, ["evaluate", "feedback", "feedback", "--output", "none/rows"])
    assert found.exit_code == 2
    assert "there is no folder none" in found.output


def test_an_encoder_knows_words_that_nobody_trained_on(run, tmp_path):
    words = scattered(140)
    tiny(tmp_path / "encoder", known=dict(words))
    for name, chosen in (("told", words[:120]), ("asked", words[120:])):
        rows = [{"title": word, "body": "", "kind": ("bug", "feature")[meaning]} for word, meaning in chosen]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    alone, _ = run("kinds", "--train", "told", "--test", "asked")
    helped, _ = run("kinds", "--train", "told", "--test", "asked", "--encoder", "encoder")
    assert helped["accuracy"] == 1.0 > alone["accuracy"]


def test_an_encoder_that_is_not_there_is_refused_before_the_work(run):
    assert "there is no such folder" in run("kinds", "--train", "kinds", "--test", "kinds", "--encoder", "x", code=2)
