"""Hearing back from the Git host.

Deliveries and polls say only what to read again; what is read moves topics and tells reporters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from triage.db.engine import Database
from triage.db.queries import canonical, lock
from triage.db.tables import Delivery, Feedback, Filing, HostNote, Issue, Notice, Project, Topic
from triage.domain.drafts import duplicate_of, marked_key, remark_key
from triage.domain.notices import Event
from triage.domain.retry import next_try
from triage.domain.topics import ON_HOST, OPEN, TopicState, ending
from triage.domain.verdicts import Policy
from triage.errors import OutsideError
from triage.hosts import Host, HostComment, HostEvent, HostIssue, Reason
from triage.services import mirror, places, review
from triage.services.evidence import public
from triage.services.filing import GONE, save_issue
from triage.services.notices import News, tell
from triage.services.review import Actor

ATTEMPTS = 10
UNDER_WAY = frozenset({"waiting", "held", "withdrawing"})
HOLD = timedelta(minutes=5)
KEEP = timedelta(days=14)  # for how long it can be looked up what a delivery said
UNSEEN = timedelta(days=1)  # an issue of ours that nobody has read for so long is looked after: it may be gone
LOOKED_AFTER = 20  # issues a poll


def take(
    session: Session, project: Project, event: HostEvent, *, now: datetime, request: tuple[str, int] = ("", 0)
) -> Delivery | None:
    """Remember a verified delivery and return its row, or None where it came before (a replay or a repetition).

    `request` is what may be shown of what was sent, and how many bytes the whole of it had.
    """
    row = Delivery(
        project_id=project.id,
        source=project.host,
        remote_id=event.delivery[:100],
        event=f"{event.event} {event.action}".strip(),
        number=event.number,
        request=request[0],
        size=request[1],
        next_try_at=now,
        attempts=0,
        created_at=now,
    )
    if event.private:
        project.host_public = False
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return None
    return row


def due(session: Session, *, now: datetime, limit: int = 500) -> list[int]:
    """Return the deliveries to be worked on now."""
    rows = select(Delivery.id).where(Delivery.state == "waiting", Delivery.next_try_at <= now)
    return list(session.scalars(rows.order_by(Delivery.id).limit(limit)))


def forget(session: Session, *, now: datetime) -> None:
    """Drop what old deliveries said; that they came, and what became of them, stays."""
    old = update(Delivery).where(Delivery.request != "", Delivery.created_at < now - KEEP, Delivery.state != "waiting")
    session.execute(old.values(request=""))


def work(db: Database, delivery_id: int, *, host: Host, now: datetime) -> None:
    """Act on one delivery by reading its issue again, and store how it went."""
    with db.write() as session:
        claimed = session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.state == "waiting", Delivery.next_try_at <= now)
            .values(next_try_at=now + HOLD, attempts=Delivery.attempts + 1)
        )
        if not claimed.rowcount:  # type: ignore[attr-defined]
            return
        row = session.get_one(Delivery, delivery_id)
        project_id, number = row.project_id, row.number
    error = _attempt(db, project_id, number, host, now)
    with db.write() as session:
        _store(session.get_one(Delivery, delivery_id), error, now)


def _attempt(db: Database, project_id: int, number: str, host: Host, now: datetime) -> OutsideError | None:
    try:
        read_again(db, project_id, number, host=host, now=now)
    except OutsideError as error:
        return error
    return None


def _store(row: Delivery, error: OutsideError | None, now: datetime) -> None:
    row.attempts -= error is not None and error.retry_after is not None  # who was asked to wait has not failed
    over = error is None or error.permanent or row.attempts >= ATTEMPTS
    row.error = str(error) if error else ""
    row.answer = "" if error else f"issue {row.number} was read again"
    row.state = "waiting" if not over else "failed" if error else "done"
    row.done_at = now if over else None
    if not over and error:
        row.next_try_at = next_try(now, row.attempts, error.retry_after)


def poll(
    db: Database, project_id: int, *, host: Host, now: datetime, progress: Callable[[int], None] | None = None
) -> int:
    """Read what changed since the last poll, and return how many issues of ours: the net under webhooks.

    `progress` hears how many issues came more, ours or not.
    """
    read = 0

    def heard(count: int, ours: Sequence[str]) -> None:
        nonlocal read
        for number in ours:
            _read_or_say(db, project_id, number, host, now)
            read += 1
        if progress:
            progress(count)

    if mirror.pull(db, project_id, host=host, now=now, heard=heard) is None:
        _look_after(db, project_id, host, now)
    return read


def _look_after(db: Database, project_id: int, host: Host, now: datetime) -> None:
    """Read those of our issues again that were not heard of for long: no list tells that an issue was deleted."""
    with db.read() as session:
        project = session.get_one(Project, project_id)
        mine = select(Issue.number).where(Issue.project_id == project_id, Issue.repo == project.host_repo)
        late = mine.where(Issue.topic_id.is_not(None), Issue.read_at < now - UNSEEN).order_by(Issue.read_at, Issue.id)
        numbers = list(session.scalars(late.limit(LOOKED_AFTER)))
    for number in numbers:
        try:
            _read_or_say(db, project_id, number, host, now)
        except OutsideError as error:
            mirror.broke_off(db, project_id, error)
            return


def _read_or_say(db: Database, project_id: int, number: str, host: Host, now: datetime) -> None:
    """Read one issue; one that is gone keeps no other from being read: its topic says so."""
    try:
        read_again(db, project_id, number, host=host, now=now)
    except OutsideError as error:
        if error.status not in GONE:
            raise


def read_again(db: Database, project_id: int, number: str, *, host: Host, now: datetime) -> None:
    """Read one issue from the host; if it is ours also its comments, and let its topic and reporters know what is new.

    Raises OutsideError; an issue that is gone or has moved says so on its row first. A reading during which we opened
    or closed the issue ourselves is void (hosts tell times by the second): the next one sees it as it is.
    """
    with db.read() as session:
        before = _pace(session, project_id, number)
    try:
        found = host.get(number)
        ours = mirror.kept(db, project_id, [found], now=now)
        comments = list(host.comments(number)) if ours else []
        if original := _original(found, comments):
            _fetch(db, project_id, original, host, now)
            found = replace(found, duplicate_of=original)
        if ours and found.milestone:
            found = replace(found, release=host.release(found.milestone))
    except OutsideError as error:
        if error.permanent:
            with db.write() as session:
                _gone(session, session.get_one(Project, project_id), number, str(error), now)
        raise
    with db.write() as session:
        topic = _topic_of(session, session.get_one(Project, project_id), found) if ours else None
        if topic is not None:
            lock(session, topic)
            if _pace(session, project_id, number) == before:
                _apply(session, topic, found, comments, now)


def _pace(session: Session, project_id: int, number: str) -> tuple[str, str] | None:
    """Return how far our own filing of an issue has come; two that differ mean that something was done in between."""
    found = session.execute(
        select(Filing.state, Filing.claimed_by)
        .join(Issue, Issue.topic_id == Filing.topic_id)
        .join(Project, Project.id == Issue.project_id)
        .where(Issue.project_id == project_id, Issue.repo == Project.host_repo, Issue.number == number)
    ).one_or_none()
    return (found.state, found.claimed_by) if found else None


def _original(found: HostIssue, comments: Sequence[HostComment]) -> str:
    """Return the number of the issue in which a duplicate goes on: the host's word, else the team's last one."""
    if found.open or found.reason != Reason.DUPLICATE:
        return ""
    said = [duplicate_of(comment.body) for comment in comments if comment.member]
    return found.duplicate_of or next((one for one in reversed(said) if one), "")


def _fetch(db: Database, project_id: int, number: str, host: Host, now: datetime) -> None:
    """Mirror an issue that isn't yet; one that can't be read ever is left out."""
    with db.read() as session:
        if mirror.row_of(session, session.get_one(Project, project_id), number) is not None:
            return
    try:
        found = host.get(number)
    except OutsideError as error:
        if not error.permanent:
            raise
        return
    mirror.kept(db, project_id, [found], now=now)


def _gone(session: Session, project: Project, number: str, error: str, now: datetime) -> None:
    issue = mirror.row_of(session, project, number)
    if issue is not None:
        issue.error, issue.read_at = error, now


def _topic_of(session: Session, project: Project, found: HostIssue) -> Topic | None:
    """Return the topic of an issue: by our own row, else by the marker that it carries."""
    topic = session.scalar(
        select(Topic)
        .join(Issue, Issue.topic_id == Topic.id)
        .where(Issue.project_id == project.id, Issue.repo == project.host_repo, Issue.number == found.number)
    )
    if topic is None and (key := marked_key(found.body)):
        topic = session.scalar(select(Topic).where(Topic.key == key, Topic.project_id == project.id))
        if topic is not None and not mirror.awaited(session, topic, found):
            return None  # somebody copied our marker into another issue
    return topic


def _apply(session: Session, topic: Topic, found: HostIssue, comments: Sequence[HostComment], now: datetime) -> None:
    if topic.filing is not None and topic.filing.state == "checking":
        return  # its issues are being counted; the next poll looks again
    known = places.here(topic)
    if known is not None and found.updated_at < known.host_updated_at:
        return  # an older reading that was overtaken
    if found.open:
        _remember(session, topic, now)
    was_open = topic.issue.open if topic.issue is not None else True
    issue = save_issue(session, topic, found, now=now)
    issue.release, issue.release_url = (found.release.name, found.release.url) if found.release else ("", "")
    session.flush()
    for comment in comments:
        _hear(session, topic, issue, comment, now)
    under_way = topic.filing is not None and topic.filing.state in UNDER_WAY  # then it is us who open and close it
    if not under_way and (topic.state in ON_HOST or topic.state == TopicState.DECLINED):
        _move(session, topic, found, was_open=was_open, now=now)
        if was_open and found.reason == Reason.DUPLICATE:
            _follow(session, topic, now)


def _follow(session: Session, topic: Topic, now: datetime) -> None:
    """Let the reporters of a duplicate follow the issue in which it goes on, or the topic that goes by that one.

    A decision like any other, by nobody, that can be undone; of a circle nothing is followed, and the topic says so.
    """
    if topic.issue is None or not topic.issue.duplicate_of:
        return
    further = canonical(session, topic.issue)
    if further.duplicate_of and not further.open:
        topic.issue.error = f"issue {topic.issue.number} is a duplicate in a circle, or of one that can't be read"
    elif further.topic is not None and further.topic is not topic:
        review.merge(session, topic, Actor(None, now), further.topic)
    elif further.id != topic.issue.id:
        review.follow(session, topic, Actor(None, now), further)


def _remember(session: Session, topic: Topic, now: datetime) -> None:
    """Bring our memory in line with an open issue that it doesn't account for, as when a backup was put back.

    What was undone before we knew of the issue is withdrawn; what the host has open although we closed it, or never
    heard of it, is taken for filed: somebody wanted it.
    """
    row = topic.filing
    if row is None and topic.issue is None:
        row = Filing(topic=topic, state="withdrawn", attempts=1, claimed_by="found", next_try_at=now, created_at=now)
        session.add(row)
    if row is not None and row.state == "cancelled":
        row.state, row.claimed_by, row.next_try_at = "withdrawing", row.claimed_by or "found", now
    elif row is not None and row.state == "withdrawn" and topic.state in OPEN:
        row.state, topic.state, topic.snoozed_until = "filed", TopicState.FILED, None


def _move(session: Session, topic: Topic, found: HostIssue, *, was_open: bool, now: datetime) -> None:
    about = f"{found.number}@{(found.closed_at or found.updated_at).isoformat()}"
    if was_open and not found.open:
        refusals = Policy.of(topic.project.policy).refusal_labels
        topic.state, event = ending(found.reason, found.labels, refusals)
        tell(session, topic, News(event, now, about, found.duplicate_of))
    elif not was_open and found.open:
        topic.state = TopicState.FILED
        tell(session, topic, News(Event.REOPENED, now, about))


def _hear(session: Session, topic: Topic, issue: Issue, comment: HostComment, now: datetime) -> None:
    """Keep a comment; one by a member is told to the reporters, redacted, once, and follows its edits."""
    if marked_key(comment.body) or remark_key(comment.body):
        return  # our own
    note = session.scalar(select(HostNote).where(HostNote.issue_id == issue.id, HostNote.remote_id == comment.id))
    if note is None:
        note = HostNote(issue_id=issue.id, remote_id=comment.id, created_at=now)
        session.add(note)
    note.author, note.body, note.member = comment.author, comment.body, bool(comment.member)
    note.url, note.said_at, note.internal = comment.url, comment.created_at, comment.internal
    hidden = issue.confidential or comment.internal
    policy, public_there = Policy.of(topic.project.policy), topic.project.host_public
    words = policy.for_reporters(comment.body, public=public_there, confidential=hidden) if note.member else ""
    if not words:
        return
    about, text = f"comment:{comment.id}", public(words)
    tell(session, topic, News(Event.COMMENTED, now, about, text, comment.author))
    session.flush()
    here = select(Feedback.id).where(Feedback.project_id == topic.project_id)  # another host counts its comments anew
    session.execute(
        update(Notice)
        .where(Notice.event == Event.COMMENTED, Notice.about == about, Notice.text != text)
        .where(Notice.feedback_id.in_(here))
        .values(text=text)
        .execution_options(synchronize_session=False)
    )
