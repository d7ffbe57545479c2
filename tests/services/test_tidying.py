"""The periodic pass: who stands for a topic, what looks like one, what falls apart, and what people said before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from tests.services.test_analysis import HANG, PAINT, Overlap
from triage.db.queries import members
from triage.db.tables import Proposal, Topic
from triage.domain.topics import TopicState
from triage.ml.ranker import Ranker
from triage.services import proposals, review
from triage.services.indexing import stored
from triage.services.tidying import tidy
from triage.services.undo import undo

LOGIN = "Signing in with the code from the mail fails since the update of yesterday evening"


class Story:
    def __init__(self, site, session, shipped):
        overlap = Overlap(shipped.segmenter, Ranker.plain())
        self.site, self.session, site.models = site, session, replace(shipped, duplicates=overlap)
        self.project, self.mei = factories.project(session), factories.actor(factories.user(session))

    def topic(self, *bodies, **fields):
        cut = self.site.models.duplicates.cut
        rows = [
            factories.feedback(self.session, self.project, body, cut=stored(cut("", body)), analysed_at=START)
            for body in bodies
        ]
        return factories.topic(self.session, self.project, rows, **fields)

    def tidy(self):
        number = self.project.id
        self.session.commit()
        found = tidy(self.site, number)
        self.session.expire_all()
        return found

    def open(self):
        return [(row.kind, row.topic_id, row.other_id) for row in proposals.waiting(self.session, self.project)]


@pytest.fixture
def story(site, session, shipped):
    return Story(site, session, shipped)


def test_two_topics_that_say_the_same_are_proposed_with_their_evidence(story):
    old, young = story.topic(HANG), story.topic(HANG + " tuesday", first_seen=START + timedelta(days=1))
    assert story.tidy().as_dict() == {"topics": 2, "merges": 1, "splits": 0}
    assert story.open() == [("merge", young.id, old.id)]
    (pair,) = proposals.about(story.session, old)[0].pairs
    assert pair[:2] == [one.id for topic in (old, young) for one in members(story.session, topic)]
    assert pair[2] > 0.7
    assert [word for word, _ in pair[3]] == ["hang"]


def test_what_is_on_the_host_takes_the_other_in_whatever_its_age(story):
    old = story.topic(HANG)
    filed = story.topic(HANG + " tuesday", state=TopicState.FILED, first_seen=START + timedelta(days=1))
    story.tidy()
    assert story.open() == [("merge", old.id, filed.id)]


def test_two_that_are_both_on_the_host_stay_two(story):
    for body in (HANG, HANG + " tuesday"):
        story.topic(body, state=TopicState.FILED)
    assert story.tidy().merges == 0


def test_what_is_not_alike_is_not_proposed(story):
    story.topic(HANG)
    story.topic(PAINT)
    assert story.tidy().merges == 0


def test_a_topic_of_two_things_is_proposed_to_be_split(story):
    topic = story.topic(HANG, HANG + " tuesday", PAINT)
    assert story.tidy().splits == 1
    (row,) = proposals.about(story.session, topic)
    first, second, third = (one.id for one in members(story.session, topic))
    assert row.groups == [[first, second], [third]]


def test_tidying_again_proposes_nothing_twice(story):
    story.topic(HANG)
    story.topic(HANG + " tuesday")
    story.tidy()
    story.tidy()
    assert story.session.query(Proposal).count() == 1


def test_what_no_longer_holds_is_closed(story):
    topic, other = story.topic(HANG), story.topic(HANG + " tuesday")
    story.tidy()
    review.spam(story.session, other, story.mei)
    story.tidy()
    assert story.open() == []
    assert proposals.about(story.session, topic) == []


def test_a_merge_that_a_person_refused_is_not_proposed_again_until_that_is_undone(story):
    story.topic(HANG)
    story.topic(HANG + " tuesday")
    story.tidy()
    decision = proposals.dismiss(story.session, proposals.waiting(story.session, story.project)[0], story.mei)
    assert story.tidy().merges == 0
    undo(story.session, story.session.merge(decision), story.mei)
    assert story.tidy().merges == 1
    assert story.session.query(Proposal).filter_by(outdated=False).count() == 1


def test_what_a_person_split_is_not_merged(story):
    topic = story.topic(HANG, HANG + " tuesday")
    review.split(story.session, topic, story.mei, [members(story.session, topic)[0].id])
    assert story.tidy().merges == 0


def test_what_a_person_put_together_is_not_split(story):
    topic, other = story.topic(HANG), story.topic(PAINT)
    review.merge(story.session, other, story.mei, topic)
    assert story.tidy().splits == 0


def test_a_split_that_a_person_refused_is_not_proposed_again_but_what_joined_later_may_go(story):
    topic = story.topic(HANG, PAINT)
    story.tidy()
    proposals.dismiss(story.session, proposals.waiting(story.session, story.project)[0], story.mei)
    assert story.tidy().splits == 0
    joined = story.topic(LOGIN)
    members(story.session, joined)[0].topic_id = topic.id
    assert story.tidy().splits == 0  # the two refused ones would still be parted


def test_the_medoid_stands_first_and_gives_the_title_while_nobody_has_decided(story):
    topic = story.topic(HANG + " tuesday pytorch", HANG, HANG + " again tomorrow", title="old")
    for row in members(story.session, topic):
        row.title = row.body[-12:]
    story.tidy()
    rows = members(story.session, topic)
    assert topic.representatives[0] == rows[1].id
    assert sorted(topic.representatives) == [row.id for row in rows]
    assert topic.title == rows[1].title


def test_the_title_of_what_was_decided_on_stays(story):
    topic = story.topic(*[HANG] * 3, title="old", state=TopicState.ACCEPTED)
    story.tidy()
    assert story.session.get_one(Topic, topic.id).title == "old"


def test_a_topic_without_feedback_is_left_alone(story):
    topic = story.topic()
    assert story.tidy().topics == 1
    assert topic.representatives == []


def test_other_projects_are_left_alone(story):
    factories.topic(story.session)
    assert story.tidy().topics == 0
