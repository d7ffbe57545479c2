"""`triage import` as an operator types it."""

import json

import pytest
from click.testing import CliRunner

from triage import cli

LINES = '{"body": "镜像一直拉取失败", "id": 1}\n{"body": ""}\nnonsense\n'


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Import a file that has these lines; the exit code, standard output and what stands on standard error."""
    monkeypatch.setenv("TRIAGE_INSTANCE", str(tmp_path))
    monkeypatch.setenv("TRIAGE_DATABASE_URL", "")
    monkeypatch.setenv("TRIAGE_REDIS_URL", "")
    assert CliRunner().invoke(cli.main, ["setup"]).exit_code == 0

    def run(*words, lines=LINES, name="reports.jsonl"):
        file = tmp_path / name
        file.write_text(lines, encoding="utf-8")
        found = CliRunner().invoke(cli.main, ["import", str(file), "--project", "demo", *words])
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exc_info
        return found.exit_code, found.stdout, found.stderr

    return run


def test_rows_are_counted_and_the_refused_are_named_by_their_line(imported):
    code, said, _ = imported()
    assert code == 3
    assert said.splitlines()[0] == "1 added, 0 were there already, 2 refused"
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == ["  line 2", "  line 3"]


def test_the_second_time_adds_nothing(imported):
    imported()
    assert json.loads(imported("--json")[1])["added"] == 0


def test_json_is_all_that_stands_on_standard_output(imported):
    found = json.loads(imported("--json")[1])
    assert {name: found[name] for name in ("added", "skipped", "refused", "total", "dry_run")} == {
        "added": 1,
        "skipped": 0,
        "refused": 2,
        "total": 3,
        "dry_run": False,
    }
    assert [one["line"] for one in found["refusals"]] == [2, 3]


def test_a_dry_run_stores_nothing(imported):
    assert imported("--dry-run")[1].startswith("1 would be added, 0 were there already, 2 refused\n")
    assert json.loads(imported("--json")[1])["added"] == 1


def test_all_well_is_exit_code_0(imported):
    assert imported(lines='{"body": "好"}\n')[0] == 0


@pytest.mark.parametrize(
    ("name", "lines"),
    [("x.jsonl", ""), ("x.csv", "a,b\n1,2\n"), ("x.xlsx", "no workbook"), ("x.pdf", "x"), ("x.csv", "\n\n")],
)
def test_a_file_that_is_none_is_one_line(imported, name, lines):
    code, said, error = imported(lines=lines, name=name)
    assert (code, said) == (1, "")
    assert error.splitlines()[-1].startswith("triage: ")


def test_an_unknown_project_is_one_line(imported):
    code, _, error = imported("--project", "nowhere")
    assert (code, error.splitlines()[-1]) == (1, "triage: there is no project “nowhere”")
