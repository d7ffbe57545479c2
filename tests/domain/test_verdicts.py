from datetime import UTC, datetime, timedelta

import pytest

from triage.domain.verdicts import Facts, Gate, Known, Policy, Standing, parse, standing, stop
from triage.errors import InvalidError

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def known(**fields):
    return Known(**({"number": "7", "open": True, "reason": "", "labels": ()} | fields))


def facts(*matches, **fields):
    made = {"site": "on", "filed": 0, "oldest": None, "matches": matches, "opened": frozenset()}
    return Facts(**(made | fields))


def gate(policy, found):
    held = stop(policy, found, now=NOW)
    return held and held.gate


def days_ago(days):
    return NOW - timedelta(days=days)


# --- what a matching issue means


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({}, Standing.SAME),
        ({"open": False, "reason": "completed"}, Standing.REGRESSION),
        ({"open": False, "reason": ""}, Standing.REGRESSION),
        ({"open": False, "reason": "not_planned"}, Standing.REFUSED),
        ({"open": False, "reason": "", "labels": ("WontFix",)}, Standing.REFUSED),
        ({"open": False, "reason": "duplicate"}, Standing.DUPLICATE),
    ],
)
def test_what_a_matching_issue_means(fields, meaning):
    assert standing(known(**fields)) == meaning


# --- gates


def test_nothing_speaks_against_filing():
    assert stop(Policy(), facts(), now=NOW) is None


@pytest.mark.parametrize(("site", "project"), [("off", "on"), ("on", "off"), ("off", "dry")])
def test_the_kill_switch_stops_everything(site, project):
    assert gate(Policy(filing=project), facts(site=site, opened=frozenset(Gate))) == Gate.SWITCH


@pytest.mark.parametrize(("site", "project"), [("dry", "on"), ("on", "dry")])
def test_a_dry_run_only_says_what_it_would_do(site, project):
    assert gate(Policy(filing=project), facts(site=site, opened=frozenset(Gate))) == Gate.DRY


def test_a_dry_run_names_the_gate_that_would_have_held_it_anyway():
    assert gate(Policy(filing="dry"), facts(known())) == Gate.MATCH


def test_an_open_issue_that_matches_is_to_be_linked_first():
    held = stop(Policy(), facts(known(number="12")), now=NOW)
    assert (held.gate, held.number, held.until) == (Gate.MATCH, "12", NOW + timedelta(days=1))


def test_a_project_may_do_without_linking_first():
    assert gate(Policy(link_first=False), facts(known())) is None


def test_an_issue_that_is_never_to_be_filed_again():
    assert gate(Policy(), facts(known(open=False, reason="not_planned", labels=("Triage:Never",)))) == Gate.NEVER


@pytest.mark.parametrize(("days", "held"), [(1, Gate.FRESH), (2.9, Gate.FRESH), (3, None), (30, None)])
def test_it_waits_while_an_equal_fix_is_fresh(days, held):
    found = facts(known(open=False, reason="completed", closed_at=days_ago(days)))
    assert gate(Policy(), found) == held


@pytest.mark.parametrize("fields", [{"reason": "not_planned"}, {"reason": "completed", "closed_at": None}])
def test_what_was_refused_or_closed_nobody_knows_when_is_no_fresh_fix(fields):
    assert gate(Policy(), facts(known(**({"open": False, "closed_at": NOW} | fields)))) is None


@pytest.mark.parametrize(("filed", "held"), [(19, None), (20, Gate.CAP), (21, Gate.CAP)])
def test_a_project_files_only_so_many_a_day(filed, held):
    assert gate(Policy(cap_per_day=20), facts(filed=filed)) == held


@pytest.mark.parametrize(("oldest", "hours"), [(days_ago(0.5), 12), (None, 24)])
def test_it_goes_on_when_the_first_of_the_day_is_a_day_old(oldest, hours):
    held = stop(Policy(cap_per_day=1), facts(filed=1, oldest=oldest), now=NOW)
    assert held.until == NOW + timedelta(hours=hours)


