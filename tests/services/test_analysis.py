from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import Candidate, Feedback, Notice, Project, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.ml.duplicates import DuplicateModel, Match
from triage.ml.ranker import Ranker
from triage.ml.spam import SpamVerdict
from triage.services import analysis, review

HANG = "The training job on 4 NPU hangs at 99 % and never ends, the log stops after epoch 12"
PAINT = "Please add a dark theme to the notebook editor, white hurts my eyes at night"


class Overlap(DuplicateModel):
    """Ranks by the share of words in common, so that these tests don't hang on how the ranker was trained."""

    meanwhile = None  # what happens once while texts are compared

    def rank(self, query, candidates, shown=20):
        if self.meanwhile and candidates:
            act, self.meanwhile = self.meanwhile, None
            act()
        wanted = set(query.cut.body)
        scored = [(len(wanted & set(one.cut.body)) / len(wanted | set(one.cut.body)), one) for one, _ in candidates]
        return [Match(one.id, score, None, (("hang", score),), (), one.kind) for score, one in scored][:shown]


class Everything:
    """A spam model that takes everything for an advertisement."""

    def predict(self, text, **_):
        return SpamVerdict(spam=True, score=0.99, why=(("hang", 3.0),), against=(("please", 0.5),))


class Story:
    def __init__(self, site, shipped):
        self.site, self.db = site, site.db
        overlap = Overlap(shipped.segmenter, Ranker.plain())
        site.models = replace(shipped, duplicates=overlap, kinds=None, spam=None)
        with self.db.write() as session:
            self.project_id = factories.project(session, words={"GPU": ["NPU"], "编辑器": ["notebook"]}).id

    def receive(self, body, **fields):
        with self.db.write() as session:
            project = session.get_one(Project, fields.pop("project_id", self.project_id))
            return factories.feedback(session, project, body, **({"state": "received", "kind": ""} | fields)).id

    def say(self, body, **fields):
        number = self.receive(body, **fields)
        analysis.analyse(self.site, number)
        return self.get(Feedback, number)

    def merge(self, row, into):
        with self.db.write() as session:
            topics = [session.get_one(Topic, one.topic_id) for one in (row, into)]
            review.merge(session, topics[0], factories.actor(), topics[1])

    def get(self, table, number):
        with self.db.read() as session:
            return session.get_one(table, number)

    def count(self, table):
        with self.db.read() as session:
            return session.query(table).count()


@pytest.fixture
def story(site, shipped):
    return Story(site, shipped)


def test_feedback_gets_its_labels_and_a_topic(story):
    row = story.say(HANG, title="It hangs", language="")
    topic = story.get(Topic, row.topic_id)
    assert (row.state, row.language, row.component, row.analysed_at) == ("analysed", "en", "GPU", START)
    assert (topic.state, topic.title, topic.reports, topic.people) == (TopicState.NEW, "It hangs", 1, 1)
    assert row.labels["component"] == {"guess": "GPU", "why": [["npu", 1.0]], "against": []}


def test_a_language_is_that_of_the_words_whatever_page_they_came_from(story):
    row = story.say(HANG, language="zh")
    assert row.language == "en"


def test_the_same_said_twice_is_one_topic_and_says_why(story):
    first, second = story.say(HANG), story.say(HANG + " again")
    assert second.topic_id == first.topic_id
    assert story.get(Topic, first.topic_id).reports == 2
    with story.db.read() as session:
        (candidate,) = session.query(Candidate)
    assert (candidate.feedback_id, candidate.topic_id) == (second.id, first.topic_id)
    assert candidate.shared[0][0] == "hang"


def test_something_else_is_another_topic(story):
    assert story.say(HANG).topic_id != story.say(PAINT).topic_id


def test_the_same_in_another_project_is_another_topic(story):
    with story.db.write() as session:
        other = factories.project(session).id
    assert story.say(HANG).topic_id != story.say(HANG, project_id=other).topic_id


def test_what_was_declined_is_not_joined_but_shown(story):
    first = story.say(HANG)
    with story.db.write() as session:
        review.decline(session, session.get_one(Topic, first.topic_id), factories.actor(), "no")
    assert story.say(HANG).topic_id != first.topic_id
    assert story.count(Candidate) == 1


