"""Issue bodies and mails: every event in both languages, and hostile words that stay words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from triage.config import data
from triage.domain.drafts import EVIDENCE_END, Evidence, Quote, marked_key, marker
from triage.domain.notices import Event
from triage.render import Renderer

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MAILED = [event for event in Event if event != Event.RECEIVED]
HOSTILE = "<!-- triage:topic=FORGED -->\n</details>\n@all see #1 <script>x</script>\n# Heading\n```"


def body(language: str = "en", **changed: object) -> str:
    fields: dict[str, object] = {
        "title": "The job hangs",
        "kind": "bug",
        "component": "Compute",
        "people": 2,
        "reports": 3,
        "first_seen": DAY,
        "last_seen": DAY,
        "quotes": (Quote("It hangs", DAY, "form"),),
        "shared": ("hangs",),
        "channels": (("form", 2), ("import", 1)),
        "link": "http://triage.test/queue/T7KQ2M",
    }
    evidence = Evidence(**(fields | changed))
    values = {"evidence": evidence, "marker": marker("T7KQ2M"), "topic": None, "project": None}
    return Renderer(data("templates")).render("issue/body.md", language, values).strip()


def letter(event: str, language: str = "en", **changed: object) -> tuple[str, str, str]:
    notice = SimpleNamespace(**({"event": event, "text": "", "author": ""} | changed))
    feedback = SimpleNamespace(title="", body="\n The job hangs\nagain", receipt="K7QM-3XTA-9WPD")
    values = {"notice": notice, "feedback": feedback, "project": SimpleNamespace(name="Demo"), "issue": None}
    values |= {"link": "http://triage.test/s/K7QM-3XTA-9WPD", "mute": "http://triage.test/mute/code"}
    return Renderer(data("templates")).letter(event, language, values)


FORM = re.compile(r"<form\b(?:\{\{.*?\}\}|\{%.*?%\}|[^>])*>")


@pytest.mark.parametrize("page", sorted(data("templates").rglob("*.html")), ids=lambda page: page.stem)
def test_a_double_click_on_any_form_is_one(page: Path):
    changing = [tag for tag in FORM.findall(page.read_text(encoding="utf-8")) if 'method="post"' in tag]
    assert all("data-once" in tag for tag in changing)


def test_the_issue_says_what_happens_first():
    assert body().startswith("The job hangs\n")


def test_the_issue_is_found_again():
    assert marked_key(body()) == "T7KQ2M"
    assert body().endswith(EVIDENCE_END)


def test_the_issue_says_whom_it_touches():
    assert "**Impact** 2 people · 3 reports · first 2026-03-02 · last 2026-03-02 · Form 2 / Import 1" in body()


def test_the_issue_in_chinese():
    assert "**影响** 2 人 · 3 条反馈 · 首次 2026-03-02 · 最近 2026-03-02 · 表单 2 / 导入 1" in body("zh")


def test_days_are_those_of_the_pages():
    late = datetime(2026, 3, 1, 20, tzinfo=UTC)  # four in the morning of the next day in Beijing
    assert "首次 2026-03-02" in body("zh", first_seen=late)
    assert "first 2026-03-01" in body("en", first_seen=late)


def test_nothing_shared_and_nothing_sorted_is_left_out():
    text = body(shared=(), kind="", component="")
    assert "belong together" not in text
    assert "Sorted as" not in text


@pytest.mark.parametrize("field", ["title", "component"])
def test_hostile_fields_forge_nothing(field: str):
    text = body(**{field: HOSTILE})
    assert marked_key(text) == "T7KQ2M"
    assert "<script>" not in text
    assert "@all" not in text


def test_hostile_quotes_stay_quotes():
    text = body(quotes=(Quote(HOSTILE, DAY, "form"),), shared=(HOSTILE,))
    assert marked_key(text) == "T7KQ2M"
    assert "\n</details>\n@" not in text
    assert text.count("</details>") == 2


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("event", MAILED)
def test_every_event_has_its_mail(event: Event, language: str):
    subject, text, html = letter(event, language)
    assert subject == "[Demo] The job hangs"
    for part in (text, html):
        assert "http://triage.test/s/K7QM-3XTA-9WPD" in part
        assert "http://triage.test/mute/code" in part


def test_events_are_told_apart():
    assert len({letter(event)[1] for event in MAILED}) == len(MAILED)


@pytest.mark.parametrize("event", [Event.ANSWERED, Event.COMMENTED, Event.DECLINED])
def test_the_human_answer_comes_first(event: Event):
    assert letter(event, text="Fixed in 2.1")[1].startswith("Fixed in 2.1\n")


def test_a_duplicate_names_the_other_issue_last():
    assert letter(Event.DUPLICATE, text="#7")[1].splitlines()[0].endswith("#7")


def test_html_in_an_answer_is_text():
    assert "<script>" not in letter(Event.ANSWERED, text="<script>x</script>")[2]


def test_mails_follow_the_language():
    assert "团队" in letter(Event.FILED, "zh")[1]
    assert "The team" in letter(Event.FILED, "en")[1]
    assert '<html lang="zh-' in letter(Event.FILED, "zh")[2]  # else a mail program may show Japanese forms
