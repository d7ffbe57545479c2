"""What the worker does at night: each project learns, and its topics are looked over."""

from tests import factories
from triage.errors import InvalidError
from triage.services import tidying, training, worker
from triage.services.training import FRESH, Trained


def test_every_project_learns_and_one_that_fails_stops_no_other(session, site, monkeypatch):
    for slug in ("a", "b", "c"):
        factories.project(session, slug=slug)
    session.commit()
    asked = []

    def train(_, slug, *, fresh):
        asked.append((slug, fresh))
        if slug == "a":
            raise InvalidError("no")
        return Trained(1, 2, (), {}) if slug == "b" else None

    monkeypatch.setattr(training, "train", train)
    worker.handlers(site)["learn"](0)
    assert asked == [(slug, FRESH) for slug in ("a", "b", "c")]


def test_the_topics_of_every_project_are_looked_over(session, site, monkeypatch):
    numbers = [factories.project(session).id for _ in range(2)]
    session.commit()
    asked = []
    monkeypatch.setattr(tidying, "tidy", lambda _, number: asked.append(number))
    worker.handlers(site)["tidy"](0)
    assert sorted(asked) == numbers