@pytest.mark.parametrize(("found", "opened"), [(facts(known()), Gate.MATCH), (facts(filed=99), Gate.CAP)])
def test_a_maintainer_can_open_a_gate_for_one_topic(found, opened):
    made = Facts(found.site, found.filed, found.oldest, found.matches, frozenset({opened}))
    assert (gate(Policy(), found), gate(Policy(), made)) == (opened, None)


# --- the policy as it is stored and written


def test_what_is_not_said_is_the_default():
    assert Policy.of({}) == Policy()


def test_what_is_stored_is_read():
    policy = Policy.of({"cap_per_day": 5, "never_labels": ["nein"], "link_first": False, "filing": "dry", "x": 1})
    assert policy == Policy(cap_per_day=5, never_labels=("nein",), link_first=False, filing="dry")


@pytest.mark.parametrize("stored", [{"cap_per_day": "5"}, {"link_first": 1}, {"comment_at": 10}, {"filing": None}])
def test_what_makes_no_sense_is_the_default(stored):
    assert Policy.of(stored) == Policy()


@pytest.mark.parametrize(
    ("name", "written", "stored"),
    [
        ("cap_per_day", " 20 ", 20),
        ("link_first", "No", False),
        ("reopen_on_objection", "yes", True),
        ("filing", "OFF", "off"),
        ("never_labels", "a, b，c、", ["a", "b", "c"]),
        ("comment_at", "50,10", [10, 50]),
    ],
)
def test_what_is_written_is_stored_and_read_again(name, written, stored):
    assert parse(name, written) == stored
    read = getattr(Policy.of({name: stored}), name)
    assert (list(read) if isinstance(read, tuple) else read) == stored


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("cap_per_day", "many"),
        ("cap_per_day", "-1"),
        ("cap_per_day", "9999999"),
        ("cap_per_day", "٣"),
        ("link_first", "maybe"),
        ("filing", "sometimes"),
        ("comment_at", "10,x"),
        ("colour", "red"),
    ],
)
def test_what_can_not_be_a_rule_is_refused_by_name(name, written):
    with pytest.raises(InvalidError) as refused:
        parse(name, written)
    assert refused.value.field == f"policy.{name}"


@pytest.mark.parametrize(
    ("rule", "comment", "words"),
    [
        ("all", "fixed", "fixed"),
        ("all", "@Reporters fixed", "fixed"),
        ("marked", "fixed", ""),
        ("marked", "[公开] 已修复", "已修复"),
        ("marked", "已修复 @反馈者", "已修复"),
        ("none", "[public] fixed", ""),
    ],
)
def test_what_reporters_read_of_a_comment(rule, comment, words):
    assert Policy.of({"comments": rule}).for_reporters(comment, public=False, confidential=False) == words


@pytest.mark.parametrize(
    ("rule", "public", "confidential", "unmarked", "marked"),
    [
        ("public", True, False, True, True),
        ("public", True, True, False, True),
        ("public", False, False, False, True),
        ("public", False, True, False, True),
        ("all", False, False, True, True),
        ("all", True, True, False, True),
        ("marked", True, False, False, True),
        ("marked", True, True, False, True),
        ("none", True, False, False, False),
    ],
)
def test_whose_eyes_a_comment_is_for(rule, public, confidential, unmarked, marked):
    policy = Policy.of({"comments": rule})
    read = [policy.for_reporters(text, public=public, confidential=confidential) for text in ("a", "[public] b")]
    assert read == ["a" if unmarked else "", "b" if marked else ""]


def test_without_a_rule_only_what_everybody_can_read_is_told():
    assert Policy.of({}).comments == "public"


@pytest.mark.parametrize(
    ("rule", "public", "said"),
    [
        ("public", True, "everybody can read the repository"),
        ("public", False, "not known that everybody can read the repository"),
        ("all", False, "all comments"),
        ("marked", True, "those comments by the team that are marked"),
        ("none", True, "no comments"),
    ],
)
def test_which_comments_reporters_read_is_said_in_words(rule, public, said):
    assert said in Policy.of({"comments": rule}).told(public=public)
