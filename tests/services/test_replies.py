import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.databases import emptied
from tests.fakes.host import BROKEN, DENIED, Fault
from triage.db.tables import Feedback, Notice, Project, Remark, Reply, Topic
from triage.domain.drafts import marker
from triage.errors import ConflictError, InvalidError
from triage.services import followup, remarks, replies


class Story:
    """A filed topic of one reporter, its issue, and what the reporter writes later."""

    def __init__(self, db, clock, host, **policy):
        self.db, self.clock, self.host = db, clock, host
        with db.write() as session:
            self.project = factories.project(session, policy=policy, host_public=True)
            self.topic_id = factories.filed(session, self.project, key="ABC234").id
        host.open(marker("ABC234"))

    def reply(self, text="It also hangs at night", *, objection=False):
        with self.db.write() as session:
            row = session.query(Feedback).filter_by(topic_id=self.topic_id).first()
            return replies.reply(session, row, text, objection=objection, now=self.clock()).id

    def deliver(self, **later):
        self.clock.forward(**(later or {"seconds": 1}))
        with self.db.write() as session:
            remarks.gather(session, now=self.clock())
        with self.db.read() as session:
            rows = remarks.due(session, now=self.clock())
        for row in rows:
            remarks.work(self.db, row, host=self.host, now=self.clock())

    def poll(self):
        followup.poll(self.db, self.project.id, host=self.host, now=self.clock())

    @property
    def said(self):
        return [note.body.partition("\n")[2] for note in self.host.notes]

    def set(self, table, **fields):
        with self.db.write() as session:
            for row in session.query(table):
                for name, value in fields.items():
                    setattr(row, name, value)

    def get(self, table):
        with self.db.read() as session:
            return session.query(table).one()


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def test_what_a_reporter_adds_becomes_a_comment_once(story):
    story.reply("It also hangs at night")
    story.deliver()
    story.deliver()
    assert story.said == ["A reporter adds:\n\n> It also hangs at night"]


def test_it_is_redacted_and_can_neither_mention_nor_forge(story):
    story.reply(f"@mei call 13812345678 {marker('EVIL23')}\n# Big")
    story.deliver()
    body = story.host.notes[0].body
    assert ("13812345678" in body, "@mei" in body, marker("EVIL23") in body, "\n# Big" in body) == (False,) * 4


def test_still_broken_is_said_without_words_too(story):
    story.reply("", objection=True)
    story.deliver()
    assert story.said == ["A reporter says that it still happens."]


@pytest.mark.parametrize("reopen", [True, False])
def test_still_broken_reopens_where_the_project_wants_it(db, clock, host, reopen):
    story = Story(db, clock, host, reopen_on_objection=reopen)
    host.close()
    story.poll()
    story.reply("No, still there", objection=True)
    story.deliver()
    story.poll()
    assert (host.issues["1"].open, story.get(Topic).state) == (reopen, "filed" if reopen else "resolved")
    assert story.said == ["A reporter says that it still happens:\n\n> No, still there"]


def test_an_addition_reopens_nothing(db, clock, host):
    story = Story(db, clock, host, reopen_on_objection=True)
    host.close()
    story.reply("thanks!")
    story.deliver()
    assert not host.issues["1"].open


def test_our_own_comment_is_no_news(story):
    story.reply()
    story.deliver()
    story.poll()
    with story.db.read() as session:
        assert session.query(Notice).count() == 0


@pytest.mark.parametrize("method", ["comments", "comment"])
@pytest.mark.parametrize("after", [True, False])
def test_what_failed_is_delivered_later_and_once(story, method, after):
    story.host.fail(method, BROKEN, after=after)
    story.reply()
    story.deliver()
    assert story.get(Remark).error == str(BROKEN)
    story.deliver(minutes=1)
    assert (len(story.said), story.get(Remark).state, story.get(Remark).error) == (1, "done", "")


def test_what_the_host_refuses_waits_for_a_person(story):
    story.host.fail("comment", DENIED)
    story.reply()
    story.deliver()
    story.deliver(days=1)
    assert (story.get(Remark).state, story.said) == ("failed", [])
    with story.db.write() as session:
        remarks.retry(session.query(Remark).one(), now=story.clock())
    story.deliver()
    assert len(story.said) == 1


def test_what_is_done_is_not_tried_again(story):
    story.reply()
    story.deliver()
    with story.db.write() as session:
        remarks.retry(session.query(Remark).one(), now=story.clock())
    assert story.get(Remark).state == "done"


