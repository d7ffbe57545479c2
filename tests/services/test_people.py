import re

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import User
from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from triage.services import people


def test_a_first_password_is_made_up_and_must_be_changed(session):
    password = people.add(session, " mei ", now=START)
    user = people.sign_in(session, "mei", password)
    assert (user.name, user.must_change_password, user.created_at) == ("mei", True, START)
    assert re.fullmatch(r"([2-9a-z]{4}-){3}[2-9a-z]{4}", password)


def test_a_password_of_ones_own_stays(session):
    assert people.add(session, "mei", "long enough, this", now=START) == "long enough, this"
    assert not people.sign_in(session, "mei", "long enough, this").must_change_password


def test_no_password_is_stored_readable(session):
    password = people.add(session, "mei", now=START)
    assert password not in session.query(User).one().password_hash


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_names_have_bounds(session, name):
    with pytest.raises(InvalidError):
        people.add(session, name, now=START)


def test_a_name_is_taken_once(session):
    people.add(session, "mei", now=START)
    with pytest.raises(ConflictError, match="mei"):
        people.add(session, "mei", now=START)


@pytest.mark.parametrize("password", ["short", "x" * 9])
def test_passwords_have_a_least_length(session, password):
    with pytest.raises(InvalidError, match="at least 10"):
        people.add(session, "mei", password, now=START)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("mei", "wrong"),
        ("nobody", factories.PASSWORD),
        ("mei", ""),
        ("m\x00ei", "x"),
        ("mei", "\ud800"),
        ("\ud800", "x"),
    ],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(session, name, password):
    factories.user(session, "mei")
    with pytest.raises(ForbiddenError, match="the name or the password is wrong"):
        people.sign_in(session, name, password)


def test_nobody_signs_in_with_the_password_of_nobody(session):
    with pytest.raises(ForbiddenError):
        people.sign_in(session, "nobody", "nobody has this password")


def test_who_was_switched_off_stays_out(session):
    factories.user(session, "mei", active=False)
    with pytest.raises(ForbiddenError):
        people.sign_in(session, "mei", factories.PASSWORD)


def test_a_damaged_hash_lets_nobody_in(session):
    factories.user(session, "mei", password_hash="broken")
    with pytest.raises(ForbiddenError):
        people.sign_in(session, "mei", factories.PASSWORD)


def test_a_changed_password_holds_from_then_on(session):
    user = factories.user(session, "mei", must_change_password=True)
    people.change_password(user, "another long one")
    assert people.sign_in(session, "mei", "another long one") is user
    assert not user.must_change_password
    with pytest.raises(InvalidError):
        people.change_password(user, "short")


def test_people_are_counted(session):
    assert people.count(session) == 0
    factories.user(session)
    assert people.count(session) == 1


def test_who_forgot_the_password_gets_a_new_one(session):
    old = people.add(session, "mei", now=START)
    fresh = people.reset(session, "mei")
    assert people.sign_in(session, "mei", fresh).must_change_password
    with pytest.raises(ForbiddenError):
        people.sign_in(session, "mei", old)


def test_who_leaves_is_shut_out_and_can_come_back(session):
    password = people.add(session, "mei", now=START)
    people.remove(session, "mei")
    with pytest.raises(ForbiddenError):
        people.sign_in(session, "mei", password)
    assert [(user.name, user.active) for user in people.listing(session)] == [("mei", False)]
    with pytest.raises(ConflictError, match="already"):
        people.remove(session, "mei")
    assert people.sign_in(session, "mei", people.reset(session, "mei")).active


@pytest.mark.parametrize("act", [people.reset, people.remove])
def test_who_is_unknown_is_said(session, act):
    with pytest.raises(NotFoundError, match="mei"):
        act(session, "mei")
