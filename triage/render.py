"""Templates outside a request: issue bodies and mails, in the reader's language; and Markdown made safe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nh3
from babel.dates import format_date, format_datetime
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from triage.domain.drafts import defuse

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
ZONES = {"zh": "Asia/Shanghai", "en": "UTC"}


@lru_cache
def catalogue(language: str) -> NullTranslations:
    """Return the translations of `language`; English is the language of the source."""
    return Translations.load(str(TRANSLATIONS), [LOCALES.get(language, "en")])


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown(text: str) -> Markup:
    """Return Markdown from outside as safe HTML: no raw HTML, no scripts, no pictures that phone home."""
    tags = nh3.ALLOWED_TAGS - {"img"}
    return Markup(nh3.clean(_markdown().render(text), tags=tags, link_rel="noopener noreferrer nofollow"))  # noqa: S704


def quoted(text: str) -> str:
    """Return user text as a Markdown quote that can't break out of the quote, mention anyone or forge our marker."""
    return "\n".join(f"> {line}".rstrip() for line in _inert(text).splitlines())


def _inert(text: str) -> str:
    """Take away what Markdown would act on: HTML, links with hidden targets, pictures, code fences, headings."""
    text = defuse("\n".join(text.splitlines()))  # what ends a line for Markdown must end it for the rules below
    # indented text would be code, where the escapes below are shown; a blank that doesn't break looks the same
    text = re.sub(r"^[ \t]+", lambda found: "\u00a0" * len(found[0].expandtabs(4)), text, flags=re.MULTILINE)
    text = re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)
    return re.sub(r"^(\s{0,3})([#+\-=]|\d{1,9}[.)])(?=\s|$|[=#-])", r"\1\\\2", text, flags=re.MULTILINE)


class Renderer:
    """Renders the templates of `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environments: dict[str, Environment] = {}

    def render(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        """Return template `name` in `language`. Raises jinja2.UndefinedError for a value that is missing."""
        return self._environment(language).get_template(name).render(**values)

    def letter(self, event: str, language: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return subject, text and HTML of the mail about `event`."""
        subject, text, html = (
            self.render(f"notice/{event}/{part}", language, values) for part in ("subject.txt", "body.txt", "body.html")
        )
        return " ".join(subject.split()), text.strip() + "\n", html

    def _environment(self, language: str) -> Environment:
        if language not in self._environments:
            environment = Environment(
                loader=FileSystemLoader(self.folder),
                autoescape=select_autoescape(["html"]),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                extensions=["jinja2.ext.i18n"],
            )
            environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
            locale = LOCALES.get(language, "en")
            zone = ZoneInfo(ZONES.get(language, "UTC"))
            environment.globals["lang"] = locale.replace("_", "-")
            environment.filters.update(
                quoted=quoted,
                inert=_inert,
                markdown=markdown,
                day=lambda moment: format_date(moment.astimezone(zone), "yyyy-MM-dd", locale),
                moment=lambda moment: format_datetime(moment, "yyyy-MM-dd HH:mm", zone, locale),
            )
            self._environments[language] = environment
        return self._environments[language]
