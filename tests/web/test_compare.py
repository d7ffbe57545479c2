"""Two versions of a project's models side by side, for people: what is better, and where they judge differently."""

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.ml.site_training import save_numbers
from triage.services import review, versions

PAGE = "/learning/demo/compare"


@pytest.fixture
def site(site, shipped):
    site.models = shipped
    return site


def numbered(session, site, project, **numbers):
    metrics = {part: {"trained": True} for part in numbers}
    row = factories.version(session, project, metrics=metrics, n=40, trained_until=START)
    for part, values in numbers.items():
        save_numbers(site.library.place(project, row.version), part, values, {})
    session.commit()
    return row


@pytest.fixture
def strict(session, site, project):
    """A version that holds everything back as spam."""
    return numbered(session, site, project, spam={"threshold": 0.0})


def accepted(session, project, user, count):
    for hours in range(1, count + 1):
        topic = factories.topic(session, project, [f"The job hangs, {hours}"], kind="")
        review.accept(session, topic, factories.actor(user, hours=hours))
    session.commit()
    return topic


@pytest.fixture
def decided(session, project, user):
    """The last of 24 topics that were accepted."""
    return accepted(session, project, user, 24)


def test_nobody_reads_it_without_signing_in(client, project):
    assert client.get(PAGE).location.startswith("/sign-in")


def test_with_the_shipped_models_alone_there_is_nothing_to_compare(signed_in, project):
    page = signed_in.get(PAGE).text
    assert "with the first version there is something to compare" in page
    assert "<select" not in page
    assert "/compare" not in signed_in.get("/learning/demo").text


def test_what_is_in_force_and_the_newest_beside_it_are_chosen(signed_in, session, project, strict):
    factories.version(session, project, n=60)
    versions.promote(session, strict, factories.actor())
    session.commit()
    page = signed_in.get(PAGE).text
    assert '<option value="1" selected>Version 1 · in force · from 40 decisions</option>' in page
    assert '<option value="2" selected>Version 2 · from 60 decisions</option>' in page
    assert "Both were asked" not in page
    assert PAGE in signed_in.get("/learning/demo").text


def test_what_is_worse_is_told_in_words_with_the_feedback_behind_it(signed_in, strict, decided):
    page = signed_in.get(f"{PAGE}?left=0&right=1").text
    assert "Worse, by more than chance" in page
    assert "asked about 24 decisions" in page
    assert '<th scope="row">No spam</th><td>24</td><td>100\u00a0%</td><td>0\u00a0%</td>' in page
    assert 'Judged differently <span class="count">24</span>' in page
    assert f"/queue/{decided.key}?back=" in page
    assert page.count("People say") == 6
    assert "Both versions use the same one here." in page  # of kinds: the version has none


def test_too_few_decisions_are_said_to_be_too_few(signed_in, session, project, user, strict):
    accepted(session, project, user, 2)
    assert "Too few new decisions to tell" in signed_in.get(f"{PAGE}?left=0&right=1").text


def test_before_anybody_decided_there_is_nothing_to_ask(signed_in, strict):
    assert "Nobody has decided on any since both were trained." in signed_in.get(f"{PAGE}?left=0&right=1").text


def test_only_the_newest_are_asked_and_the_page_says_so(signed_in, strict, decided, monkeypatch):
    monkeypatch.setattr("triage.web.learning.ASKED", 20)
    assert "asked about the newest 20 of 24 decisions" in signed_in.get(f"{PAGE}?left=0&right=1").text


def test_suggestions_that_are_judged_differently_are_told_with_both_topics(signed_in, session, site, project, user):
    for hours in range(1, 22):
        topic, other = factories.topic(session, project, kind=""), factories.topic(session, project)
        factories.candidate(session, review.members(session, topic)[0], other, score=0.5)
        review.merge(session, topic, factories.actor(user, hours=hours), other)
    for offset in (-3.0, 3.0):
        numbered(session, site, project, duplicates={"slope": 1.0, "offset": offset, "decisions": 40.0})
    page = signed_in.get(f"{PAGE}?left=1&right=2").text
    assert "Better, by more than chance" in page
    assert "and the topic suggested for it:" in page
    assert "People say: The same" in " ".join(page.split())


@pytest.mark.parametrize("asked", ["left=0&right=0", "left=1&right=1"])
def test_a_version_with_itself(signed_in, strict, asked):
    answer = signed_in.get(f"{PAGE}?{asked}")
    assert (answer.status_code, "choose two different versions" in answer.text) == (200, True)


@pytest.mark.parametrize("number", ["7", "-1", "99999999999999999999"])
def test_a_version_that_is_gone(signed_in, strict, number):
    answer = signed_in.get(f"{PAGE}?left=0&right={number}")
    assert (answer.status_code, "or not any more" in answer.text) == (404, True)
    assert "<select" in answer.text


def test_what_is_no_number_is_as_if_it_were_not_said(signed_in, strict):
    assert "There is no version" not in signed_in.get(f"{PAGE}?left=x&right=1").text


def test_a_project_that_is_not_there(signed_in):
    assert signed_in.get("/learning/nobody/compare").status_code == 404


def test_a_part_that_is_damaged_is_not_compared(signed_in, site, project, strict, decided):
    (site.library.place(project, 1) / "spam.npz").write_bytes(b"no weights")
    page = signed_in.get(f"{PAGE}?left=0&right=1").text
    assert "can't be read, so nothing is compared" in page
    assert "demo: version 1 of spam: " in page
    assert "Worse" not in page


def test_it_is_there_in_chinese(signed_in, strict, decided):
    page = signed_in.get(f"{PAGE}?left=0&right=1", headers={"Accept-Language": "zh"}).text
    assert "判断不同" in page


def test_what_people_wrote_stays_words(signed_in, session, site, project, user):
    numbered(session, site, project, spam={"threshold": 0.0})
    topic = factories.topic(session, project, ["<script>alert(1)</script>"], kind="")
    review.accept(session, topic, factories.actor(user, hours=1))
    session.commit()
    page = signed_in.get(f"{PAGE}?left=0&right=1").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
