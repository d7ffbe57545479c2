"""What a reporter does, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import fits
from tests.fakes.clock import Clock
from triage.db.tables import Project

FORM = "/p/demo/new"


def send(page: Page, clock: Clock, body: str) -> None:
    page.goto(FORM)
    page.get_by_label("What happened").fill(body)
    clock.forward(seconds=5)
    page.get_by_role("button", name="Send").click()


def test_from_the_front_page_to_the_status_page(page: Page, project: Project, clock: Clock):
    page.goto("/")
    page.get_by_role("link", name="Write feedback").click()
    page.get_by_label("What happened").fill("The job hangs\nat 99 %")
    expect(page.get_by_label("Title")).to_have_value("The job hangs")
    assert fits(page)
    clock.forward(seconds=5)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you, it has arrived.")).to_be_focused()
    assert fits(page)
    code = page.locator("#receipt").inner_text()
    page.goto("/")
    page.get_by_label("Receipt code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Look up").click()
    page.get_by_text("What you wrote").click()
    expect(page.get_by_text("The job hangs\nat 99 %")).to_be_visible()


def test_a_title_of_ones_own_stays(page: Page, project: Project):
    page.goto(FORM)
    page.get_by_label("Title").fill("Mine")
    page.get_by_label("What happened").fill("Something else")
    expect(page.get_by_label("Title")).to_have_value("Mine")


def test_a_draft_survives_until_it_is_sent(page: Page, project: Project, clock: Clock):
    page.goto(FORM)
    page.get_by_label("What happened").fill("Half a sentence")
    page.goto("/")
    page.goto(FORM)
    expect(page.get_by_label("What happened")).to_have_value("Half a sentence")
    send(page, clock, "A whole sentence")
    expect(page.get_by_role("heading", name="Thank you, it has arrived.")).to_be_visible()
    page.wait_for_load_state()  # the draft goes when the script has run
    page.goto(FORM)
    expect(page.get_by_label("What happened")).to_have_value("")


def test_a_secret_is_warned_of_and_may_be_sent(page: Page, project: Project, clock: Clock):
    send(page, clock, "My phone is 13800138000")
    expect(page.get_by_role("alert")).to_contain_text("a phone number")
    assert fits(page)
    page.get_by_role("button", name="Send anyway").click()
    expect(page.get_by_role("heading", name="Thank you, it has arrived.")).to_be_visible()


def test_it_works_without_a_script(chromium: Browser, address: str, project: Project, clock: Clock):
    context = chromium.new_context(base_url=address, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    send(page, clock, "Plain and simple")
    expect(page.get_by_role("heading", name="Thank you, it has arrived.")).to_be_visible()
    context.close()


def test_the_language_is_one_click_away(page: Page, project: Project):
    page.goto(FORM)
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("button", name="提交")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh-Hans-CN"
    assert fits(page)
