"""Labels by number, joined with the rows of a public set."""

import json
from collections import Counter
from pathlib import Path

import pytest

from triage.errors import InvalidError
from triage.ml.judged import kinds_of, with_kinds

LABELS = Path(__file__).parents[2] / "models" / "seeds" / "vscode_kinds.json"
ROWS = [
    {"source_url": "https://tracker.example/issues/7", "title": "a", "kind": None},
    {"source_url": "https://tracker.example/issues/8", "title": "b"},
    {"source_url": "https://tracker.example/issues", "title": "no number"},
    {"title": "no address"},
]


def labels(tmp_path, kinds):
    file = tmp_path / "labels.json"
    file.write_text(kinds if isinstance(kinds, str) else json.dumps({"kinds": kinds}), "utf-8")
    return file


def test_rows_get_the_kind_of_their_number(tmp_path):
    kinds = kinds_of(labels(tmp_path, {"bug": [7], "feature": [8, 9]}))
    assert [(row["title"], row["kind"]) for row in with_kinds(ROWS, kinds)] == [("a", "bug"), ("b", "feature")]


def test_rows_that_nobody_judged_are_left_out(tmp_path):
    assert [row["title"] for row in with_kinds(ROWS, kinds_of(labels(tmp_path, {"bug": [8]})))] == ["b"]


def test_a_number_that_no_row_has_is_no_error(tmp_path):
    assert with_kinds(ROWS, kinds_of(labels(tmp_path, {"bug": [70]}))) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"bug": [7], "feature": [7]}, "7 is no number, or stands there twice"),
        ({"bug": ["7"]}, "'7' is no number"),
        ({"wish": [7]}, "“wish” is no kind"),
        ({"bug": 7}, "“bug” is no kind with a list"),
        ("[]", "holds no “kinds”"),
        ('{"kinds": [7]}', "holds no “kinds”"),
        ("{", "labels.json: "),
    ],
)
def test_a_broken_file_of_labels_is_named(tmp_path, content, said):
    with pytest.raises(InvalidError, match=said):
        kinds_of(labels(tmp_path, content))


def test_labels_that_are_missing_are_named(tmp_path):
    with pytest.raises(InvalidError, match="can't be read"):
        kinds_of(tmp_path / "labels.json")


def test_the_shipped_labels_hold_numbers_and_no_text():
    content = json.loads(LABELS.read_text("utf-8"))
    kinds = kinds_of(LABELS)
    assert len(kinds) == 329
    assert all(
        isinstance(number, int) for group in ("kinds", "might_be") for one in content[group].values() for number in one
    )
    for kind, numbers in content["might_be"].items():
        assert all(kinds[number] != kind for number in numbers)


@pytest.mark.parametrize("kind", ["bug", "feature", "question", "complaint", "other"])
def test_the_readme_counts_the_labels_right(kind):
    counts = Counter(kinds_of(LABELS).values())
    assert f"{counts[kind]} {kind}" in (LABELS.parent / "README.md").read_text("utf-8")
