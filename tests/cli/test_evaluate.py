"""`triage evaluate …` as others script it: the options, the keys, a line a row, and one line for a bad file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

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
    assert all(set(row["ranked"]) <= {str(at) for at in range(row["row"])} for row in rows)  # only earlier ones


def test_duplicates_with_a_tracker_to_train_on(run):
    assert run("duplicates", "reports", "--train", "reports", "--queries", "all")[0]["n"] == 17


@pytest.mark.parametrize("train", [(), ("--train", "pairs")])
def test_pairs(run, train):
    found, rows = run("pairs", "pairs", *train)
    assert {"accuracy", "recall_at_1", "recall_at_5", "recall_at_10"} <= found.keys()
    is_a_line_a_row(rows, len(PAIRS))


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


def test_reports_without_words_to_train_on_leave_the_shipped_model(run, tmp_path):
    rows = [{"title": None, "body": None, "created": "soon", "cluster": at // 2} for at in range(20)]
    (tmp_path / "mute").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("duplicates", "mute")[0]["recall_at_10"] == 0.0


def test_an_output_in_no_folder_is_said_before_the_work(run):
    found = CliRunner().invoke(main, ["evaluate", "feedback", "feedback", "--output", "none/rows"])
    assert found.exit_code == 2
    assert "there is no folder none" in found.output
