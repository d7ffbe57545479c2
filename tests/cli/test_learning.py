"""The commands about learning, as others script them."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests import factories
from tests.fakes.host import FakeHost
from triage import cli
from triage.config import Settings
from triage.services.site import Site, open_site


@pytest.fixture
def site(tmp_path, monkeypatch) -> Site:
    """An installation of its own, found by the commands."""
    monkeypatch.setenv("TRIAGE_INSTANCE", str(tmp_path))
    monkeypatch.setenv("TRIAGE_DATABASE_URL", "")
    site = open_site(Settings(instance=tmp_path, secret_key=factories.KEY))
    site.db.upgrade()
    with site.db.write() as session:
        factories.project(session, slug="demo")
    return site


def run(*words):
    found = CliRunner().invoke(cli.main, words)
    assert found.exit_code == 0, found.output
    return found.output


def test_training_without_decisions_says_so(site):
    told = run("train", "--project", "demo")
    assert "version 1 from 0 examples" in told
    assert "kinds        not trained: 0 examples are too few" in told
    assert "nothing is put in force" in told


def test_training_can_be_read_by_a_machine(site):
    found = json.loads(run("train", "--project", "demo", "--json"))
    assert (found["version"], found["promoted"], found["kinds"]["examples"]) == (1, [], 0)


def test_an_unknown_project_is_one_line(site):
    found = CliRunner().invoke(cli.main, ["train", "--project", "nobody"])
    assert found.exit_code == 1
    assert found.output.count("\n") == 1


def test_versions_are_listed_promoted_and_rolled_back(site):
    with site.db.write() as session:
        project = session.get_one(factories.Project, 1)
        factories.version(session, project, metrics={"spam": {"trained": True}})
    assert json.loads(run("models", "list", "--project", "demo", "--json"))[0]["state"] == "candidate"
    assert run("models", "promote", "1", "--project", "demo") == "Version 1 is in force\n"
    assert "active" in run("models", "list", "--project", "demo")
    assert "shipped" in run("models", "rollback", "--project", "demo")


def test_no_versions_is_an_answer(site):
    assert "shipped" in run("models", "list", "--project", "demo")


def test_the_topics_are_looked_over(site):
    assert json.loads(run("tidy", "--project", "demo", "--json")) == {"topics": 0, "merges": 0, "splits": 0}


def test_two_versions_are_compared(site):
    found = json.loads(run("evaluate", "compare", "0", "0", "--project", "demo", "--json"))
    assert found["kinds"]["verdict"] == "too_few"
    assert "kinds" in run("evaluate", "compare", "0", "0", "--project", "demo")


def test_labelled_issues_of_the_host_are_taken(site, monkeypatch):
    host = FakeHost()
    host.issues[host.open("It hangs").number] = replace(host.open("It crashes"), labels=("bug",))
    asked = []
    monkeypatch.setattr(Site, "host", lambda _, project, repo="": asked.append(repo) or host)
    found = CliRunner().invoke(cli.main, ["learn", "--from-host", "team/other", "--project", "demo", "--json"])
    assert json.loads(found.stdout)["kinds"] == {"bug": 1}
    assert asked == ["team/other"]
    assert "2 issues read, 1 taken" in run("learn", "--from-host", "team/other", "--project", "demo")
