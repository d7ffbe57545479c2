from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests import factories
from tests.fakes.host import BROKEN
from triage.db.tables import Issue, Project
from triage.domain.drafts import marker
from triage.search import Query
from triage.services import mirror


class Story:
    """A project and the issues that were in its repository before."""

    def __init__(self, site, host):
        self.site, self.db, self.host = site, site.db, host
        with self.db.write() as session:
            self.project_id = factories.project(session).id

    def pull(self):
        came = []
        heard = lambda count, ours: came.append((count, ours))  # noqa: E731
        self.error = mirror.pull(self.db, self.project_id, host=self.host, now=self.site.now(), heard=heard)
        return sum(count for count, _ in came), [number for _, ours in came for number in ours]

    def read(self):
        return mirror.read(self.db, self.site.models.duplicates, now=self.site.now)

    @property
    def project(self):
        with self.db.read() as session:
            return session.get_one(Project, self.project_id)

    @property
    def rows(self):
        with self.db.read() as session:
            return session.query(Issue).order_by(Issue.id).all()


@pytest.fixture
def story(site, host):
    yield Story(site, host)
    site.index.close()


def test_what_is_there_already_becomes_rows(story):
    story.host.open("RPC failed", title="镜像拉取失败", author="lin")
    assert story.pull() == (1, [])
    row = story.rows[0]
    assert (row.number, row.title, row.body, row.author) == ("1", "镜像拉取失败", "RPC failed", "lin")
    assert (row.topic_id, row.open, row.text_at, row.opened_at) == (None, True, None, story.host.clock.time)


def test_the_first_time_everything_comes_then_what_changed(story, clock):
    for number in range(3):
        story.host.open(title=f"T{number}")
    assert story.pull()[0] == 3
    clock.forward(hours=5)
    story.pull()
    assert story.pull()[0] == 0
    story.host.close("2")
    assert story.pull()[0] == 1
    assert [row.open for row in story.rows] == [True, False, True]


def test_pulling_twice_makes_no_second_row(story):
    story.host.open()
    story.pull()
    story.pull()
    assert len(story.rows) == 1


def test_batches_are_heard_of_as_they_come(story):
    for _ in range(mirror.BATCH + 1):
        story.host.open()
    assert story.pull() == (mirror.BATCH + 1, [])
    assert len(story.rows) == mirror.BATCH + 1


def test_what_came_before_an_error_stays_and_it_starts_there_again(story, monkeypatch):
    monkeypatch.setattr(mirror, "BATCH", 1)
    story.host.open()
    story.host.fail("changed_since", BROKEN, after=True)
    assert story.pull()[0] == 1
    assert (story.error, story.project.poll_error, story.project.polled_at) == (BROKEN, str(BROKEN), None)
    story.pull()
    assert (story.project.poll_error, story.project.polled_at) == ("", story.site.now())


def test_a_reading_that_was_overtaken_changes_nothing(story):
    story.host.open(title="new")
    story.pull()
    old = story.host.issues["1"]
    story.host.close()
    story.pull()
    with story.db.write() as session:
        mirror.keep(session, session.get_one(Project, story.project_id), [old], now=story.site.now())
    assert not story.rows[0].open


def test_our_own_topics_issues_are_left_to_the_follow_up(story):
    with story.db.write() as session:
        project = session.get_one(Project, story.project_id)
        factories.filed(session, project, key="HAS234")
        topic = factories.topic(session, project, key="WAT234", state="accepted")
        factories.filing(session, topic)
    for key in ("HAS234", "WAT234"):
        story.host.open(marker(key))
    assert story.pull() == (2, ["1", "2"])
    assert len(story.rows) == 1


@pytest.mark.parametrize("key", ["HAS234", "NON234", "ZZZ234"])
def test_a_marker_that_somebody_copied_makes_no_issue_ours(story, key):
    with story.db.write() as session:
        project = session.get_one(Project, story.project_id)
        factories.filed(session, project, key="HAS234", number="7")
        factories.topic(session, project, key="NON234")
    story.host.open(marker(key), author="stranger")
    assert story.pull() == (1, [])


def test_a_huge_body_is_kept_in_part(story):
    story.host.open("x" * 1_000_000)
    story.pull()
    assert len(story.rows[0].body) == mirror.BODY


def test_words_are_cut_once_and_again_when_they_change(story, clock):
    story.host.open("the job hangs", title="Training")
    story.pull()
    assert (story.read(), story.read()) == (1, 0)
    assert (story.rows[0].cut["title"], story.rows[0].text_at) == (["train"], clock())
    clock.forward(hours=1)
    story.host.edit("1", title="Notebook")
    story.pull()
    assert (story.rows[0].text_at, story.read()) == (None, 1)
    assert story.rows[0].cut["title"] == ["notebook"]


