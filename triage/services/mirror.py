"""The mirror: the repository's issues as rows, so that what is there already is found before anything is filed.

Pulling stores them as the host has them; reading cuts their words for the candidate index, a few at a time. Issues of
our own topics are not mirrored here: `followup` reads them with their comments and tells what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from triage.db.engine import Database
from triage.db.tables import Filing, Issue, Project, Topic
from triage.domain.drafts import marked_key
from triage.domain.verdicts import Known
from triage.errors import OutsideError
from triage.hosts import Host, HostIssue
from triage.ml.duplicates import DuplicateModel
from triage.services import places
from triage.services.indexing import READING, stored, turn

BATCH = 50  # issues a transaction: short enough that nobody waits for it
OVERLAP = timedelta(hours=1)  # we look back by this much, for clocks differ and a pull may have died half-way
BODY = 20_000  # characters of an issue that are kept
UNLISTED = "the host doesn't list it any more: it was deleted or moved, or became one that only members see"
READ = 4_000  # characters of an issue that are compared

Clock = Callable[[], datetime]
Progress = Callable[[int], None]
Heard = Callable[[int, list[str]], None]


def pull(db: Database, project_id: int, *, host: Host, now: datetime, heard: Heard) -> OutsideError | None:
    """Store every issue that changed since the last pull, all of them where the project's `polled_at` is None.

    `heard` is told of each batch: how many came, and the numbers of our topics'. Returns what went wrong;
    what came before that stays stored, and the next pull begins where this one did.
    """
    error = None
    with db.read() as session:
        polled_at = session.get_one(Project, project_id).polled_at
    if polled_at is not None and polled_at > now:
        polled_at = None  # the clock was put back: nobody knows what was missed, so everything is read
    try:
        _ask_whether_public(db, project_id, host)
        for some in _batches(host.changed_since(_since(polled_at))):
            heard(len(some), kept(db, project_id, some, now=now))
    except OutsideError as failure:
        error = failure
    if error is not None:
        broke_off(db, project_id, error)
        return error
    with db.write() as session:
        project = session.get_one(Project, project_id)
        if polled_at is None:
            _gone(session, project, now)
        project.poll_error, project.polled_at = "", now
    return None


def _ask_whether_public(db: Database, project_id: int, host: Host) -> None:
    """Learn whether everybody can read the repository, before anything that is read there is passed on."""
    public = host.public()
    with db.write() as session:
        session.get_one(Project, project_id).host_public = public


def _since(polled_at: datetime | None) -> datetime | None:
    """Return from when on to ask, by the full hour: the same question again a host may answer with “as before”."""
    return (polled_at - OVERLAP).replace(minute=0, second=0, microsecond=0) if polled_at else None


def broke_off(db: Database, project_id: int, error: OutsideError) -> None:
    """Write down why reading a project's host came to no end."""
    with db.write() as session:
        session.get_one(Project, project_id).poll_error = str(error)


def _gone(session: Session, project: Project, now: datetime) -> None:
    """Note which mirrored issues a list of all of them left out: nothing is to be linked to them, or held back by them.

    Those of our topics are read one by one.
    """
    mine = update(Issue).where(Issue.project_id == project.id, Issue.repo == project.host_repo)
    missing = Issue.topic_id.is_(None), Issue.read_at < now, Issue.error == ""
    session.execute(mine.where(*missing).values(error=UNLISTED))


def _batches(issues: Iterator[HostIssue]) -> Iterator[list[HostIssue]]:
    while some := list(islice(issues, BATCH)):
        yield some


def kept(db: Database, project_id: int, found: Sequence[HostIssue], *, now: datetime) -> list[str]:
    """Do as `keep` in a transaction of its own; another connection may store one of them between look and insert."""
    try:
        with db.write() as session:
            return keep(session, session.get_one(Project, project_id), found, now=now)
    except IntegrityError:
        with db.write() as session:
            return keep(session, session.get_one(Project, project_id), found, now=now)


def keep(session: Session, project: Project, found: Sequence[HostIssue], *, now: datetime) -> list[str]:
    """Store issues that are none of our topics', and return the numbers of those that are."""
    rows = {row.number: row for row in session.scalars(_of(project, [one.number for one in found]))}
    rows |= places.carried(session, project, [one for one in found if one.number not in rows])
    topics = _marked(session, project, found)
    ours = []
    for one in found:
        row, topic = rows.get(one.number), topics.get(marked_key(one.body) or "")
        if (row is not None and row.topic_id is not None) or (topic is not None and awaited(session, topic, one)):
            ours.append(one.number)
            continue
        if topic is not None and one.open and topic.issue is not None and topic.issue.author == one.author:
            stray(session, topic, now)
        if row is None:
            row = rows[one.number] = fresh(session, project, one.number, now=now)
        elif one.updated_at < row.host_updated_at:
            row.read_at = now  # it is there
            continue  # an older reading that was overtaken
        write(row, one, now=now)
    return ours


