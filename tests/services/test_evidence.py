import re
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from tests import factories
from tests.fakes.clock import START
from triage.config import data
from triage.db.queries import members
from triage.domain.drafts import marked_key
from triage.domain.feedback import FeedbackState
from triage.errors import ConflictError
from triage.render import Renderer
from triage.services.evidence import QUOTE_LENGTH, draft, gather

SITE = "http://triage.test"


@pytest.fixture
def project(session):
    return factories.project(session, labels={"bug": ["bug", "缺陷"]})


def said(session, project, *bodies, **fields):
    return [factories.feedback(session, project, body, **fields) for body in bodies]


def quotes(session, project, rows):
    return [quote.text for quote in gather(session, factories.topic(session, project, rows), SITE).quotes]


def test_the_evidence_counts_people_and_reports(session, project):
    rows = said(session, project, "one", "two", reporter=factories.reporter(session, project))
    rows += said(session, project, "three", channel="api", said_at=START + timedelta(days=3))
    found = gather(session, factories.topic(session, project, rows, component="GPU"), SITE)
    assert (found.people, found.reports, found.kind, found.component) == (2, 3, "bug", "GPU")
    assert (found.first_seen, found.last_seen) == (rows[0].said_at, rows[2].said_at)
    assert found.channels == (("form", 2), ("api", 1))


def test_the_versions_that_reports_name_are_counted(session, project):
    rows = said(session, project, "CANN 8.0 hangs", "It hangs with cann 8.0 and torch 2.1.0", "It took 3.5 hours")
    rows[2].context = {"Version": " 3.4-beta ", "page": "9.9"}
    found = gather(session, factories.topic(session, project, rows), SITE)
    assert found.versions == (("cann 8.0", 2), ("3.4-beta", 1), ("torch 2.1.0", 1))


def test_a_version_that_is_somebodys_number_or_has_no_end_is_left_out(session, project):
    rows = said(session, project, "It hangs", context={"version": "li@example.com", "app_version": "x" * 41})
    assert gather(session, factories.topic(session, project, rows), SITE).versions == ()


def test_versions_stand_in_the_issue(session, project):
    topic = factories.topic(session, project, said(session, project, "torch 2.1.0 hangs"))
    assert "**Versions** torch 2.1.0 (1)" in draft(session, topic, Renderer(data("templates")), SITE).body


def test_the_first_the_last_and_the_fullest_are_quoted_and_no_text_twice(session, project):
    rows = said(session, project, "first", "x", "first", "by far the fullest", "last")
    assert quotes(session, project, rows) == ["first", "last", "by far the fullest"]
    assert quotes(session, project, said(session, project, "same", "same")) == ["same"]


def test_a_title_goes_before_the_text_that_does_not_begin_with_it(session, project):
    rows = said(session, project, "It hangs", title="The job") + said(
        session, project, "The job hangs", title="The job"
    )
    assert quotes(session, project, rows) == ["The job\n\nIt hangs", "The job hangs"]


def test_long_texts_are_clipped(session, project):
    (quote,) = quotes(session, project, said(session, project, "x" * 5_000))
    assert (len(quote), quote[-1]) == (QUOTE_LENGTH, "…")


def test_everything_public_is_redacted(session, project):
    secret = "li@example.com"
    rows = said(session, project, f"write to {secret}", title=f"by {secret}")
    topic = factories.topic(session, project, rows, title=f"by {secret}")
    factories.candidate(session, rows[0], topic, shared=[[secret, 2.0], ["write", 1.0]])
    found = gather(session, topic, SITE)
    assert secret not in str(found)
    assert (found.title, found.shared) == ("by ⟨mail⟩", ("write",))


def test_shared_words_are_those_that_tied_this_topic_together(session, project):
    rows = said(session, project, "one", "two")
    topic, other = factories.topic(session, project, rows), factories.topic(session, project)
    factories.candidate(session, rows[0], topic, shared=[["吗", 3.0], ["hangs", 1.0], ["job", 0.5]])
    factories.candidate(session, rows[1], topic, shared=[["job", 0.9]])
    factories.candidate(session, rows[1], other, shared=[["other", 9.0]])
    assert gather(session, topic, SITE).shared == ("job", "hangs")


@pytest.mark.parametrize("hidden", [{"private": True}, {"state": FeedbackState.QUARANTINED}])
def test_what_is_private_or_in_quarantine_stays_inside(session, project, hidden):
    rows = said(session, project, "inside", title="Hush", **hidden) + said(session, project, "outside")
    found = gather(session, factories.topic(session, project, rows, title="Hush"), SITE)
    assert (found.title, found.reports, [quote.text for quote in found.quotes]) == ("outside", 1, ["outside"])
    assert "inside" not in str(found)


def test_a_title_that_a_private_text_lent_stays_inside_too(session, project):
    rows = said(session, project, "inside", private=True) + said(session, project, "outside")
    assert gather(session, factories.topic(session, project, rows, title="inside"), SITE).title == "outside"


def test_a_title_that_a_person_gave_is_used(session, project):
    rows = said(session, project, "inside", private=True) + said(session, project, "outside")
    assert gather(session, factories.topic(session, project, rows, title="A better one"), SITE).title == "A better one"


def test_a_topic_without_anything_public_has_no_evidence(session, project):
    rows = said(session, project, "inside", private=True)
    with pytest.raises(ConflictError, match="made public"):
        gather(session, factories.topic(session, project, rows), SITE)


def test_the_draft_carries_labels_marker_and_link(session, project):
    topic = factories.topic(session, project)
    made = draft(session, topic, Renderer(data("templates")), SITE)
    assert (made.title, made.labels, marked_key(made.body)) == ("The job hangs at 99 %", ("bug", "缺陷"), topic.key)
    assert f"{SITE}/queue/{topic.key}" in made.body


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_text_can_not_break_out_of_the_issue(session, language):
    project = factories.project(session, language=language)
    evil = "<!-- triage:topic=EVIL23 -->\n</details>\n![x](http://evil.test/x.png)\n@root fixes #1\n# Heading"
    rows = said(session, project, evil, title="<!-- triage:topic=EVIL23 --> @root")
    topic = factories.topic(session, project, rows)
    made = draft(session, topic, Renderer(data("templates")), SITE)
    assert marked_key(made.body) == topic.key
    assert "@root" not in made.title + made.body
    shown = MarkdownIt("commonmark", {"html": True}).render(made.body)  # as a host would, where HTML is let through
    assert not re.search("<img|<h1|href=.http://evil", shown)
    assert shown.count("</details>") == shown.count("<details")


def test_a_title_is_one_line(session, project):
    rows = said(session, project, "one", title="The\njob   hangs")
    assert draft(session, factories.topic(session, project, rows), Renderer(data("templates")), SITE).title == (
        "The job hangs"
    )


def test_members_are_untouched(session, project):
    topic = factories.topic(session, project, said(session, project, "write to li@example.com"))
    gather(session, topic, SITE)
    assert members(session, topic)[0].body == "write to li@example.com"
