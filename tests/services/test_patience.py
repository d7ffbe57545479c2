"""A limit that one worker met holds for every worker, process and project with that token, and for nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import factories
from tests.fakes.clock import Clock
from tests.fakes.githost import GitHost
from triage.db.engine import Database
from triage.db.seal import seal
from triage.db.tables import Filing, HostPause
from triage.errors import OutsideError
from triage.hosts import Connection
from triage.http import OutsideHttp
from triage.services import filing, followup, review
from triage.services import worker as jobs
from triage.services.patience import Patient
from triage.services.review import Actor


@pytest.fixture
def github():
    with GitHost("github") as host:
        host.repository.open("t")
        yield host


def worker(db: Database, github: GitHost, clock: Clock, **other: str) -> Patient:
    """A worker in a process of its own: nothing is shared but the database."""
    connection: Connection = replace(github.connection(), **other)
    return Patient(OutsideHttp({"127.0.0.1"}), db, connection, clock)


def ask(one: Patient, github: GitHost, path: str = "/api/v3/repos/team/product/issues/1") -> int:
    return one.request("GET", github.url + path).status_code


@pytest.mark.parametrize("fault", ["limit", "secondary"])
def test_no_worker_asks_again_before_the_time_is_over(db, github, clock, fault):
    github.faults.once(fault, seconds=90)
    assert ask(worker(db, github, clock), github) in (403, 429)
    clock.forward(seconds=89)
    with pytest.raises(OutsideError, match="asks us to wait 1 seconds") as caught:
        ask(worker(db, github, clock), github, "/api/v3/user")
    assert (caught.value.retry_after, caught.value.permanent, caught.value.code) == (1.0, False, "rate_limited")
    assert len(github.calls) == 1
    clock.forward(seconds=1)
    assert ask(worker(db, github, clock), github) == 200


def test_the_longest_pause_that_was_asked_for_counts(db, github, clock):
    first, second = worker(db, github, clock), worker(db, github, clock)
    github.faults.once("limit", seconds=90)
    second._hold = lambda: None  # it was under way when the first one was told to wait
    ask(first, github)
    github.faults.once("limit", seconds=5)
    ask(second, github)
    clock.forward(seconds=60)
    with pytest.raises(OutsideError):
        ask(worker(db, github, clock), github)


def test_a_host_that_does_not_say_how_long_is_left_alone_for_longer_each_time(db, github, clock):
    for minutes in (1, 2, 4):
        github.faults.once("secondary", seconds=0)
        assert ask(worker(db, github, clock), github) == 403
        clock.forward(minutes=minutes, seconds=-1)
        with pytest.raises(OutsideError, match="wait 1 seconds"):
            ask(worker(db, github, clock), github)
        clock.forward(seconds=1)
    clock.forward(hours=2)
    github.faults.once("secondary", seconds=0)
    ask(worker(db, github, clock), github)
    clock.forward(minutes=1)
    assert ask(worker(db, github, clock), github) == 200


def test_two_that_were_under_way_when_the_limit_came_are_one_refusal(db, github, clock):
    first, second = worker(db, github, clock), worker(db, github, clock)
    second._hold = lambda: None
    for one in (first, second):
        github.faults.once("secondary", seconds=0)
        ask(one, github)
    clock.forward(minutes=1)
    assert ask(first, github) == 200


def test_another_token_and_another_host_have_limits_of_their_own(db, github, clock):
    github.faults.once("limit", seconds=90)
    ask(worker(db, github, clock), github)
    assert ask(worker(db, github, clock, token="another"), github) == 200
    assert ask(worker(db, github, clock, url="http://git.test"), github) == 200


def test_no_token_is_stored_with_a_pause(db, github, clock):
    github.faults.once("limit", seconds=90)
    ask(worker(db, github, clock), github)
    with db.read() as session:
        assert github.token not in session.query(HostPause).one().key


def test_whatever_is_due_waits_while_one_filing_was_told_to(site, github, clock):
    site = replace(site, http=OutsideHttp({"127.0.0.1"}))
    with site.db.write() as session:
        token = seal(github.token, factories.KEY)
        fields = {"host": "github", "host_url": github.url, "host_account": "triage-bot", "sealed_host_token": token}
        project = factories.project(session, **fields)
        for number in range(3):
            review.accept(session, factories.topic(session, project, [f"broken {number}"]), Actor(None, clock()))
    github.faults.once("limit", seconds=600, method="POST")
    clock.forward(minutes=1)
    file_all(site, clock)
    asked = len(github.calls)
    for _ in range(4):
        clock.forward(minutes=2)
        file_all(site, clock)
        followup.poll(site.db, project.id, host=site.host(project), now=clock())
    assert len(github.calls) == asked
    clock.forward(minutes=5)
    file_all(site, clock)
    with site.db.read() as session:
        assert {row.state for row in session.query(Filing)} == {"filed"}
    site.index.close()


def file_all(site, clock):
    with site.db.read() as session:
        rows = filing.due(session, now=clock())
    for row in rows:
        jobs.file(site, row)
