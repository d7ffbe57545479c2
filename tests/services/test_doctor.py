import pytest

from tests import factories
from triage.config import Settings
from triage.errors import OutsideError
from triage.hosts import Check
from triage.services import doctor
from triage.services.site import open_site


@pytest.fixture
def findings(site, shipped):
    """Examine the site, and return what was found of each part."""
    site.models = shipped
    return lambda: {finding.part: finding for finding in doctor.examine(site)}


def test_every_part_is_looked_at(findings):
    assert set(findings()) == {"database", "queue", "index", "models", "mail", "work"}


def test_a_fresh_installation_is_well(findings, site):
    found = findings()
    assert [part for part, finding in found.items() if not finding.ok and part != "models"] == []
    assert found["database"].detail.startswith(f"{site.db.engine.dialect.name}, at its newest version")


def test_what_is_stuck_is_counted(findings, session):
    topic = factories.topic(session)
    factories.filing(session, topic, state="blocked")
    factories.feedback(session, topic.project, state="received")
    session.commit()
    found = findings()["work"]
    assert not found.ok
    assert found.detail.startswith("1 feedback wait for analysis, 1 filings wait for a person, 0 mails")


def test_models_that_are_missing_are_named(findings, site, shipped):
    shipped.faults.append("kinds.json can't be read")
    try:
        assert "kinds.json" in findings()["models"].detail
    finally:
        shipped.faults.pop()


def test_a_queue_that_holds_jobs_says_how_many(findings, site):
    site.jobs.put("sweep")
    assert findings()["queue"].detail == "SQLite, 1 jobs wait"


def test_the_index_says_how_much_can_be_found(findings, site):
    assert findings()["index"].detail == "none yet: the worker makes it"
    site.index.claim()
    site.index.commit()
    assert findings()["index"].ok


def test_mail_says_how_it_goes_out(findings, site):
    assert findings()["mail"].detail.startswith("printed")


def test_each_projects_host_is_asked(findings, session, site):
    factories.project(session, slug="demo")
    session.commit()
    site.host = lambda _: Answering(Check("bot", "1.22"))
    assert findings()["host of demo"].detail == "console 1.22 as bot"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Check("", "1.22", ("write:issue", "read:user")), "console 1.22: write:issue; read:user"),
        (OutsideError("git.test can't be reached"), "git.test can't be reached"),
    ],
)
def test_what_is_missing_at_a_host_is_said(findings, session, site, answer, detail):
    factories.project(session, slug="demo")
    session.commit()
    site.host = lambda _: Answering(answer)
    found = findings()["host of demo"]
    assert (found.ok, found.detail) == (False, detail)


class Answering:
    """A host that can only be checked."""

    def __init__(self, answer):
        self.answer = answer

    def check(self):
        if isinstance(self.answer, OutsideError):
            raise self.answer
        return self.answer


def test_an_empty_database_says_what_to_do(tmp_path, shipped):
    site = open_site(Settings(instance=tmp_path))
    site.models = shipped
    found = {finding.part: finding for finding in _until_the_database_fails(site)}
    assert "run “triage db upgrade”" in found["database"].detail
    assert not found["work"].ok
    site.db.close()
    site.jobs.huey.storage.close()


def _until_the_database_fails(site):
    """The hosts stand in the database, so where there is none nothing more can be said."""
    for finding in doctor.examine(site):
        yield finding
        if finding.part == "work":
            return
