"""Mappings such as nobody should send, and everybody will."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from triage.channels.fields import NAMES

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
ODD_TEXT = st.sampled_from(
    [
        *(
            "",
            " ",
            "\x00",
            "a\x00b",
            "\ud800",
            "\udcff x",
            "\ufeff",
            "\u202ereversed",
            "👩‍👩‍👧 ok",
            "A\u0301" * 40,
            "\u200b\u200d",
        ),
        *("<script>alert(1)</script>", "'; DROP TABLE feedback; --", "javascript:alert(1)", "https://例子.测试/路径"),
        *("a@b", "a@例子.测试", "a@b.co", "@", "a" * 400 + "@example.com", "x" * 25_000, "zh_CN", "yes", "是", "1"),
        *(
            "2024-02-30",
            "2024/2/3 24:61",
            "9" * 13,
            "1e5",
            "-1",
            "99991231",
            "10000-01-01",
            "2024-02-03T04:05:06+23:59",
        ),
    ]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63), 10**400, 1e308, 0, 1, -0.0, 1_700_000_000])
SCALARS = st.none() | st.booleans() | NUMBERS | ANY_TEXT | ODD_TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([name for names in NAMES.values() for name in names] + ["context", "BODY", " Text "]) | ANY_TEXT
MAPPINGS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(KEYS, JSON | st.datetimes(), max_size=8)
# most of a random mapping is refused for one odd field: these have a text, and so come through more often
SENSIBLE: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda text, more: {"text": text} | more,
    ANY_TEXT.filter(str.strip) | ODD_TEXT,
    st.fixed_dictionaries(
        {},
        optional={
            "title": ANY_TEXT | ODD_TEXT,
            "email": ODD_TEXT | st.emails(),
            "language": ODD_TEXT,
            "source_url": ANY_TEXT | ODD_TEXT,
            "id": ANY_TEXT | NUMBERS,
            "reporter": ANY_TEXT | ODD_TEXT,
            "created": st.datetimes(datetime(1980, 1, 1), datetime(2210, 1, 1)) | ODD_TEXT | NUMBERS,  # noqa: DTZ001
            "private": st.booleans() | ODD_TEXT,
            "context": st.dictionaries(ANY_TEXT, JSON, max_size=3),
        },
    ),
)
