import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.feedback import suggested_title


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("One line", "One line"),
        ("\n\n  second  \nthird", "second"),
        ("", ""),
        (" \n ", ""),
        ("word " * 30, "word " * 14 + "word…"),
        ("训" * 100, "训" * 79 + "…"),
        ("a " + "b" * 100, "a " + "b" * 77 + "…"),
        ("，" * 90, "…"),
    ],
)
def test_the_title_is_the_first_line_that_says_something(body, title):
    assert suggested_title(body) == title


@given(st.text(), st.integers(2, 100))
def test_a_title_is_one_line_and_never_too_long(body, limit):
    title = suggested_title(body, limit)
    assert len(title) <= limit
    assert len(title.splitlines()) <= 1