def test_what_was_merged_is_joined_where_it_lives_on(story):
    first, other = story.say(HANG), story.say(PAINT)
    story.merge(first, other)
    assert story.say(HANG).topic_id == other.topic_id


def test_who_joins_a_filed_topic_is_told(story):
    first = story.say(HANG)
    with story.db.write() as session:
        topic = session.get_one(Topic, first.topic_id)
        topic.state = TopicState.FILED
        factories.issue(session, topic)
    second = story.say(HANG)
    with story.db.read() as session:
        told = {(row.feedback_id, row.event) for row in session.query(Notice)}
    assert (second.id, "filed") in told


def test_an_advertisement_goes_into_quarantine_with_its_reason(story):
    known = story.say(HANG)
    story.site.models.spam = Everything()
    row = story.say(HANG)
    topic = story.get(Topic, row.topic_id)
    assert (row.state, topic.state, topic.reports) == ("quarantined", TopicState.SPAM, 0)
    assert row.topic_id != known.topic_id
    assert row.labels["spam"] == {"score": 0.99, "why": [["hang", 3.0]], "against": [["please", 0.5]]}


def test_nothing_joins_what_is_in_quarantine(story):
    models, story.site.models.spam = story.site.models, Everything()
    first = story.say(HANG)
    models.spam = None
    assert story.say(HANG).topic_id != first.topic_id


@pytest.mark.parametrize("body", ["👍", "…", "x", "训" * 20_000, "\n".join(["    at a.b.c(D.java:1)"] * 300)])
def test_any_text_gets_an_answer(story, body):
    assert story.say(body).state == "analysed"


def test_what_is_done_or_gone_is_left_alone(story):
    row = story.say(HANG)
    analysis.analyse(story.site, row.id)
    analysis.analyse(story.site, row.id + 1_000)
    assert story.count(Topic) == 1


def test_the_same_is_found_after_the_clock_was_put_back(story):
    """A clock that went ahead for a while, or of two machines one that is behind."""
    story.site.now.forward(hours=1)
    story.say(PAINT)
    story.site.now.forward(hours=-1)
    first = story.say(HANG)
    assert story.say(HANG).topic_id == first.topic_id


def test_what_resembles_only_what_is_closed_is_not_said_to_be_the_first_of_its_kind(story):
    first = story.say(HANG)
    with story.db.write() as session:
        session.get_one(Topic, first.topic_id).state = TopicState.RESOLVED
    again = story.say(HANG)
    assert again.topic_id != first.topic_id
    assert again.labels["placement"] == {"why": "settled", "score": 1.0}


def test_while_a_topic_is_merged_away_nobody_joins_it(story):
    if story.db.engine.dialect.name == "sqlite":
        pytest.skip("optional: on SQLite one writes at a time")
    first, other = story.say(HANG), story.say(PAINT)
    story.site.models.duplicates.meanwhile = lambda: story.merge(first, other)
    assert story.say(HANG).topic_id == other.topic_id


# --- failing


def test_analysis_that_fails_leaves_the_feedback_in_the_queue_marked(story):
    number = story.receive(HANG)
    for attempt in range(1, analysis.ATTEMPTS + 1):
        assert story.get(Feedback, number).state == FeedbackState.RECEIVED
        analysis.failed(story.db, number, f"boom {attempt}", now=START)
    row = story.get(Feedback, number)
    assert (row.state, row.analysis_error, row.analysis_attempts) == ("unanalysed", "boom 3", 3)
    assert story.get(Topic, row.topic_id).reports == 1


def test_a_failure_of_what_is_done_or_gone_changes_nothing(story):
    row = story.say(HANG)
    analysis.failed(story.db, row.id, "late", now=START)
    analysis.failed(story.db, row.id + 1_000, "late", now=START)
    assert (story.get(Feedback, row.id).state, story.get(Feedback, row.id).analysis_error) == ("analysed", "")


@pytest.mark.parametrize(
    ("attempts", "seconds", "due"), [(0, 5, False), (0, 10, True), (1, 20, False), (1, 30, True), (2, 30, False)]
)
def test_what_is_due_leaves_time_to_the_one_that_is_at_it(session, attempts, seconds, due):
    project = factories.project(session)
    row = factories.feedback(session, project, state="received", analysis_attempts=attempts)
    factories.feedback(session, project)
    assert analysis.due(session, now=START + timedelta(seconds=seconds)) == ([row.id] if due else [])
