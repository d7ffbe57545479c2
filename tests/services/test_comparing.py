"""Two versions are compared on decisions that neither has seen."""

from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from tests.services.test_training import labelled
from triage.db.tables import Candidate, Example
from triage.errors import NotFoundError
from triage.ml.site_training import save_numbers
from triage.services import comparing, review, versions
from triage.services.comparing import compare


@pytest.fixture
def site(site, shipped):
    site.models = shipped
    return site


@pytest.fixture
def project(session):
    row = factories.project(session, slug="demo")
    session.commit()
    return row


def numbered(session, site, project, hours=0, **numbers):
    """A version with these numbers, which has seen what was decided in the first so many hours."""
    seen = START + timedelta(hours=hours)
    row = factories.version(session, project, metrics={part: {"trained": True} for part in numbers}, trained_until=seen)
    for part, values in numbers.items():
        save_numbers(site.library.place(project, row.version), part, values, {})
    session.commit()
    return row.version


def line(offset):
    return {"slope": 1.0, "offset": offset, "decisions": 40.0}


def followed(session, project, count):
    mei = factories.user(session)
    for hours in range(count):
        topic, other = factories.topic(session, project, kind=""), factories.topic(session, project)
        factories.candidate(session, review.members(session, topic)[0], other, score=0.5)
        review.merge(session, topic, factories.actor(mei, hours=hours), other)
    session.commit()


def test_shipped_with_shipped_is_the_same(session, site, project):
    labelled(session, project, 30)
    found = compare(site, "demo", 0, 0)
    assert (found["kinds"]["verdict"], found["kinds"]["n"], found["unseen_since"]) == ("same", 30, None)
    assert found["duplicates"] == {}
    assert found["components"]["n"] == 0


def test_only_what_is_newer_than_both_counts(session, site, project):
    followed(session, project, 40)
    left, right = (numbered(session, site, project, hours, duplicates=line(0)) for hours in (5, 9))
    assert compare(site, "demo", left, right)["duplicates"]["n"] == 30


def test_the_better_probability_wins(session, site, project):
    followed(session, project, 40)
    left, right = (numbered(session, site, project, duplicates=line(offset)) for offset in (-3, 3))
    assert compare(site, "demo", left, right)["duplicates"]["verdict"] == "better"
    assert compare(site, "demo", right, left)["duplicates"]["verdict"] == "worse"


def test_the_cheaper_threshold_wins(session, site, project):
    if site.models.spam is None:
        pytest.skip("optional: the spam model is not trained yet")
    mei = factories.user(session)
    for hours in range(1, 40):
        review.accept(session, factories.topic(session, project, kind=""), factories.actor(mei, hours=hours))
    number = numbered(session, site, project, spam={"threshold": 0.0})
    assert compare(site, "demo", 0, number)["spam"]["verdict"] == "worse"


def test_without_a_spam_model_there_is_nothing_to_compare(session, site, project):
    from dataclasses import replace

    site.models = replace(site.models, spam=None)
    assert compare(site, "demo", 0, 0)["spam"] == {}


def test_what_was_in_force_is_compared_as_it_was(session, site, project):
    first = numbered(session, site, project, duplicates=line(0))
    versions.promote(session, versions.one(session, project, first), factories.actor())
    second = numbered(session, site, project, hours=3)
    row = versions.one(session, project, second)
    versions.promote(session, row, factories.actor(hours=1), ["kinds"])
    followed(session, project, 40)
    assert compare(site, "demo", first, second)["duplicates"]["n"] == 36


def test_a_version_that_is_not_there(site, project):
    with pytest.raises(NotFoundError):
        compare(site, "demo", 0, 3)


def test_what_is_judged_differently_is_named_newest_first_with_its_topics(session, site, project):
    followed(session, project, 24)
    left, right = (numbered(session, site, project, duplicates=line(offset)) for offset in (-3, 3))
    found = compare(site, "demo", left, right)["duplicates"]
    assert (found["differing"]["n"], len(found["differing"]["items"])) == (23, 6)
    first = found["differing"]["items"][0]
    assert (first["said"], first["before"], first["after"]) == ("same", "different", "same")
    newest = session.query(Candidate).order_by(Candidate.id.desc()).first()
    assert (first["feedback"], first["other"]["key"]) == (newest.feedback_id, newest.topic.key)


def test_examples_of_the_host_are_told_by_their_issue(session, site, project, monkeypatch):
    labelled(session, project, 4)
    monkeypatch.setattr(comparing, "labels", lambda model, rows, slug: [str(model) for _ in rows])
    number = numbered(session, site, project, kinds={"no": 1.0})
    monkeypatch.setattr(site.library, "_kinds", lambda folder: "another model")
    item = compare(site, "demo", 0, number)["kinds"]["differing"]["items"][0]
    assert (item["source"], item["key"], item["after"]) == ("t/p#3", None, "another model")
    assert item["title"].startswith("quota")


def test_with_a_limit_the_newest_are_asked(session, site, project):
    labelled(session, project, 30)
    assert compare(site, "demo", 0, 0, most=12)["kinds"]["n"] == 12
    assert compare(site, "demo", 0, 0, most=12)["kinds"]["of"] == 30
    assert compare(site, "demo", 0, 0)["kinds"]["n"] == 30


def test_with_a_limit_fewer_long_texts_are_asked(session, site, project, monkeypatch):
    labelled(session, project, 30)
    longest = max(len(row.body) for row in session.query(Example))
    monkeypatch.setattr(comparing, "CHARACTERS", 3 * longest)
    assert 3 <= compare(site, "demo", 0, 0, most=12)["kinds"]["n"] < 12


def test_a_damaged_part_is_a_fault_and_not_compared(session, site, project):
    followed(session, project, 24)
    left, right = (numbered(session, site, project, duplicates=line(offset)) for offset in (-3, 3))
    (site.library.place(project, right) / "duplicates.json").write_text("{")
    found = compare(site, "demo", left, right)
    assert found["duplicates"] == {}
    assert list(found["faults"]) == ["duplicates"]
    assert found["faults"]["duplicates"].startswith(f"demo: version {right} of duplicates: ")
    assert found["alike"] == ["kinds", "spam", "components"]
