import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from triage.domain.drafts import marked_key, marker
from triage.render import Renderer, catalogue, markdown, quoted


@pytest.fixture
def renderer(tmp_path):
    return Renderer(tmp_path)


def written(renderer, name, text):
    path = renderer.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


def test_templates_speak_the_language_asked_for(renderer):
    name = written(renderer, "a.txt", "{{ _('Accept') }}")
    assert renderer.render(name, "en", {}) == "Accept"
    assert renderer.render(name, "tlh", {}) == "Accept"


def test_english_is_the_language_of_the_source():
    assert catalogue("en").gettext("Accept") == "Accept"


def test_a_value_that_is_missing_is_an_error(renderer):
    with pytest.raises(UndefinedError, match="nothing"):
        renderer.render(written(renderer, "a.txt", "{{ nothing }}"), "en", {})


@pytest.mark.parametrize(("name", "shown"), [("a.txt", "<b>"), ("a.md", "<b>"), ("a.html", "&lt;b&gt;")])
def test_only_html_is_escaped(renderer, name, shown):
    assert renderer.render(written(renderer, name, "{{ x }}"), "en", {"x": "<b>"}) == shown


def test_days_and_moments(renderer):
    name = written(renderer, "a.txt", "{{ at | day }} {{ at | moment }}")
    at = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    assert renderer.render(name, "zh", {"at": at}) == "2026-03-02 2026-03-02 17:05"  # as on the pages in Chinese
    assert renderer.render(name, "en", {"at": at}) == "2026-03-02 2026-03-02 09:05"


def test_a_letter_has_a_subject_of_one_line_a_text_and_html(renderer):
    written(renderer, "notice/filed/subject.txt", "A\n  {{ x }}\n")
    written(renderer, "notice/filed/body.txt", "\n{{ x }}\n\n")
    written(renderer, "notice/filed/body.html", "<p>{{ x }}</p>")
    assert renderer.letter("filed", "en", {"x": "<b>"}) == ("A <b>", "<b>\n", "<p>&lt;b&gt;</p>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold**", "<strong>bold</strong>"),
        ("~~gone~~", "<s>gone</s>"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[x](https://a.test)", 'rel="noopener noreferrer nofollow"'),
    ],
)
def test_markdown_is_shown(text, shown):
    assert shown in markdown(text)


@pytest.mark.parametrize(
    "text",
    ["![x](http://evil.test/x.png)", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<b onclick=x>"],
)
def test_markdown_from_outside_can_do_no_harm(text):
    assert not re.search(r"<img|<b |href=.javascript|<[^>]*on\w+=", str(markdown(text)))


def test_indented_lines_stay_indented_and_are_no_code():
    assert quoted("def f():\n\t  return x_y") == "> def f():\n> " + "\u00a0" * 6 + r"return x\_y"


# what people could try to break out of a quote with
hostile = st.lists(
    st.sampled_from(
        ["#", "-", "=", "+", "1.", "*", "`", "```", "~~~", ">", "<", "</details>", "[x](http://e.test)", "![x](u)"]
    )
    | st.sampled_from(
        [
            "\n",
            "\n\n",
            " ",
            "    ",
            "\t",
            "\\",
            "|",
            "@root",
            "#12",
            marker("EVIL23"),
            "<!--",
            "x",
            "&lt;",
            "_",
            "\r",
            "\u2028",
        ]
    )
).map("".join)


@given(hostile)
def test_a_quote_stays_one_quote_of_plain_text(text):
    shown = MarkdownIt("commonmark", {"html": True}).render(quoted(text) + "\n\nafter")
    inside = shown.removesuffix("<p>after</p>\n")
    assert not re.search(r"<(?!/?(?:blockquote|p|br)\b)", inside)
    assert inside.count("<blockquote>") <= 1


@given(hostile)
def test_a_quote_never_forges_our_marker(text):
    assert marked_key(quoted(text)) is None
