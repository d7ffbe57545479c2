"""What every way in must do, on recorded messages: NAME.json with NAME.expected.json beside it, and bad-*.json."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.channels.recorded import FOLDER, Recorded, recorded
from triage.channels import kinds
from triage.domain.feedback import Submission
from triage.errors import ForbiddenError, InvalidError

ALL = [one for kind in sorted(kinds()) for one in recorded(kind)]
BAD = [one for one in ALL if one.name.startswith("bad-")]
GOOD = [one for one in ALL if one not in BAD]

good = pytest.mark.parametrize("message", GOOD, ids=lambda one: f"{one.channel}/{one.name}")
bad = pytest.mark.parametrize("message", BAD, ids=lambda one: f"{one.channel}/{one.name}")


def verified_and_read(message: Recorded) -> Submission:
    channel = message.open()
    channel.verify(message.headers, message.body, now=message.at)
    return channel.parse(message.headers, message.body)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_channel_has_recorded_messages(kind: str) -> None:
    mine = [one for one in GOOD if one.channel == kind]
    bare = [one.name for one in mine if one.expected is None]
    assert mine, f"put a recorded message NAME.json under {FOLDER / kind}"
    assert not bare, f"put {', '.join(f'{name}.expected.json' for name in bare)} beside it: what is to be read from it"
    assert any(one.channel == kind for one in BAD), (
        f"put a bad-NAME.json under {FOLDER / kind}: signed, but not to be read"
    )


@good
def test_a_message_is_verified_and_read(message: Recorded) -> None:
    assert verified_and_read(message) == message.submission()


@good
def test_it_is_the_same_feedback_each_time(message: Recorded) -> None:
    first, again = (message.open().parse(message.headers, message.body) for _ in range(2))
    assert first.identity
    assert first == again


@good
def test_header_names_have_no_case(message: Recorded) -> None:
    shouted = {name.upper(): value for name, value in message.headers.items()}
    assert verified_and_read(replace(message, headers=shouted)) == message.submission()


@good
@pytest.mark.parametrize("secret", ["", "another", "whsec_", "whsec_YW5vdGhlciBzZWNyZXQ=", "签名"])
def test_another_secret_or_none_is_refused(message: Recorded, secret: str) -> None:
    with pytest.raises(ForbiddenError):
        message.open(secret).verify(message.headers, message.body, now=message.at)


@good
def test_other_words_under_the_same_signature_are_refused(message: Recorded) -> None:
    with pytest.raises(ForbiddenError):
        message.open().verify(message.headers, message.body + b" ", now=message.at)


@good
@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)], ids=str)
def test_a_message_of_another_hour_is_refused(message: Recorded, off: timedelta) -> None:
    with pytest.raises(ForbiddenError):
        message.open().verify(message.headers, message.body, now=message.at + off)


@good
def test_without_its_headers_it_is_refused(message: Recorded) -> None:
    bare = replace(message, headers={"Content-Type": "application/json"})
    with pytest.raises(ForbiddenError):
        bare.open().verify(bare.headers, bare.body, now=bare.at)


@bad
def test_a_bad_message_is_invalid_and_says_why(message: Recorded) -> None:
    with pytest.raises(InvalidError) as caught:
        verified_and_read(message)
    assert caught.value.code != "invalid"
    assert str(caught.value)
