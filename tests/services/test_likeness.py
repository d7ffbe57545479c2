import pytest

from tests import factories
from triage.db.tables import Decision, Feedback, Issue, IssueCandidate, Project, Topic
from triage.domain.topics import TopicState
from triage.domain.verdicts import Standing
from triage.errors import ConflictError
from triage.hosts import Reason
from triage.ml.duplicates import DuplicateModel, Match
from triage.ml.ranker import Ranker
from triage.services import analysis, likeness, mirror, review, undo

HANG = "The training job on 4 NPU hangs at 99 % and never ends, the log stops after epoch 12"
PAINT = "Please add a dark theme to the notebook editor, white hurts my eyes at night"


class Overlap(DuplicateModel):
    """Ranks by the share of words in common, so that these tests don't hang on how the ranker was trained."""

    def rank(self, query, candidates, shown=20):
        wanted = set(query.cut.body)
        scored = [(len(wanted & set(one.cut.body)) / len(wanted | set(one.cut.body)), one) for one, _ in candidates]
        best = sorted(scored, key=lambda pair: -pair[0])[:shown]
        return [Match(one.id, score, None, (("hang", score),), (), one.kind) for score, one in best]


class Story:
    """A project whose repository has issues, which feedback may be about."""

    def __init__(self, site, host):
        self.site, self.db, self.host = site, site.db, host
        with self.db.write() as session:
            self.project_id = factories.project(session).id

    def mirror(self):
        mirror.pull(self.db, self.project_id, host=self.host, now=self.site.now(), heard=lambda *_: None)
        mirror.read(self.db, self.site.models.duplicates, now=self.site.now)

    def say(self, body):
        """One feedback, analysed; returns its topic's id."""
        with self.db.write() as session:
            project = session.get_one(Project, self.project_id)
            row = factories.feedback(session, project, body, state="received")
        analysis.analyse(self.site, row.id)
        with self.db.read() as session:
            return session.get_one(Feedback, row.id).topic_id

    def resemblances(self, topic_id):
        with self.db.read() as session:
            found = likeness.resemblances(session, session.get_one(Topic, topic_id))
            return [(one.issue.number, one.standing) for one in found]

    def link(self, topic_id, number):
        with self.db.write() as session:
            topic = session.get_one(Topic, topic_id)
            issue = session.query(Issue).filter_by(number=number).one()
            return review.link(session, topic, factories.actor(), issue).id

    def undo(self, decision_id):
        with self.db.write() as session:
            undo.undo(session, session.get_one(Decision, decision_id), factories.actor())

    def topic(self, topic_id):
        with self.db.read() as session:
            topic = session.get_one(Topic, topic_id)
            return topic.state, topic.issue and topic.issue.number, topic.filing and topic.filing.state


@pytest.fixture
def story(site, host):
    site.models.duplicates = Overlap(site.models.segmenter, Ranker.plain())
    yield Story(site, host)
    site.index.close()


def test_an_issue_that_says_the_same_is_kept_with_the_feedback_and_says_why(story):
    story.host.open(HANG, title="Training hangs", author="lin")
    story.host.open(PAINT, title="Dark theme", author="lin")
    story.mirror()
    topic_id = story.say(HANG)
    assert story.resemblances(topic_id) == [("1", Standing.SAME)]
    with story.db.read() as session:
        assert session.query(IssueCandidate).one().shared


def test_an_issue_closed_as_done_is_a_regression_and_no_duplicate(story):
    story.host.open(HANG)
    story.host.close(reason=Reason.COMPLETED)
    story.mirror()
    topic_id = story.say(HANG)
    assert story.resemblances(topic_id) == [("1", Standing.REGRESSION)]
    with pytest.raises(ConflictError, match="closed as done"):
        story.link(topic_id, "1")
    assert story.topic(topic_id) == (TopicState.NEW, None, None)


