import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.codes import ALPHABET, receipt, tidy_receipt, topic_key


def choose(seed=0):
    return random.Random(seed).choice


def test_a_receipt_is_three_groups_of_four():
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", receipt(choose()))


def test_no_sign_of_a_code_is_taken_for_another():
    assert not set("01OILU") & set(ALPHABET) - {"U"}
    assert len(ALPHABET) == len(set(ALPHABET)) == 30


def test_a_topic_key_is_six_signs():
    assert re.fullmatch(rf"[{ALPHABET}]{{6}}", topic_key(choose()))


@given(st.integers(), st.sampled_from(["", " ", "-", "–", " - "]), st.booleans())
def test_a_receipt_is_known_however_it_is_typed(seed, between, small):
    made = receipt(choose(seed))
    typed = made.replace("-", between)
    assert tidy_receipt(typed.lower() if small else typed) == made


@pytest.mark.parametrize(
    "typed",
    [
        "https://feedback.example.org/s/K7QM-3XTA-9WPD",
        "https://feedback.example.org:8443/under/s/K7QM-3XTA-9WPD?received=demo#top",
        "进展：http://127.0.0.1:8000/s/k7qm-3xta-9wpd。",
        "Ｋ７ＱＭ－３ＸＴＡ－９ＷＰＤ",
        "回执码：K7QM-3XTA-9WPD?",
    ],
)
def test_an_address_and_wide_letters_are_understood(typed):
    assert tidy_receipt(typed) == "K7QM-3XTA-9WPD"


@given(st.text())
def test_any_typing_is_tidied_into_something_short(typed):
    assert re.fullmatch("[0-9A-Z-]{0,240}", tidy_receipt(typed))
