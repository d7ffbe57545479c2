import time

import pytest

from triage.detectors import FINDERS, keys, phones
from triage.domain.redaction import Span, redact

# put together here, so that no scanner takes this file for a leak
STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
SLACK = "xoxb-" + "123456789012-abcdefabcdef"
NPM = "//registry.npmjs.org/:_authToken=" + "npm_abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize("secret", [STRIPE, SLACK, "AC" + "0123456789abcdef" * 2])
def test_keys_are_known_by_their_shape(secret):
    assert redact(f"我用的是 {secret} 呀", FINDERS) == "我用的是 ⟨key⟩ 呀"


def test_every_place_of_a_key_is_found():
    assert list(keys(f"{STRIPE} {STRIPE}")) == [Span(0, 32, "key"), Span(33, 65, "key")]


def test_blanks_around_a_key_stay():
    artifactory = "AKC" + "abcdefghij1234567890"
    assert redact(f"a {artifactory} b", FINDERS) == "a ⟨key⟩ b"


def test_the_token_in_a_line_of_npm_goes():
    assert "npm_abc" not in redact(NPM, FINDERS)


@pytest.mark.parametrize("number", ["+1 650-253-0000", "010-6552 9988", "0755 2677 0000", "+44 20 7031 3000"])
def test_phone_numbers_are_found(number):
    assert redact(f"打 {number} 找我", FINDERS) == "打 ⟨phone⟩ 找我"


@pytest.mark.parametrize(
    "text", ["CUDA 12.4, 910B, 64 GB", "2026-03-02 09:00:00", "step 1000/2000", "error 507015", "RPC failed"]
)
def test_what_is_no_number_stays(text):
    assert redact(text, FINDERS) == text


def test_nothing_is_found_in_nothing():
    assert (list(keys("")), list(phones(""))) == ([], [])


@pytest.mark.parametrize("bit", ["sk-", "12 34-56 ", "xoxb-", "+86 ", "//a/:", "AKC "])
def test_hostile_text_costs_no_more_than_its_length(bit):
    start = time.perf_counter()
    redact(bit * (20_000 // len(bit)), FINDERS)
    assert time.perf_counter() - start < 3
