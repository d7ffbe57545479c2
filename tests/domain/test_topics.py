import pytest

from triage.domain.notices import Event
from triage.domain.topics import ALLOWED, TopicState, Verb, allow, ending
from triage.errors import ConflictError

S, V = TopicState, Verb
REFUSALS = ("wontfix", "不处理")


def test_every_verb_says_where_it_is_allowed():
    assert set(ALLOWED) == set(Verb)


def test_nothing_is_done_to_a_merged_topic():
    assert not any(S.MERGED in states for states in ALLOWED.values())


def test_what_is_accepted_but_not_filed_can_be_linked_instead():
    allow(V.LINK, S.ACCEPTED)


@pytest.mark.parametrize("verb", [V.ACCEPT, V.MERGE, V.DECLINE, V.SNOOZE, V.SPAM, V.LINK])
@pytest.mark.parametrize("state", [S.FILED, S.RESOLVED, S.CLOSED, S.SPAM])
def test_what_is_on_the_host_or_in_quarantine_takes_no_verb_of_the_queue(verb, state):
    with pytest.raises(ConflictError, match=state.value):
        allow(verb, state)


@pytest.mark.parametrize("verb", sorted(set(V) - {V.NOT_SPAM, V.FOLLOW}))
def test_a_new_topic_takes_them(verb):
    allow(verb, S.NEW)


def test_only_spam_is_no_longer_spam():
    assert ALLOWED[V.NOT_SPAM] == {S.SPAM}


@pytest.mark.parametrize(
    ("reason", "labels", "meant"),
    [
        ("completed", [], (S.RESOLVED, Event.RESOLVED)),
        ("completed", ["wontfix"], (S.RESOLVED, Event.RESOLVED)),
        ("not_planned", [], (S.DECLINED, Event.DECLINED)),
        ("duplicate", [], (S.DECLINED, Event.DUPLICATE)),
        ("", [], (S.CLOSED, Event.CLOSED)),
        ("", ["bug", "WontFix"], (S.DECLINED, Event.DECLINED)),
        ("", ["不处理"], (S.DECLINED, Event.DECLINED)),
        ("something new", ["bug"], (S.CLOSED, Event.CLOSED)),
    ],
)
def test_what_a_closed_issue_means(reason, labels, meant):
    assert ending(reason, labels, REFUSALS) == meant
