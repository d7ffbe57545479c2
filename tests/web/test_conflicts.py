"""Every reason why a decision can't be made is told in the reader's language, with what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import triage
from triage.web.conflicts import SENTENCES, words

MEANT_FOR_NOBODY = {  # what no page offers
    "nothing holds it back",
    "the proposal names no other topic",
    "the proposal names no parts",
    "nothing in this topic may be made public, so it is not filed",
}


def said(name: str) -> Iterator[str]:
    """What a service says in its ConflictErrors, its gaps filled with a 7."""
    for node in ast.walk(
        ast.parse((Path(triage.__file__).parent / "services" / f"{name}.py").read_text(encoding="utf-8"))
    ):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ConflictError":
            (words,) = node.args
            parts = words.values if isinstance(words, ast.JoinedStr) else [words]
            if not isinstance(words, ast.Name):
                yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in parts)


@pytest.mark.parametrize("service", ["review", "undo", "versions", "gates", "proposals", "attaching", "replies"])
def test_what_services_say_is_known(app: Flask, service: str):
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert [one for one in said(service) if not words(one) and one not in MEANT_FOR_NOBODY] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_is_told_in_the_readers_language(app: Flask, language: str):
    with app.test_request_context("/", headers={"Accept-Language": language}):
        for one in SENTENCES:
            told = words(re.sub(r"%\(\w+\)s", "7", one))
            assert bool(re.search("[\u4e00-\u9fff]", told)) == (language == "zh"), one


def test_where_somebody_was_quicker_there_is_no_more_to_say(app: Flask):
    with app.test_request_context("/"):
        assert words("a topic that is filed can't take “accept”") == ""
