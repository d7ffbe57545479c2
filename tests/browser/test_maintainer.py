"""What a maintainer does, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests import factories
from tests.browser.conftest import fits
from triage.db.tables import Project, Topic


@pytest.fixture
def topic(session: Session, project: Project) -> Topic:
    """A topic that is hard on the layout: long words, many of them, and a candidate."""
    other = factories.topic(session, project, ["镜像" * 60], title="镜像拉取失败")
    row = factories.feedback(session, project, "x" * 300 + "\n" + "长" * 300)
    topic = factories.topic(session, project, [row, "A second voice"], title="Ω" * 120)
    factories.candidate(session, row, other, shared=[["w" * 80, 1.0]], differing=[["version", "1" * 40, "2" * 40]])
    session.commit()
    return topic


@pytest.fixture
def desk(page: Page, session: Session) -> Page:
    """The queue, after signing in."""
    factories.user(session, "maintainer")
    session.commit()
    page.goto("/queue")
    page.get_by_label("Name").fill("maintainer")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    page.wait_for_load_state()  # the keys are listened to from then on
    return page


def test_accept_and_undo(topic: Topic, desk: Page):
    assert fits(desk)
    desk.get_by_role("link", name=topic.title).click()
    expect(desk.get_by_role("heading", name=topic.title)).to_be_visible()
    assert fits(desk)
    desk.get_by_role("button", name="Accept and file it").click()
    expect(desk.get_by_role("status")).to_contain_text("Accepted.")
    expect(desk.get_by_role("link", name=topic.title)).to_have_count(0)
    desk.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(desk.get_by_role("status")).to_contain_text("Undone")
    expect(desk.get_by_role("link", name=topic.title)).to_be_visible()


def test_decline_with_a_reason(topic: Topic, desk: Page):
    desk.get_by_role("link", name=topic.title).click()
    desk.get_by_text("Decline", exact=True).click()
    desk.get_by_label("Why? Every reporter reads this.").fill("As meant")
    desk.get_by_role("button", name="Decline with this reason").click()
    desk.get_by_role("link", name="Done").click()
    expect(desk.get_by_text("As meant")).to_be_visible()
    assert fits(desk)


def test_merge_into_the_candidate(topic: Topic, desk: Page):
    desk.get_by_role("link", name=topic.title).click()
    desk.get_by_role("button", name="Merge into it").click()
    expect(desk.get_by_role("status")).to_contain_text("Merged.")
    expect(desk.get_by_text("3 people")).to_be_visible()


def test_split_off(topic: Topic, desk: Page):
    desk.get_by_role("link", name=topic.title).click()
    desk.get_by_label("Choose this one to split off").last.check()
    desk.get_by_role("button", name="Split off the chosen ones").click()
    expect(desk.get_by_role("status")).to_contain_text("Split off")
    expect(desk.get_by_text("A second voice")).to_have_count(0)


def test_keys_reach_every_choice_of_a_list_and_a_pointer_needs_no_button(topic: Topic, desk: Page):
    kinds = desk.get_by_label("Kind")
    kinds.focus()
    for _ in range(3):
        desk.keyboard.press("ArrowDown")
    expect(kinds).to_be_focused()
    expect(kinds).to_have_value("question")
    desk.get_by_role("button", name="Search").press("Enter")
    expect(desk).to_have_url(re.compile("kind=question"))
    desk.get_by_label("Kind").select_option("praise")
    expect(desk).to_have_url(re.compile("kind=praise"))


def test_keys_walk_through_the_queue(topic: Topic, desk: Page):
    links = desk.locator(".topic h2 a")
    desk.keyboard.press("j")
    expect(links.first).to_be_focused()
    desk.keyboard.press("j")
    expect(links.last).to_be_focused()
    desk.get_by_placeholder("Title, key or receipt").press("k")
    expect(desk.get_by_placeholder("Title, key or receipt")).to_have_value("k")
    desk.keyboard.press("Escape")


def test_magnified_four_times_nothing_lies_to_the_side(topic: Topic, desk: Page):
    desk.set_viewport_size({"width": 320, "height": 640})
    for path in ("/queue", f"/queue/{topic.key}", "/learning/demo", "/hosts/demo", "/password"):
        desk.goto(path)
        assert fits(desk), path
