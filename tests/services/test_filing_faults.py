"""Whatever goes wrong in whatever order, a topic has one issue in the end if it is wanted, and none if it is not.

The steps: people accept and undo, workers (whose clocks may be an hour off) try, die at any call, lose answers, meet
each other in the middle of a call; lists lag; the database is put back from a backup. Then the trouble ends, time
passes, and everything has to come right by itself.
"""

import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from tests import factories
from tests.databases import emptied, sqlite_copy, sqlite_template
from tests.fakes.clock import Clock
from tests.fakes.host import BROKEN, LOST, FakeHost, Fault
from triage.db.engine import Database
from triage.db.tables import Filing, Project, Table, Topic
from triage.domain.drafts import Draft, marked_key, marker
from triage.domain.topics import TopicState
from triage.errors import ConflictError, OutsideError
from triage.services import filing, followup, review, undo
from triage.services.review import Actor

RUNS = int(os.environ.get("TRIAGE_TEST_FAULT_RUNS", "2000"))
LIMITED = OutsideError("slow down", retry_after=120, status=429)


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing below catches it."""


def killed():
    raise Killed


class Lagging(FakeHost):
    """A host whose lists show an issue only when it is `lag` old."""

    lag = timedelta()

    def created_since(self, since):
        return self.ripe(super().created_since(since))

    def changed_since(self, since):
        return self.ripe(super().changed_since(since))

    def ripe(self, found):
        return iter([one for one in found if one.created_at <= self.clock() - self.lag])


class World:
    """One topic, its host and its database; every method is something that happens."""

    def __init__(self, db):
        self.db, self.clock, self.host = db, Clock(), Lagging()
        self.host.clock, self.backup = self.clock, None
        with db.write() as session:
            self.project_id = factories.project(session, host_account="bot").id
            self.topic_id = factories.topic(session, session.get_one(Project, self.project_id)).id
            self.key = session.get_one(Topic, self.topic_id).key

    def accept(self):
        with self.db.write() as session:
            review.accept(session, session.get_one(Topic, self.topic_id), Actor(None, self.clock()))

    def undo(self):
        with self.db.write() as session:
            last = review.latest(session, session.get_one(Topic, self.topic_id))
            if last is not None:
                undo.undo(session, last, Actor(None, self.clock()))

    def attempt(self, skew=0):
        now = self.clock() + timedelta(hours=skew)
        with self.db.read() as session:
            rows = list(session.scalars(select(Filing.id)))  # due or not: a queue brings some late, and some twice
        for row in rows:
            filing.work(self.db, row, host=self.host, draft=Draft("Title", marker(self.key)), now=now)

    def poll(self, skew=0):
        now = self.clock() + timedelta(hours=skew)
        followup.poll(self.db, self.project_id, host=self.host, now=now)

    def save(self, _=0):
        with self.db.read() as session:
            self.backup = [(table, session.execute(select(table)).mappings().all()) for table in tables()]

    def restore(self, _=0):
        if self.backup:
            emptied(self.db)
            with self.db.write() as session:
                for table, rows in self.backup:
                    if rows:
                        session.execute(table.insert(), [dict(row) for row in rows])

    def sleep(self, minutes):
        self.clock.forward(minutes=minutes)

    def lag(self, seconds):
        self.host.lag = timedelta(seconds=seconds)

    def do(self, step):
        """Do one step; a refusal by a rule and a dead worker are what may happen."""
        name, argument, fault = step
        if fault:
            method, kind, after, skip = fault
            self.host.faults.append(replace(self.fault(method, kind, after=after), skip=skip))
        with suppress(ConflictError, Killed):
            getattr(self, name)() if name in {"accept", "undo"} else getattr(self, name)(argument)
        self.host.faults.clear()

    def fault(self, method, kind, *, after):
        if kind in {"accept", "undo", "restore"}:
            return Fault(method, meanwhile=lambda: self.do((kind, None, None)), after=after)
        if kind in {"second", "ahead"}:  # another worker, whose clock is right or an hour ahead
            return Fault(method, meanwhile=lambda: self.do(("attempt", int(kind == "ahead"), None)), after=after)
        if kind == "kill":
            return Fault(method, meanwhile=killed, after=after)
        return Fault(method, {"lost": LOST, "broken": BROKEN, "limit": LIMITED}[kind], after=after and kind != "limit")

    def end(self):
        """No more trouble: what waits is due, what was claimed by the dead is free, and the host tells all."""
        self.host.lag = timedelta()
        for _ in range(3):
            self.clock.forward(hours=7)
            self.attempt()
            self.poll()

    @property
    def made(self):
        """How many issues were ever made for the topic."""
        return sum(marked_key(one.body) == self.key for one in self.host.issues.values())

    def outcome(self):
        with self.db.read() as session:
            topic = session.get_one(Topic, self.topic_id)
            opened = [one.number for one in self.host.issues.values() if marked_key(one.body) == self.key and one.open]
            return topic.state, topic.filing and topic.filing.state, opened, topic.issue and topic.issue.number


def tables():
    return Table.metadata.sorted_tables


kinds = st.sampled_from(["kill", "kill", "lost", "broken", "limit", "accept", "undo", "restore", "second", "ahead"])
skips = st.sampled_from([0, 0, 0, 1])  # an attempt lists twice: before it creates and after it
filing_calls = st.sampled_from(["created_since", "create", "create", "edit", "comment"])
filing_faults = st.tuples(filing_calls, kinds, st.booleans(), skips)
poll_faults = st.tuples(st.sampled_from(["changed_since", "get", "comments"]), kinds, st.booleans(), skips)
skews = st.sampled_from([0, 0, 1, -1])
steps = st.one_of(
    st.tuples(st.just("attempt"), skews, filing_faults),
    st.tuples(st.just("attempt"), skews, filing_faults),
    st.tuples(st.just("sleep"), st.sampled_from([1, 6, 30, 61]), st.none()),
    st.tuples(st.sampled_from(["accept", "undo"]), st.none(), st.none()),
    st.tuples(st.just("poll"), skews, st.none() | poll_faults),
    st.tuples(st.just("lag"), st.sampled_from([0, 20, 600]), st.none()),
    st.tuples(st.sampled_from(["save", "restore"]), st.none(), st.none()),
)


def told_in_time(steps):
    """Whether no list lagged and no clock was wrong: then there is never a second issue, not even for a moment."""
    wrong = [name in {"lag", "attempt", "poll"} and argument for name, argument, _ in steps]
    return not any([*wrong, *(fault and fault[1] == "ahead" for _, _, fault in steps)])


def forgetful(steps):
    """Whether the database was put back from a backup: then it may not know any more that it closed the issue itself.

    That reads on the host like a closing by the team, so it is taken for one: the topic is closed, not new.
    """
    return any(name == "restore" or (fault and fault[1] == "restore") for name, _, fault in steps)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A database on SQLite that waits for no disk: this is about the order of things, not about power cuts."""
    folder = tmp_path_factory.mktemp("faults")
    made = Database(sqlite_copy(sqlite_template(folder), folder))
    event.listen(made.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    yield made
    made.close()


@settings(max_examples=RUNS)
@example(  # a worker withdrew the issue while a poll was reading it
    [
        ("attempt", 0, ("create", "undo", False, 0)),
        ("attempt", 0, ("created_since", "kill", False, 0)),
        ("poll", 0, ("comments", "ahead", False, 0)),
    ]
)
@example(  # filed, and the database put back from an hour ago
    [
        ("save", None, None),
        ("sleep", 61, None),
        ("attempt", 0, ("edit", "lost", True, 0)),
        ("restore", None, None),
        ("attempt", 0, ("edit", "lost", True, 0)),
    ]
)
@example(  # filed, undone and closed, and the database put back from before the undo
    [
        ("attempt", 0, ("create", "accept", False, 0)),
        ("save", None, None),
        ("undo", None, None),
        ("attempt", 0, ("edit", "lost", True, 0)),
        ("restore", None, None),
    ]
)
@given(st.lists(steps, min_size=2, max_size=10))
def test_a_topic_has_one_issue_in_the_end_whatever_went_wrong(quick, steps):
    world = World(quick)
    for step in [("accept", None, None), ("sleep", 1, None), *steps]:
        world.do(step)
    world.end()
    state, intent, opened, known = world.outcome()
    assert not told_in_time(steps) or world.made <= 1
    if state == TopicState.FILED:
        assert (intent, len(opened), known) == ("filed", 1, opened[0])
    elif forgetful(steps) and state == TopicState.CLOSED:
        assert (intent, opened) == ("filed", [])
        assert marked_key(world.host.issues[known].body) == world.key
    else:
        assert (state, opened) == (TopicState.NEW, [])
        assert intent in {"withdrawn", "cancelled", None}
    emptied(quick)


def test_what_we_closed_before_a_backup_was_put_back_counts_as_closed_and_can_be_taken_up_again(quick):
    world = World(quick)
    for name in ["accept", "sleep", "attempt", "save", "undo", "attempt", "restore"]:
        world.do((name, int(name == "sleep"), None))
    world.end()
    assert world.outcome() == (TopicState.CLOSED, "filed", [], "1")
    for name in ["undo", "accept"]:
        world.do((name, None, None))
    world.end()
    assert world.outcome() == (TopicState.FILED, "filed", ["1"], "1")
    emptied(quick)
