import json
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import Feedback, Project, Reporter
from triage.domain.feedback import BODY_LIMIT, Submission
from triage.errors import InvalidError
from triage.services.intake import checked, receive


@pytest.fixture
def project(session):
    return factories.project(session)


def take(session, project, body="It hangs", **how):
    return receive(session, project, Submission(body, **how), now=START)


def stored(session, received):
    session.flush()
    session.expire_all()
    return session.get_one(Feedback, received.feedback_id)


def refused(**how):
    with pytest.raises(InvalidError) as error:
        checked(Submission(**({"body": "It hangs"} | how)))
    return error.value.field, error.value.code


def test_feedback_is_stored_whole_and_answered_with_a_receipt(session, project):
    received = take(session, project, " It hangs\r\nat 99 % ", title=" The  job ", language="en", private=True)
    row = stored(session, received)
    assert (row.body, row.title, row.language, row.private) == ("It hangs\nat 99 %", "The job", "en", True)
    assert (row.receipt, row.state, row.channel, row.said_at) == (received.receipt, "received", "form", START)
    assert received.added


def test_a_title_alone_is_a_text(session, project):
    assert stored(session, take(session, project, "", title="It hangs")).body == "It hangs"


@pytest.mark.parametrize("body", ["", "  \n\t", "\x00\x01", "\u200b\u2060", "\u202e", "\ufeff"])
def test_nothing_that_can_be_seen_is_refused(body):
    assert refused(body=body) == ("body", "empty")


def test_an_emoji_is_an_answer():
    assert checked(Submission("👍")).body == "👍"


@pytest.mark.parametrize(
    ("how", "field", "code"),
    [
        ({"body": "x" * (BODY_LIMIT + 1)}, "body", "too_long"),
        ({"body": "训" * 100_000}, "body", "too_long"),
        ({"title": "x" * 201}, "title", "title_too_long"),
        ({"email": "nobody"}, "email", "email"),
        ({"email": "a@b@c.cn"}, "email", "email"),
        ({"email": "a\n@b.cn"}, "email", "email"),
        ({"email": "\ud800@b.cn"}, "email", "email"),
        ({"context": {"x": "y" * 9_000}}, "context", "context"),
        ({"context": {"x": object()}}, "context", "context"),
        ({"context": {"x": float("nan")}}, "context", "context"),
        ({"said_at": datetime(2026, 1, 1)}, "created_at", "date"),  # noqa: DTZ001
        ({"said_at": datetime(1, 1, 1, tzinfo=UTC)}, "created_at", "date"),
    ],
)
def test_what_can_not_be_taken_names_its_field(how, field, code):
    assert refused(**how) == (field, code)


def test_context_that_never_ends_is_refused():
    endless = []
    endless.append(endless)
    assert refused(context={"x": endless}) == ("context", "context")


def test_the_longest_text_is_kept_to_the_last_sign(session, project):
    body = "训练" * (BODY_LIMIT // 2)
    assert stored(session, take(session, project, body)).body == body


def test_the_same_identity_again_gets_the_first_receipt(session, project):
    first = take(session, project, identity="row 7")
    again = take(session, project, "Other words", identity="row 7")
    assert again == replace(first, added=False)
    assert session.query(Feedback).count() == 1


def test_the_same_identity_in_another_project_is_another_feedback(session, project):
    take(session, project, identity="row 7")
    assert take(session, factories.project(session), identity="row 7").added


def test_the_same_words_by_form_are_two_reports(session, project):
    assert take(session, project).added
    assert take(session, project).added


def test_identities_of_any_length_are_told_apart(session, project):
    assert take(session, project, identity="x" * 5_000 + "1").added
    assert take(session, project, identity="x" * 5_000 + "2").added
    assert not take(session, project, identity="x" * 5_000 + "2").added


def test_one_mail_address_is_one_person(session, project):
    for address in ("li@example.com", "Li@Example.com", " li@example.com "):
        take(session, project, email=address)
    assert session.query(Reporter).count() == 1


def test_one_channel_id_is_one_person_within_its_channel(session, project):
    take(session, project, channel="wecom", reporter="u1")
    take(session, project, channel="wecom", reporter="u1")
    take(session, project, channel="feishu", reporter="u1")
    assert session.query(Reporter).count() == 2


def test_without_a_name_everybody_is_somebody_else(session, project):
    take(session, project)
    take(session, project)
    assert session.query(Reporter).count() == 2


def test_a_person_is_written_to_in_the_language_they_used_last(session, project):
    take(session, project, email="li@example.com", language="zh")
    take(session, project, email="li@example.com", language="en")
    take(session, project, email="li@example.com", language="tlh")
    assert session.query(Reporter).one().language == "en"


def test_feedback_from_the_future_was_said_now(session, project):
    said = [START + timedelta(days=1), START - timedelta(days=1)]
    rows = [stored(session, take(session, project, said_at=at)) for at in said]
    assert [row.said_at for row in rows] == [START, START - timedelta(days=1)]


def test_context_is_kept(session, project):
    context = {"version": "2.1", "页面": ["训练", {"深": None}], "n": 1.5, "bad\x00": ("\ud800",)}
    kept = stored(session, take(session, project, context=context)).context
    assert kept == {"version": "2.1", "页面": ["训练", {"深": None}], "n": 1.5, "bad": ["\ufffd"]}


@pytest.mark.parametrize("how", [{"identity": "row 7"}, {"email": "li@example.com"}])
def test_the_same_at_the_same_moment_is_stored_once(db, how):
    with db.write() as session:
        project_id = factories.project(session).id
    found = []

    def send():
        with db.write() as session:
            found.append(take(session, session.get_one(Project, project_id), **how))

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = 1 if "identity" in how else 5
    with db.read() as session:
        assert (len(found), session.query(Feedback).count()) == (5, expected)
        assert session.query(Reporter).count() == 1


# --- whatever is sent

hostile = st.text() | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "a\u202eb",
        "'; DROP TABLE feedback; --",
        "<script>",
        "e" + "\u0301" * 99,
        "👨‍👩‍👧",
        "\r\n\u2028",
        "%00",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.lists(hostile, min_size=1).map("".join),
    title=hostile,
    identity=hostile,
    reporter=hostile,
    context=st.dictionaries(hostile, anything, max_size=3),
)
def test_whatever_is_sent_is_stored_as_it_is_read_or_refused(session, **sent):
    project = factories.project(session)
    with suppress(InvalidError):
        clean = checked(Submission(**sent))
        row = stored(session, take(session, project, **sent))
        assert (row.body, row.title, row.context) == (clean.body, clean.title, clean.context)
        json.dumps(row.context).encode()
    session.rollback()


@given(hostile)
def test_a_mail_address_is_taken_or_refused(address):
    with suppress(InvalidError):
        assert "@" in checked(Submission("It hangs", email=address)).email or not address.strip()
