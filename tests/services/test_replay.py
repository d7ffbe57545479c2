import json
from pathlib import Path

import pytest

from tests import factories
from triage.db.tables import Delivery, Project, Topic
from triage.domain.drafts import marker
from triage.errors import InvalidError
from triage.hosts import Connection
from triage.hosts.github import GitHub
from triage.services import replay

CLOSED = Path(__file__).parents[1] / "payloads" / "github" / "hook-issue-closed-completed.json"


class Host:
    """GitHub's reading of deliveries, with everything else from the host in memory."""

    def __init__(self, memory):
        self.memory = memory
        self.parse = GitHub(Connection("https://github.com", "team/product"), None).parse

    def __getattr__(self, name):
        return getattr(self.memory, name)


@pytest.fixture
def project(site, host):
    site.host = lambda _: Host(host)
    with site.db.write() as session:
        made = factories.project(session, host="github")
        factories.filed(session, made, "3", key="ABC234")
    for _ in range(3):
        host.open(marker("ABC234"))
    return made


def test_a_recorded_delivery_is_worked_through_again(site, host, project):
    host.close("3")
    done = replay.replay(site, project, CLOSED)
    assert (done.state, done.number, done.event, done.answer) == (
        "done",
        "3",
        "issues closed",
        "issue 3 was read again",
    )
    with site.db.read() as session:
        assert session.query(Topic).one().state == "resolved"


def test_it_can_be_replayed_again(site, host, project, clock):
    replay.replay(site, project, CLOSED)
    with pytest.raises(InvalidError, match="very replay"):
        replay.replay(site, project, CLOSED)
    clock.forward(seconds=1)
    assert replay.replay(site, project, CLOSED).state == "done"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"headers": {}}',
        '{"headers": {}, "body": 7}',
        "[" * 100_000,
        '{"headers": {}, "body": {}}',
    ],
)
def test_what_is_no_delivery_is_refused(site, project, tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InvalidError):
        replay.replay(site, project, tmp_path / "x.json")


def test_a_delivery_of_another_repository_is_refused(site, project, tmp_path):
    with site.db.write() as session:
        session.get_one(Project, project.id).host_repo = project.host_repo = "team/other"
    with pytest.raises(InvalidError, match="team/other"):
        replay.replay(site, project, CLOSED)


def test_a_body_may_be_text_as_it_came(site, project, tmp_path):
    found = json.loads(CLOSED.read_text())
    (tmp_path / "x.json").write_text(json.dumps(found | {"body": json.dumps(found["body"])}))
    assert replay.replay(site, project, tmp_path / "x.json").number == "3"


@pytest.mark.parametrize(("state", "then"), [("failed", "waiting"), ("waiting", "waiting"), ("done", "done")])
def test_what_was_given_up_can_be_tried_again(site, project, state, then):
    with site.db.write() as session:
        row = factories.delivery(session, session.get_one(Project, project.id), state=state, attempts=9)
        replay.again(row, now=site.now())
    with site.db.read() as session:
        assert session.query(Delivery).one().state == then
