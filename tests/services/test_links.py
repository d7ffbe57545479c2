"""What people put together or parted holds; joining by itself needs this project's own decisions, or the same words."""

from dataclasses import replace

import pytest

from tests import factories
from tests.services.test_analysis import HANG, PAINT, Overlap
from triage.db.tables import Candidate, Feedback, Project, Topic
from triage.domain.topics import TopicState
from triage.ml.calibration import Calibration
from triage.ml.clusters import Policy
from triage.ml.kinds import log_odds
from triage.ml.ranker import Ranker
from triage.services import analysis, links, proposals, review

EAGER, SHY = Calibration(1.0, 9.0, 40), Calibration(1.0, -9.0, 40)
LIKE = HANG + " tuesday"  # nearly the same


class Story:
    def __init__(self, site, shipped):
        self.site, self.db = site, site.db
        overlap = Overlap(shipped.segmenter, Ranker.plain())
        site.models = replace(shipped, duplicates=overlap, kinds=None, spam=None)
        with self.db.write() as session:
            self.project_id = factories.project(session).id
            self.mei = factories.actor(factories.user(session))

    def say(self, body):
        with self.db.write() as session:
            project = session.get_one(Project, self.project_id)
            number = factories.feedback(session, project, body, state="received", kind="").id
        analysis.analyse(self.site, number)
        with self.db.read() as session:
            return session.get_one(Feedback, number)

    def split(self, row):
        with self.db.write() as session:
            decision = review.split(session, session.get_one(Topic, row.topic_id), self.mei, [row.id])
            return session.query(Topic).filter_by(key=decision.detail["into"]).one().id

    def set(self, topic_id, state):
        with self.db.write() as session:
            session.get_one(Topic, topic_id).state = state


@pytest.fixture
def story(site, shipped):
    return Story(site, shipped)


def test_while_decisions_are_few_only_what_waits_for_a_person_is_joined(story):
    first = story.say(HANG)
    assert story.say(LIKE).topic_id == first.topic_id
    story.set(first.topic_id, TopicState.FILED)
    assert story.say(LIKE + " pytorch").topic_id != first.topic_id


def test_it_is_suggested_all_the_same(story):
    first = story.say(HANG)
    story.set(first.topic_id, TopicState.FILED)
    second = story.say(LIKE)
    with story.db.read() as session:
        assert [(one.feedback_id, one.topic_id) for one in session.query(Candidate)] == [(second.id, first.topic_id)]


def test_the_very_same_words_join_what_is_filed(story):
    first = story.say(HANG)
    story.set(first.topic_id, TopicState.FILED)
    assert story.say(HANG.upper()).topic_id == first.topic_id


def test_with_enough_decisions_what_is_filed_is_joined_too_and_the_probability_is_told(story):
    first = story.say(HANG)
    story.set(first.topic_id, TopicState.FILED)
    story.site.models.line = EAGER
    assert story.say(LIKE).topic_id == first.topic_id
    with story.db.read() as session:
        assert session.query(Candidate).one().probability > links.WANTED


def test_where_decisions_say_no_nothing_is_joined(story):
    first = story.say(HANG)
    story.site.models.line = SHY
    assert story.say(LIKE).topic_id != first.topic_id


def test_the_threshold_is_where_the_wanted_probability_begins():
    line = Calibration(2.0, -1.0, 40)
    assert line.probability(log_odds(links.policy(line).join)) == pytest.approx(links.WANTED)
    assert links.policy(None) == Policy()
    assert links.policy(EAGER).join == Policy().suggest


def test_what_a_person_split_off_draws_the_same_words_after_it(story):
    first, second = story.say(HANG), story.say(LIKE)
    fresh = story.split(second)
    assert story.say(LIKE).topic_id == fresh != first.topic_id


def test_what_was_parted_is_no_rival(story):
    story.say(HANG)
    fresh = story.split(story.say(LIKE))
    assert story.say(LIKE + " pytorch").topic_id == fresh  # without the split it would be a close call


def parted(session, *topics):
    return links.apart(session, [topic.id for topic in topics])


@pytest.fixture
def mei(session):
    return factories.actor(factories.user(session))


def split(session, topic, mei):
    decision = review.split(session, topic, mei, [review.members(session, topic)[0].id])
    return session.query(Topic).filter_by(key=decision.detail["into"]).one(), decision


def test_a_split_parts_two_topics(session, mei):
    topic = factories.topic(session, feedback=["one", "two"])
    fresh, _ = split(session, topic, mei)
    assert parted(session, topic, fresh) == {frozenset((topic.id, fresh.id))}
    assert parted(session, topic) == frozenset()


def test_what_is_merged_again_is_not_parted(session, mei):
    topic = factories.topic(session, feedback=["one", "two"])
    fresh, _ = split(session, topic, mei)
    review.merge(session, fresh, mei, topic)
    assert parted(session, topic, factories.topic(session, topic.project)) == frozenset()


def test_it_holds_for_what_the_two_live_on_in(session, mei):
    topic = factories.topic(session, feedback=["one", "two"])
    fresh, _ = split(session, topic, mei)
    home = factories.topic(session, topic.project)
    review.merge(session, fresh, mei, home)
    assert parted(session, topic, home) == {frozenset((topic.id, home.id))}


def test_saying_no_to_a_merge_parts_two_topics_until_it_is_undone(session, mei):
    topic = factories.topic(session)
    other = factories.topic(session, topic.project)
    decision = proposals.dismiss(session, factories.proposal(session, topic, other), mei)
    assert parted(session, topic, other) == {frozenset((topic.id, other.id))}
    decision.undone_at = mei.at
    session.flush()
    assert parted(session, topic, other) == frozenset()


def test_who_was_moved_by_a_person(session, mei):
    topic = factories.topic(session, feedback=["one", "two"])
    first, second = review.members(session, topic)
    _, decision = split(session, topic, mei)
    assert links.put_by_people(session, topic.project_id, [first.id, second.id]) == {first.id}
    assert links.put_by_people(session, topic.project_id, []) == set()
    decision.undone_at = mei.at
    session.flush()
    assert links.put_by_people(session, topic.project_id, [first.id]) == set()


def test_something_else_stays_something_else(story):
    assert story.say(HANG).topic_id != story.say(PAINT).topic_id