def _of(project: Project, numbers: Iterable[str]) -> Any:
    mine = select(Issue).where(Issue.project_id == project.id, Issue.repo == project.host_repo)
    return mine.where(Issue.number.in_(list(numbers)))


def _marked(session: Session, project: Project, found: Iterable[HostIssue]) -> dict[str, Topic]:
    """Return our topics that these issues are marked with, by their keys."""
    keys = {key for one in found if (key := marked_key(one.body))}
    rows = select(Topic).where(Topic.project_id == project.id, Topic.key.in_(keys))
    return {topic.key: topic for topic in session.scalars(rows)} if keys else {}


def awaited(session: Session, topic: Topic, found: HostIssue) -> bool:
    """Return whether a marked issue is its topic's: it has none and may have one, or we lost the memory of filing it.

    A marker that somebody copied is none of ours: so what no filing speaks for has to be by our own account, and open.
    """
    if places.here(topic) is not None:
        return False
    return topic.filing is not None or (found.open and found.author != "" and _by_us(session, topic, found.author))


def _by_us(session: Session, topic: Topic, author: str) -> bool:
    """Return whether `author` is our account: by the project's settings, or as what was filed before is by it too."""
    if topic.project.host_account:
        return topic.project.host_account == author
    theirs = Issue.project_id == topic.project_id, Issue.repo == topic.project.host_repo, Issue.author == author
    filed = select(Issue.id).join(Filing, Filing.topic_id == Issue.topic_id).where(*theirs, Filing.state == "filed")
    return session.scalar(filed.limit(1)) is not None


def stray(session: Session, topic: Topic, now: datetime) -> None:
    """Have the topic's issues counted again, or closed: another one of ours with its marker has turned up."""
    again = {"filed": "checking", "withdrawn": "withdrawing"}
    if topic.filing is not None and topic.filing.state in again:
        topic.filing.state, topic.filing.next_try_at = again[topic.filing.state], now
        session.flush()


def row_of(session: Session, project: Project, number: str) -> Issue | None:
    """Return our row of the issue `number` of the project's repository."""
    found: Issue | None = session.scalar(_of(project, [number]))
    return found


def fresh(session: Session, project: Project, number: str, *, now: datetime) -> Issue:
    """Return a new row for the issue `number`, to be written next."""
    row = Issue(project_id=project.id, repo=project.host_repo, number=number, title="", body="", created_at=now)
    session.add(row)
    return row


def write(row: Issue, found: HostIssue, *, now: datetime) -> None:
    """Store what the host says of an issue; where its words changed they are to be read anew."""
    title, body = found.title, found.body[:BODY]
    if (row.title, row.body) != (title, body):
        row.title, row.body, row.cut, row.recipe, row.text_at = title, body, {}, "", None
    row.url, row.author = found.url, found.author
    row.open, row.reason, row.labels = found.open, found.reason.value, list(found.labels)
    if row.milestone != found.milestone:
        row.release = row.release_url = ""  # it belonged to the old one; the follow-up asks anew
    row.milestone, row.assignees, row.duplicate_of = found.milestone, list(found.assignees), found.duplicate_of
    row.confidential = found.confidential
    row.opened_at, row.closed_at = found.created_at, found.closed_at
    row.host_updated_at, row.read_at, row.error = found.updated_at, now, ""


def known(issue: Issue) -> Known:
    """Return `issue` as the gates look at it."""
    return Known(issue.number, issue.open, issue.reason, tuple(map(str, issue.labels)), issue.closed_at)


def unread(session: Session, limit: int = BATCH) -> list[Issue]:
    """Return mirrored issues whose words wait to be cut."""
    rows = select(Issue).where(Issue.text_at.is_(None), Issue.topic_id.is_(None)).order_by(Issue.id).limit(limit)
    return list(session.scalars(rows.options(load_only(Issue.id, Issue.title, Issue.body, Issue.host_updated_at))))


def read(db: Database, model: DuplicateModel, *, now: Clock, progress: Progress | None = None) -> int:
    """Cut the words of all mirrored issues that wait for it, and return how many; the index finds them from then on."""
    total = 0
    for some in _waves(db):
        cuts = [(row, stored(model.cut(row.title, row.body[:READ]))) for row in some]
        with db.write() as session:
            moment = turn(session, now())
            for row, cut in cuts:
                same = Issue.id == row.id, Issue.host_updated_at == row.host_updated_at  # else it waits again
                session.execute(update(Issue).where(*same).values(cut=cut, recipe=READING, text_at=moment))
        total += len(some)
        if progress:
            progress(len(some))
    return total


def _waves(db: Database) -> Iterator[list[Issue]]:
    while True:
        with db.read() as session:
            some = unread(session)
        if not some:
            return
        yield some
