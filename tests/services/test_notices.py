import threading

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from tests import factories
from tests.fakes.clock import START
from triage.db.queries import members
from triage.db.tables import Notice
from triage.domain.feedback import FeedbackState
from triage.domain.notices import Event
from triage.errors import OutsideError
from triage.render import Renderer
from triage.services import notices
from triage.services.notices import News, Postman, deliver, language_of, tell

REFUSED = OutsideError("the mail server refused the address (550)", permanent=True)
AWAY = OutsideError("the mail server can't be reached")
NEWS = News(Event.COMMENTED, START, "comment:1", "We found it", "mei")


@pytest.fixture
def renderer(tmp_path):
    folder = tmp_path / "templates/notice/filed"
    folder.mkdir(parents=True)
    for part in ("subject.txt", "body.txt", "body.html"):
        (folder / part).write_text("{{ _('Hello') }} {{ project.name }} {{ link }} {{ mute }}")
    return Renderer(tmp_path / "templates")


@pytest.fixture
def post(db, clock, letters, renderer):
    """Deliver one notice now."""
    postman = Postman(letters, renderer, "http://triage.test")
    return lambda row: deliver(db, row.id, postman, now=clock())


@pytest.fixture
def notice(db):
    with db.write() as session:
        project = factories.project(session, name="Demo")
        return factories.notice(session, factories.feedback(session, project, email="li@example.com"))


def again(db, row):
    with db.read() as session:
        return session.get(Notice, row.id)


# --- telling


def test_every_reporter_is_told_once(session):
    topic = factories.topic(session, feedback=["one", "two"])
    assert tell(session, topic, NEWS) == 2
    session.flush()
    assert tell(session, topic, NEWS) == 0
    assert {(row.event, row.about, row.text, row.author) for row in session.query(Notice)} == {
        ("commented", "comment:1", "We found it", "mei")
    }


def test_who_said_it_several_times_gets_one_mail(session):
    """Each of their pages tells it."""
    project = factories.project(session)
    one, other = (factories.reporter(session, project, email=f"{name}@example.com") for name in ("li", "zoe"))
    rows = [factories.feedback(session, project, reporter=who) for who in (one, one, other)]
    assert tell(session, factories.topic(session, project, rows), NEWS) == 3
    session.flush()
    told = {row.feedback_id: row.mail_state for row in session.query(Notice)}
    assert [told[row.id] for row in rows] == ["waiting", "none", "waiting"]


def test_who_joins_later_is_told_then(session):
    topic = factories.topic(session)
    tell(session, topic, NEWS)
    factories.feedback(session, topic.project, topic=topic)
    assert tell(session, topic, NEWS) == 1


def test_another_comment_is_other_news(session):
    topic = factories.topic(session)
    tell(session, topic, NEWS)
    assert tell(session, topic, News(Event.COMMENTED, START, "comment:2")) == 1


def test_nobody_in_quarantine_is_told(session):
    topic = factories.topic(session)
    members(session, topic)[0].state = FeedbackState.QUARANTINED
    assert tell(session, topic, NEWS) == 0


@pytest.mark.parametrize(
    ("who", "state", "at"),
    [
        ({"email": "li@example.com"}, "waiting", START),
        ({}, "none", None),
        ({"email": "li@example.com", "muted_at": START}, "none", None),
    ],
)
def test_a_mail_is_written_to_who_gave_an_address_and_wants_it(session, who, state, at):
    project = factories.project(session)
    notices.tell_one(session, factories.feedback(session, project, **who), NEWS)
    row = session.query(Notice).one()
    assert (row.mail_state, row.next_try_at, row.happened_at) == (state, at, START)


@pytest.mark.parametrize(
    ("reporter", "feedback", "project", "chosen"),
    [
        ("en", "zh", "zh", "en"),
        ("", "en", "zh", "en"),
        ("", "other", "en", "en"),
        ("", "", "zh", "zh"),
        ("tlh", "", "xx", "zh"),
    ],
)
def test_people_are_written_to_in_their_language(session, reporter, feedback, project, chosen):
    owner = factories.project(session, language=project)
    person = factories.reporter(session, owner, language=reporter)
    assert language_of(factories.feedback(session, owner, reporter=person, language=feedback)) == chosen


