"""Codes that people read aloud and type: no letter that looks or sounds like a digit, in groups of four."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_LENGTH = 12  # 30**12 = 59 bits: at 100 guesses a second a site with a million receipts holds for 1,600 years
KEY_LENGTH = 6

_ADDRESS = re.compile(r".*/s/|(?<=[0-9a-z])[?#].*", re.DOTALL | re.IGNORECASE)  # what stands around a code there

Choose = Callable[[str], str]


def receipt(choose: Choose) -> str:
    """Return a new receipt such as K7QM-3XTA-9WPD; `choose` picks one letter of an alphabet unguessably."""
    letters = "".join(choose(ALPHABET) for _ in range(RECEIPT_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, RECEIPT_LENGTH, 4))


def topic_key(choose: Choose) -> str:
    """Return a new public key of a topic such as T7KQ2M: short, for it is no secret."""
    return "".join(choose(ALPHABET) for _ in range(KEY_LENGTH))


def tidy_receipt(typed: str) -> str:
    """Return what a person typed in the form in which receipts are stored; any spacing, dashes, case and width will do.

    The page's whole address will do, too: people paste it where they are asked for the code.
    """
    code = _ADDRESS.sub("", typed[:2000])
    letters = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", code[:64])[:64].upper())
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