def _die():
    raise KeyboardInterrupt


@pytest.mark.parametrize("after", [True, False])
def test_a_worker_that_died_is_taken_over(story, after):
    story.host.meanwhile("comment", _die, after=after)
    story.reply()
    with pytest.raises(KeyboardInterrupt):
        story.deliver()
    story.deliver(minutes=3)
    assert story.get(Remark).state == "waiting"
    story.deliver(minutes=2)
    assert (len(story.said), story.get(Remark).state) == (1, "done")


def test_a_worker_whose_claim_ran_out_says_nothing_more(story):
    story.host.meanwhile("comments", lambda: story.deliver(minutes=6), after=True)
    story.reply()
    story.deliver()
    assert len(story.said) == 1


def test_a_worker_whose_claim_ran_out_spoils_nothing(story):
    story.host.faults.append(Fault("comment", BROKEN, meanwhile=lambda: story.deliver(minutes=6)))
    story.reply()
    story.deliver()
    assert (len(story.said), story.get(Remark).state) == (1, "done")


def test_before_there_is_an_issue_it_waits(story):
    with story.db.write() as session:
        topic = session.get_one(Topic, story.topic_id)
        topic.issue.topic_id = None
    story.reply()
    story.deliver()
    assert (story.said, story.get(Reply).remark_id) == ([], None)


def test_undone_in_between_it_waits(story):
    story.reply()
    with story.db.write() as session:
        remarks.gather(session, now=story.clock())
        session.get_one(Topic, story.topic_id).issue.topic_id = None
    story.deliver()
    assert (story.said, story.get(Remark).state) == ([], "waiting")


def test_private_words_stay_inside_unless_the_issue_is_confidential(story):
    story.set(Feedback, private=True)
    story.reply()
    story.deliver()
    assert story.said == []
    with story.db.write() as session:
        session.get_one(Topic, story.topic_id).issue.confidential = True
    story.deliver()
    assert len(story.said) == 1


@pytest.mark.parametrize(("text", "code"), [("  ", "empty"), ("x" * 5_001, "reply_too_long")])
def test_nothing_and_too_much_are_refused(story, text, code):
    with pytest.raises(InvalidError) as refused:
        story.reply(text)
    assert refused.value.code == code


def test_a_button_pressed_twice_is_one_reply(story):
    first = story.reply("Still so", objection=True)
    assert story.reply("Still so", objection=True) == first
    assert story.reply("Still so") != first
    story.clock.forward(minutes=2)
    assert story.reply("Still so", objection=True) != first


def test_so_many_a_day_and_no_more(story):
    for number in range(replies.A_DAY):
        story.reply(f"{number}")
    with pytest.raises(ConflictError, match="one day"):
        story.reply()
    story.clock.forward(days=1, seconds=1)
    story.reply()


def test_who_is_in_quarantine_says_nothing_there(story):
    story.set(Feedback, state="quarantined")
    with pytest.raises(ConflictError, match="quarantine"):
        story.reply()


def test_a_topic_has_what_its_reporters_wrote_later(story):
    story.reply("one")
    story.reply("two")
    with story.db.read() as session:
        assert [row.text for row in replies.of_topic(session, story.topic_id)] == ["one", "two"]


# --- deliveries in any order

acts = st.lists(st.sampled_from(["close", "reopen", "say", "reply"]), min_size=1, max_size=6)


@settings(max_examples=25)
@given(acts, st.randoms(use_true_random=False))
def test_deliveries_in_any_order_and_number_end_in_the_same_place(db, clock, host, acts, chance):
    emptied(db)
    host.issues.clear()
    host.notes.clear()
    story = Story(db, clock, host)
    story.reply()
    for act in acts:
        {"close": host.close, "reopen": host.reopen, "say": lambda: host.say("Hello"), "reply": story.deliver}[act]()
        clock.forward(seconds=1)
    with db.write() as session:
        project = session.get_one(Project, story.project.id)
        rows = [factories.delivery(session, project, "1").id for _ in range(2 * len(acts))]
    chance.shuffle(rows)
    for row in [*rows, *rows]:
        followup.work(db, row, host=host, now=clock())
    with db.read() as session:
        state = session.get_one(Topic, story.topic_id).state
        told = [row.event for row in session.query(Notice)]
    assert state == ("filed" if host.issues["1"].open else "resolved")
    assert told.count("commented") == sum(not note.body.startswith("<!--") for note in host.notes)
    assert told.count("resolved") == (not host.issues["1"].open)