# --- sending


def test_a_letter_goes_out_once(db, post, notice, letters):
    post(notice)
    post(notice)
    (letter,) = letters.sent
    assert (again(db, notice).mail_state, again(db, notice).mail_attempts) == ("sent", 1)
    assert (letter.to, letter.id) == ("li@example.com", f"triage-notice-{notice.id}")


def test_a_letter_says_where_to_look_and_how_to_have_peace(db, post, notice, letters):
    post(notice)
    with db.read() as session:
        feedback = session.get(Notice, notice.id).feedback
        link = f"http://triage.test/s/{feedback.receipt}"
        mute = f"http://triage.test/mute/{feedback.reporter.mute_code}"
    assert letters.sent[0].text == f"Hello Demo {link} {mute}\n"
    assert letters.sent[0].unsubscribe == mute


def test_two_workers_send_one_letter(post, notice, letters):
    threads = [threading.Thread(target=post, args=(notice,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(letters.sent) == 1


def test_an_address_that_is_refused_is_not_written_to_again(db, post, notice, letters):
    letters.refusals = [REFUSED]
    post(notice)
    post(notice)
    row = again(db, notice)
    assert (row.mail_state, row.mail_error, row.next_try_at, letters.sent) == ("failed", str(REFUSED), None, [])


def test_a_server_that_is_away_is_tried_again_later(db, post, notice, letters, clock):
    letters.refusals = [AWAY]
    post(notice)
    assert (again(db, notice).mail_state, again(db, notice).mail_error) == ("waiting", str(AWAY))
    post(notice)
    clock.forward(seconds=30)
    post(notice)
    assert (len(letters.sent), again(db, notice).mail_error) == (1, "")


def test_after_eight_attempts_a_letter_is_given_up(db, post, notice, letters, clock):
    letters.refusals = [AWAY] * 9
    for _ in range(9):
        post(notice)
        clock.forward(days=1)
    assert (again(db, notice).mail_state, len(letters.refusals)) == ("failed", 1)


def test_a_sender_that_died_is_taken_over(db, post, notice, letters, clock):
    letters.send = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        post(notice)
    del letters.send
    post(notice)
    assert again(db, notice).mail_state == "sending"
    clock.forward(minutes=10)
    post(notice)
    assert again(db, notice).mail_state == "sent"


def test_who_wants_peace_meanwhile_gets_no_letter(db, post, notice, letters, clock):
    with db.write() as session:
        session.get(Notice, notice.id).feedback.reporter.muted_at = clock()
    post(notice)
    assert (again(db, notice).mail_state, letters.sent) == ("none", [])


def test_a_notice_that_is_undone_while_it_is_sent_stays_undone(db, post, notice, letters):
    def undone(_):
        with db.write() as session:
            session.delete(session.get(Notice, notice.id))

    letters.send = undone
    post(notice)
    assert again(db, notice) is None


def test_what_is_due(session, clock):
    feedback = factories.feedback(session, factories.project(session))
    states = [
        ("waiting", START),
        ("sending", START),
        ("sent", None),
        ("none", None),
        ("waiting", clock.forward(hours=1)),
    ]
    rows = [
        factories.notice(session, feedback, about=str(at), mail_state=state, next_try_at=due)
        for at, (state, due) in enumerate(states)
    ]
    assert notices.due(session, now=START) == [rows[0].id, rows[1].id]
    assert notices.due(session, now=START, limit=1) == [rows[0].id]


def test_an_undo_in_the_very_moment_after_sending_is_waited_for(db, clock, letters, renderer, notice):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("optional: on SQLite one writes at a time")

    class Undoing:
        def send(self, letter):
            letters.send(letter)
            session = Session(db.engine)
            session.execute(delete(Notice))
            threading.Timer(0.3, lambda: (session.commit(), session.close())).start()

    deliver(db, notice.id, Postman(Undoing(), renderer, "http://triage.test"), now=clock())
    assert again(db, notice) is None
