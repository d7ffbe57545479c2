import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import render
from triage.domain.codes import ALPHABET
from triage.domain.drafts import (
    EVIDENCE_END,
    defuse,
    duplicate_of,
    marked_key,
    marker,
    remark,
    remark_key,
    same_evidence,
    splice,
)
from triage.hosts import gitlab

# what an attacker has at hand, more often than chance would bring it together
hostile = st.lists(st.sampled_from([marker("EVIL23"), "<!--", "-->", "--", "<", "!", " triage:topic=EVIL23 ", "x"]))


@given(st.text(ALPHABET, min_size=1, max_size=16), st.integers(1, 10**9 - 1), st.text(), st.text())
def test_a_marker_is_found_again_wherever_it_stands(key, revision, before, after):
    assert marked_key(defuse(before) + marker(key, revision) + after) == key


@pytest.mark.parametrize(
    "body", [None, "", "triage:topic=ABC234", "<!-- triage:topic= -->", "<!--triage:topic=ABC234-->"]
)
def test_no_marker_no_key(body):
    assert marked_key(body) is None


@given(hostile)
def test_user_text_never_forges_a_marker(parts):
    text = defuse("".join(parts))
    assert marked_key(text) is None
    assert "<!--" not in text


@pytest.mark.parametrize(("text", "left"), [("see #12 and @root", 2), ("a@b.example", 0), ("&#39; #x a#1 /@x", 0)])
def test_nobody_is_mentioned_and_no_issue_is_referred_to(text, left):
    assert defuse(text).count("\u200b") == left


@given(st.text())
def test_only_invisible_blanks_are_added(text):
    assert defuse(text).replace("\u200b", "") == text.replace("\u200b", "")


@given(st.text("@#ab12< \n"))
def test_no_mention_is_left(text):
    assert not re.search(r"(?<![\w/])@\w|(?<![\w&])#\d", defuse(text))


def test_a_quoted_line_gives_no_orders_to_bots() -> None:
    assert defuse("好的\n/close\n  /assign me and/or him") == "好的\n/\u200bclose\n  /\u200bassign me and/or him"


# --- the evidence block

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: "<!--" not in text)


def written(key="ABC234", revision=1, inside="9 people"):
    return f"{marker(key, revision)}\n{inside}\n{EVIDENCE_END}"


@given(texts, texts, texts, texts)
def test_what_people_wrote_around_the_evidence_stays_byte_for_byte(before, after, old, new):
    body = before + written(inside=old, revision=6) + after
    assert splice(body, f"title\n{written(inside=new)}\n") == before + written(revision=7, inside=new) + after


@given(texts, texts)
def test_the_same_evidence_again_is_the_same_but_for_its_revision(before, after):
    body = before + written() + after
    assert same_evidence(body, splice(body, written()))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no marker",
        marker("ABC234"),
        EVIDENCE_END,
        f"{EVIDENCE_END}{marker('ABC234')}",
        written() + written(),
        written() + EVIDENCE_END,
        written() + marker("ABC234"),
        written("ZZZ234"),
    ],
)
def test_without_its_own_whole_markers_nothing_is_replaced(body):
    assert splice(body, written()) is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (written(revision=1), "x" + written(revision=2), True),
        (written(inside="9  people\r"), written(inside="9 people"), True),
        (written(), written(inside="10 people"), False),
        (written(), "nothing", False),
    ],
)
def test_whether_the_evidence_says_anything_new(left, right, same):
    assert same_evidence(left, right) is same


def test_a_comment_of_ours_is_known_and_one_that_quotes_it_is_not():
    ours = remark("ABC234-people-10", "Ten people")
    assert (remark_key(ours), remark_key(f"> {ours}"), remark_key(None)) == ("ABC234-people-10", None, None)


@pytest.mark.parametrize(
    ("comment", "number"),
    [
        ("Duplicate of #12", "12"),
        ("Thanks!\n duplicate of #I5ABCD.", "I5ABCD"),
        ("与 #7 重复", "7"),
        ("Is this a duplicate of #12?", ""),
        ("see #12", ""),
    ],
)
def test_a_comment_names_the_original(comment, number):
    assert duplicate_of(comment) == number


@pytest.mark.parametrize("read", [defuse, duplicate_of, gitlab.defuse, render.quoted])
@pytest.mark.parametrize("unit", ["\n", " \n", "\n与", "/"])
def test_a_hundred_kilobytes_of_blank_lines_are_read_in_bounded_time(read, unit):
    start = time.process_time()
    read(unit * (100_000 // len(unit)))
    assert time.process_time() - start < 2
