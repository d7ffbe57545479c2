"""A picture of a feedback on the issue: once, on a maintainer's word, and nothing private."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from tests import factories
from tests.fakes.host import BROKEN, FakeHost
from triage.db.tables import Attachment, Feedback, Project, Remark, Topic
from triage.domain.drafts import remark_key
from triage.errors import ConflictError, NotFoundError, OutsideError
from triage.services import pictures, projects, remarks
from triage.services.attaching import BUSY, CLAIM, NO_ISSUE, PRIVATE, Uploads, attach


class Story:
    """A topic with one picture, and its issue on a host in memory."""

    def __init__(self, db, host, folder: Path, clock):
        self.db, self.host, self.folder, self.clock = db, host, folder, clock
        host.open()
        out = io.BytesIO()
        Image.new("RGB", (4, 3)).save(out, "PNG")
        with db.write() as session:
            topic = factories.filed(session)
            feedback = session.scalars(select(Feedback).where(Feedback.topic_id == topic.id)).one()
            picture = pictures.read(io.BytesIO(out.getvalue()), limit=10_000)
            self.id = pictures.store(session, feedback, picture, folder=folder, now=clock()).id
            self.topic_id, self.name, self.pixels = topic.id, picture.name, picture.data

    def attach(self) -> str | None:
        uploads = Uploads(self.folder, "http://triage.test/queue/pictures/1")
        return attach(self.db, self.id, host=self.host, uploads=uploads, now=self.clock())

    def change(self, kind, key, **fields):
        with self.db.write() as session:
            row = session.get_one(kind, key)
            for name, value in fields.items():
                setattr(row, name, value)

    def row(self) -> Attachment:
        with self.db.read() as session:
            return session.get_one(Attachment, self.id)

    def owed(self) -> list[Remark]:
        with self.db.read() as session:
            return list(session.scalars(select(Remark)))


@pytest.fixture
def story(db, host: FakeHost, tmp_path: Path, clock) -> Story:
    return Story(db, host, tmp_path, clock)


def test_the_picture_is_on_the_issue_and_we_know_where(story: Story):
    url = story.attach()
    assert story.host.attached == {story.name: story.pixels}
    assert (story.row().issue_url, story.row().attaching_until) == (url, None)
    assert story.owed() == []


def test_a_second_time_changes_nothing(story: Story):
    assert story.attach() == story.attach()
    assert story.host.calls.count("attach") == 1


def test_where_an_upload_is_not_seen_a_comment_shows_it_once(story: Story):
    story.host.unshown = True
    url = story.attach()
    (owed,) = story.owed()
    for _ in range(2):
        remarks.work(story.db, owed.id, host=story.host, now=story.clock())
    (note,) = story.host.notes
    assert remark_key(note.body) == owed.key
    assert note.body.endswith(f"]({url})")


def test_where_the_host_takes_no_pictures_a_comment_links_to_it_once_and_it_is_asked_again(story: Story):
    story.host.attaches = False
    assert story.attach() is None
    assert story.attach() is None
    assert [row.body for row in story.owed()] == [
        "[A picture that came with a report](http://triage.test/queue/pictures/1)"
    ]
    story.host.attaches = True
    assert story.attach() == story.row().issue_url


@pytest.mark.parametrize("after", [False, True])
def test_a_failure_is_told_and_can_be_tried_again(story: Story, after: bool):
    story.host.fail("attach", BROKEN, after=after)
    with pytest.raises(OutsideError):
        story.attach()
    assert (story.row().issue_url, story.row().attaching_until) == ("", None)
    assert story.attach()


def test_two_at_once_are_one(story: Story):
    def second() -> None:
        with pytest.raises(ConflictError, match=BUSY):
            story.attach()

    story.host.meanwhile("attach", second)
    assert story.attach()
    assert story.host.calls.count("attach") == 1


def test_a_claim_runs_out(story: Story):
    story.change(Attachment, story.id, attaching_until=story.clock() + CLAIM)
    with pytest.raises(ConflictError, match=BUSY):
        story.attach()
    story.clock.forward(seconds=CLAIM.total_seconds() + 1)
    assert story.attach()


def test_one_who_was_overtaken_keeps_the_first_address(story: Story):
    story.host.meanwhile("attach", lambda: story.change(Attachment, story.id, issue_url="http://git.test/first"))
    story.attach()
    assert story.row().issue_url == "http://git.test/first"


def test_none_is_put_on_an_issue_of_others(story: Story):
    """It has the same number, where the project is now."""
    with story.db.write() as session:
        project = session.scalars(select(Project)).one()
        projects.change(session, project, [("host_repo", "team/other")], key=factories.KEY)
    with pytest.raises(ConflictError, match="stands where the project was before"):
        story.attach()
    assert story.host.calls == []


def test_without_an_issue_there_is_nothing_to_add_it_to(story: Story):
    story.change(Topic, story.topic_id, issue=None)
    with pytest.raises(ConflictError, match=NO_ISSUE):
        story.attach()


@pytest.mark.parametrize("confidential", [False, True])
def test_what_is_private_goes_to_a_confidential_issue_only(story: Story, confidential: bool):
    with story.db.write() as session:
        row = session.get_one(Attachment, story.id)
        row.feedback.private, row.feedback.topic.issue.confidential = True, confidential
    if confidential:
        assert story.attach()
        return
    with pytest.raises(ConflictError, match=PRIVATE):
        story.attach()
    assert not story.host.calls


def test_what_is_about_security_is_private_too(story: Story):
    story.change(Topic, story.topic_id, component="security")
    with pytest.raises(ConflictError, match=PRIVATE):
        story.attach()


def test_a_picture_whose_file_is_gone(story: Story):
    pictures.path(story.folder, story.row()).unlink()
    with pytest.raises(NotFoundError):
        story.attach()


def test_a_picture_that_never_was(story: Story):
    story.id = 999
    with pytest.raises(NotFoundError):
        story.attach()
