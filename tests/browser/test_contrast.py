"""What is written can be read: contrast by the computed styles (WCAG 2.1 AA), on light ground and on dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from tests import factories
from tests.browser.test_maintainer import desk, topic  # noqa: F401 - fixtures
from triage.db.tables import Project, Topic

MEASURE = Path(__file__).with_name("contrast.js").read_text("utf-8")
PUBLIC = ("/", "/p/demo/new", "/sign-in")
OWN = ("/queue", "/queue?state=spam", "/learning/demo", "/learning/demo/compare?left=0&right=1", "/dictionary/demo")


def faint(page: Page, paths: tuple[str, ...], scheme: str) -> dict[str, list[str]]:
    """Return by path what is too faint, with everything folded open and nothing in between two colours."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    found = {}
    for path in paths:
        page.goto(path)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        found[path] = page.evaluate(MEASURE)
    return {path: faults for path, faults in found.items() if faults}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reporters_can_read_it(page: Page, session: Session, project: Project, scheme: str):
    receipt = factories.feedback(session, project).receipt
    session.commit()
    assert faint(page, (*PUBLIC, f"/s/{receipt}"), scheme) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maintainers_can_read_it(desk: Page, session: Session, topic: Topic, scheme: str):  # noqa: F811
    factories.version(session, topic.project, metrics={"kinds": {"trained": True, "verdict": "better", "n": 21}})
    session.commit()
    assert faint(desk, (*OWN, f"/queue/{topic.key}"), scheme) == {}


def test_what_is_too_faint_is_found(page: Page, project: Project):
    page.goto("/")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert [fault.partition(".")[0] for fault in page.evaluate(MEASURE)] == ["text of H1"]
