"""The loop, end to end, over real HTTP: from a stranger's sentence to an issue and back to the stranger, told once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import factories
from tests.factories import KEY
from tests.fakes.clock import Clock
from tests.fakes.githost import GitHost
from tests.fakes.mail import Letters
from triage.app import create_app
from triage.db.seal import seal
from triage.http import OutsideHttp
from triage.services import connection
from triage.services.site import Site
from triage.services.worker import handlers

STRANGER = "li@example.com"
WORDS = "The training job hangs at 99 % and the log says RPC failed"


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        pass


class Story:
    """The people of the story, each with a way to act; `tell` prints what happened."""

    def __init__(self, site: Site, git: GitHost, app: Flask) -> None:
        self.site, self.git = site, git
        self.stranger, self.maintainer = app.test_client(), app.test_client()
        self.stranger.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        self.clock: Clock = site.now  # type: ignore[assignment]
        self.letters: Letters = site.mail  # type: ignore[assignment]
        self.said = 0

    def tell(self, what: str) -> None:
        self.said += 1
        print(f"{self.said:2}. {self.clock():%H:%M:%S}  {what}")  # noqa: T201

    def work(self, **later: float) -> None:
        """Let time go by, and the worker do what is due: first what waits in the queue, then what a sweep finds."""
        self.clock.forward(**later)
        self.git.settle()
        self.site.jobs.drain()
        self.site.jobs.handlers["sweep"](0)
        self.site.jobs.drain()

    def post(self, client: FlaskClient, page: str, action: str = "", **fields: str) -> str:
        """Fill in a form of `page` as a browser would, send it, and return where it leads."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', client.get(page).text))
        self.clock.forward(seconds=20)
        answer = client.post(action or page, data=hidden | fields)
        assert answer.status_code == 303, answer.text
        return answer.location

    def page(self) -> str:
        return self.stranger.get(self.status).text

    def mails(self) -> list[str]:
        """How each mail to the stranger begins."""
        return [letter.text.partition("\n")[0] for letter in self.letters.to(STRANGER)]


@pytest.fixture
def git(clock: Clock) -> Iterator[GitHost]:
    with GitHost("gitea-1.22", now=clock) as host:
        yield host


@pytest.fixture
def story(site: Site, git: GitHost) -> Iterator[Story]:
    site.http = OutsideHttp({"127.0.0.1"})
    site.jobs.handlers = handlers(site)
    with site.db.write() as session:
        factories.user(session, "mei")
        project = factories.project(
            session,
            slug="demo",
            name="Demo",
            host="gitea",
            host_url=git.url,
            host_repo=git.repo,
            host_account=git.account,
            sealed_host_token=seal(git.token, KEY),
        )
    assert connection.look(site, project).check.ok  # "triage host check demo"
    git.calls.clear()
    app = create_app(site)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    git.hook(f"http://127.0.0.1:{server.port}/hooks/host/demo", "host secret")
    yield Story(site, git, app)
    server.shutdown()
    thread.join()
    server.server_close()
    site.http.close()


def test_from_a_strangers_sentence_to_an_issue_and_back(story: Story) -> None:
    sends_feedback(story)
    is_analysed(story)
    is_accepted(story)
    is_filed_once_although_the_first_answer_was_lost(story)
    hears_the_team(story)
    is_told_once_that_it_is_closed(story)


def sends_feedback(story: Story) -> None:
    where = story.post(story.stranger, "/p/demo/new", body=WORDS, email=STRANGER)
    story.status = where.partition("?")[0]
    assert WORDS in story.page()
    story.tell(f"A stranger sent the form and was led to {story.status}")


def is_analysed(story: Story) -> None:
    story.work(seconds=1)
    story.post(story.maintainer, "/sign-in", name="mei", password=factories.PASSWORD)
    (story.topic,) = set(re.findall(r'href="(/queue/[0-9A-Z]{6})', story.maintainer.get("/queue").text))
    assert WORDS in story.maintainer.get(story.topic).text
    story.tell(f"The worker analysed it; a maintainer sees it at {story.topic}")


def is_accepted(story: Story) -> None:
    story.post(story.maintainer, story.topic, f"{story.topic}/accept")
    story.work(seconds=1)
    assert story.git.issues == []
    story.tell("The maintainer accepted it; for ten seconds nothing leaves the house")


def is_filed_once_although_the_first_answer_was_lost(story: Story) -> None:
    story.git.faults.once("drop_after", method="POST", path="/issues$")
    story.work(seconds=20)
    assert (len(story.git.issues), story.git.faults.happened["drop_after"]) == (1, 1)
    story.tell("The host made the issue and dropped the connection: the answer is lost")
    story.work(minutes=1)
    (issue,) = story.git.issues
    assert (len(story.git.called("POST", "/issues")), issue.title) == (1, WORDS)
    assert STRANGER not in issue.body
    story.tell(f"The worker found it by its marker: issue #{issue.number}, and one only")
    assert f"{story.git.url}/{story.git.repo}/issues/1" in story.page()


def hears_the_team(story: Story) -> None:
    before = len(story.mails())
    story.clock.forward(hours=1)
    story.git.repository.say(1, "We found it: a lost message at the end of an epoch")
    story.work(seconds=1)
    assert [made.status for made in story.git.deliveries if made.change.event == "comment"] == [202]
    assert "a lost message at the end of an epoch" in story.page()
    assert len(story.mails()) == before + 1
    story.tell(f"A member of the team commented: the stranger's page shows it, a mail says “{story.mails()[-1]}”")


def is_told_once_that_it_is_closed(story: Story) -> None:
    before = len(story.mails())
    story.clock.forward(hours=1)
    story.git.repository.close(1)
    story.work(seconds=1)
    assert len(story.mails()) == before + 1
    story.tell(f"The team closed the issue: a mail says “{story.mails()[-1]}”")
    _comes_again(story)
    story.work(hours=1)
    story.site.jobs.handlers["poll_all"](0)
    story.work(hours=1)
    assert len(story.mails()) == before + 1
    story.tell(f"The delivery came again, and a poll looked: nobody was told twice, {len(story.mails())} mails in all")


def _comes_again(story: Story) -> None:
    (closed,) = [made for made in story.git.deliveries if made.change.action == "closed"]
    again = requests.post(story.git.hooks[0].url, data=closed.body, headers=closed.headers, timeout=5)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "repeated")
