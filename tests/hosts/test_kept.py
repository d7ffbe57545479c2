from triage.hosts.kept import ALL, LEAST, ONE, Answer, Kept


def answer(size: int = 1) -> Answer:
    return Answer("tag", b"x" * size, {})


def test_what_was_kept_is_found() -> None:
    kept, one = Kept(), answer()
    kept.keep("a", one)
    assert (kept.find("a"), kept.find("b")) == (one, None)


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    kept, newer = Kept(), answer(2)
    kept.keep("a", answer())
    kept.keep("a", newer)
    assert kept.find("a") is newer


def test_a_large_answer_is_not_kept_and_leaves_no_older_one() -> None:
    kept = Kept()
    kept.keep("a", answer())
    kept.keep("a", answer(ONE + 1))
    assert kept.find("a") is None


def test_the_longest_unused_go_first() -> None:
    kept, room = Kept(), ALL // (ONE + LEAST)
    for count in range(room):
        kept.keep(count, answer(ONE))
    kept.find(0)
    kept.keep("one more", answer(ONE))
    assert [kept.find(key) is not None for key in (0, 1, "one more")] == [True, False, True]


def test_many_small_ones_are_bounded_too() -> None:
    kept = Kept()
    for count in range(2 * ALL // LEAST):
        kept.keep(count, answer(0))
    assert sum(kept.find(count) is not None for count in range(2 * ALL // LEAST)) == ALL // LEAST