def test_a_duplicate_stands_for_the_issue_in_which_it_goes_on(story):
    story.host.open(HANG)
    story.host.open("the real one")
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.mirror()
    topic_id = story.say(HANG)
    assert story.resemblances(topic_id) == [("2", Standing.SAME)]
    story.link(topic_id, "1")
    assert story.topic(topic_id)[1] == "2"


def test_duplicates_in_a_circle_end(story):
    for _ in range(3):
        story.host.open(HANG)
    for one, other in (("1", "2"), ("2", "3"), ("3", "1")):
        story.host.close(one, Reason.DUPLICATE, duplicate_of=other)
    story.mirror()
    assert {meant for _, meant in story.resemblances(story.say(HANG))} == {Standing.DUPLICATE}


def test_an_issue_that_is_gone_is_nobodys_match(story):
    story.host.open(HANG)
    story.mirror()
    with story.db.write() as session:
        session.query(Issue).filter_by(number="1").one().error = "it is gone"
    topic_id = story.say(HANG)
    assert story.resemblances(topic_id) == []
    with pytest.raises(ConflictError, match="gone"):
        story.link(topic_id, "1")


def test_a_topic_is_compared_anew_with_the_issues_of_today(story):
    story.host.open(HANG)
    topic_id = story.say(HANG)
    story.mirror()
    with story.db.write() as session:
        likeness.look(story.site, session, session.get_one(Topic, topic_id))
    assert story.resemblances(topic_id) == [("1", Standing.SAME)]
    with story.db.read() as session:
        found = likeness.resemblances(session, session.get_one(Topic, topic_id))
        assert [one.number for one in likeness.equal(found)] == ["1"]


# --- linking


def test_a_linked_topic_goes_by_the_issue_and_nothing_is_filed(story):
    story.host.open(HANG)
    story.mirror()
    topic_id = story.say(HANG)
    story.link(topic_id, "1")
    assert story.topic(topic_id) == (TopicState.FILED, "1", None)
    assert story.resemblances(topic_id) == []


def test_feedback_like_a_linked_issue_joins_its_topic(story):
    story.host.open(HANG)
    story.mirror()
    topic_id = story.say("It is stuck")
    story.link(topic_id, "1")
    assert story.say(HANG) == topic_id


def test_undoing_a_link_frees_the_issue(story):
    story.host.open(HANG)
    story.mirror()
    topic_id = story.say(HANG)
    story.undo(story.link(topic_id, "1"))
    assert (story.topic(topic_id), story.resemblances(topic_id)) == ((TopicState.NEW, None, None), [("1", "same")])


def test_linking_takes_back_what_was_to_be_filed_and_undoing_files_it(story):
    story.host.open(HANG)
    story.mirror()
    topic_id = story.say(HANG)
    with story.db.write() as session:
        review.accept(session, session.get_one(Topic, topic_id), factories.actor())
    decision_id = story.link(topic_id, "1")
    assert story.topic(topic_id) == (TopicState.FILED, "1", "cancelled")
    story.undo(decision_id)
    assert story.topic(topic_id) == (TopicState.ACCEPTED, None, "waiting")


def test_linked_to_an_issue_that_was_refused_the_reporters_hear_that(story):
    story.host.open(HANG)
    story.host.close(reason=Reason.NOT_PLANNED)
    story.mirror()
    topic_id = story.say(HANG)
    story.link(topic_id, "1")
    assert story.topic(topic_id) == (TopicState.DECLINED, "1", None)


def test_an_issue_belongs_to_one_topic_only(story):
    story.host.open(HANG)
    story.mirror()
    story.link(story.say(HANG), "1")
    with pytest.raises(ConflictError, match="merge into that one"):
        story.link(story.say(PAINT), "1")


def test_an_issue_of_another_project_is_not_linked(story):
    story.host.open(HANG)
    story.mirror()
    with story.db.write() as session:
        other = factories.topic(session).id
    with pytest.raises(ConflictError, match="another project"):
        story.link(other, "1")
