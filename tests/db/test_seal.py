import pytest

from triage.db.seal import seal, unseal
from triage.errors import SettingError


def test_what_was_sealed_comes_back():
    assert unseal(seal("令牌 🔑", "key"), "key") == "令牌 🔑"


def test_nothing_stays_nothing():
    assert (seal("", "key"), unseal("", "key")) == ("", "")


def test_sealed_text_shows_nothing_and_differs_each_time():
    assert "token" not in seal("token", "key")
    assert seal("token", "key") != seal("token", "key")


def test_another_key_is_said_in_words():
    with pytest.raises(SettingError, match="TRIAGE_SECRET_KEY"):
        unseal(seal("token", "key"), "other")