def test_what_changes_while_it_is_being_read_is_read_again(story, monkeypatch):
    story.host.open(title="First")
    story.pull()
    cut = story.site.models.duplicates.cut

    def meanwhile(title, body):
        if title == "First":
            story.host.clock.forward(minutes=1)
            story.host.edit("1", title="Second")
            story.pull()
        return cut(title, body)

    monkeypatch.setattr(story.site.models.duplicates, "cut", meanwhile)
    assert story.read() == 2
    assert story.rows[0].cut["title"] == ["second"]


def test_progress_is_heard_of(story):
    story.host.open()
    story.pull()
    steps = []
    mirror.read(story.db, story.site.models.duplicates, now=story.site.now, progress=steps.append)
    assert steps == [1]


# --- the index follows


def found(story, words):
    with story.db.read() as session:
        added = story.site.follower.catch_up(session)
    hits = story.site.index.find(Query(story.project_id, [], words.split()))
    return added, [(hit.kind, hit.id) for hit in hits]


def test_the_index_finds_issues_and_feedback_side_by_side(story, clock):
    with story.db.write() as session:
        project = session.get_one(Project, story.project_id)
        cut = {"title": [], "body": ["train", "hang"], "versions": [], "codes": [], "devices": []}
        one = factories.feedback(session, project, "training hangs", analysed_at=clock(), cut=cut)
    story.host.open("the training hangs", title="Stuck")
    story.pull()
    story.read()
    assert found(story, "hang") == (2, [("feedback", one.id), ("issue", story.rows[0].id)])
    assert found(story, "hang")[0] == 0


def test_an_issue_that_changed_is_found_by_its_new_words_only(story, clock):
    story.host.open(title="hangs")
    story.pull()
    story.read()
    assert found(story, "hang")[1]
    clock.forward(seconds=1)
    story.host.edit("1", title="crashes")
    story.pull()
    story.read()
    assert (found(story, "crash")[1], found(story, "hang")[1]) == ([("issue", story.rows[0].id)], [])


def test_many_of_the_same_moment_all_get_into_the_index(story, monkeypatch):
    monkeypatch.setattr("triage.services.indexing.BATCH", 4)
    for number in range(11):
        story.host.open(title=f"crash {number}")
    story.pull()
    story.read()
    assert found(story, "crash")[0] == 11


def test_what_is_read_after_the_clock_was_put_back_is_found_too(story, clock):
    story.host.open(title="crash")
    story.pull()
    story.read()
    assert found(story, "crash")[1]
    clock.forward(hours=-1)
    story.host.open(title="hang")
    story.pull()
    story.read()
    assert found(story, "hang")[1]


def test_after_the_clock_was_put_back_everything_is_asked_for(story, clock):
    story.host.open()
    clock.forward(days=2)
    story.pull()
    clock.forward(days=-1)
    story.host.open()
    assert story.pull()[0] == 2


def test_polling_looks_back_an_hour_for_clocks_that_differ(story, clock):
    story.pull()
    story.host.open()
    clock.forward(minutes=59)
    with story.db.write() as session:
        session.get_one(Project, story.project_id).polled_at = clock()
    assert story.pull()[0] == 1
    clock.forward(seconds=timedelta(hours=2).total_seconds())
    with story.db.write() as session:
        session.get_one(Project, story.project_id).polled_at = clock()
    assert story.pull()[0] == 0


def test_within_an_hour_the_same_question_is_asked(story, clock, monkeypatch):
    asked = []
    monkeypatch.setattr(story.host, "changed_since", lambda since: iter(asked.append(since) or ()))
    for _ in range(4):
        clock.time = clock.time.replace(minute=clock.time.minute // 10 * 10 + 1)
        story.pull()
        clock.forward(minutes=10)
    assert len(set(asked[1:])) == 1


def test_what_a_list_of_all_leaves_out_is_gone_and_comes_back_when_it_is_there_again(story, clock):
    for _ in range(2):
        story.host.open()
    story.pull()
    kept = story.host.issues.pop("1")
    clock.forward(hours=3)
    story.pull()
    assert [bool(row.error) for row in story.rows] == [False, False]
    again(story)
    assert [row.error for row in story.rows] == [mirror.UNLISTED, ""]
    story.host.issues["1"] = kept
    again(story)
    assert [row.error for row in story.rows] == ["", ""]


def again(story):
    story.host.clock.forward(minutes=1)
    with story.db.write() as session:
        session.get_one(Project, story.project_id).polled_at = None
    story.pull()


def test_an_issue_that_another_connection_stores_at_the_same_moment_is_stored_once(story):
    """Its webhook is worked on while the poll comes by."""
    if story.db.engine.dialect.name == "sqlite":
        pytest.skip("optional: on SQLite one writes at a time")
    story.host.open("first", author="zoe")
    found, first = list(story.host.issues.values()), [True]

    def quicker(*_):
        if first and first.pop():
            mirror.kept(story.db, story.project_id, found, now=story.site.now())

    event.listen(Session, "before_flush", quicker)
    try:
        assert mirror.kept(story.db, story.project_id, found, now=story.site.now()) == []
    finally:
        event.remove(Session, "before_flush", quicker)
    assert len(story.rows) == 1
