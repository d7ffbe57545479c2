"""Sealing the secrets that must be stored readable (host tokens, webhook secrets): Fernet under the secret key."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from triage.errors import SettingError


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"triage seal " + key.encode()).digest()))


def seal(text: str, key: str) -> str:
    """Return `text` sealed under `key`; nothing stays nothing."""
    return _fernet(key).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str, key: str) -> str:
    """Return the text, or raise SettingError where the key is not the one it was sealed with."""
    try:
        return _fernet(key).decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken as error:
        raise SettingError(
            "a stored secret can't be opened: TRIAGE_SECRET_KEY is not the one it was stored with"
        ) from error
