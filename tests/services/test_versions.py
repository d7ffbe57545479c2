"""Versions of a project's models: one in force, any other by hand, and the way back."""

import pytest

from tests import factories
from triage.db.queries import project_by_slug
from triage.errors import ConflictError, NotFoundError
from triage.services import versions


@pytest.fixture
def project(session):
    return factories.project(session)


def made(session, project, *parts, **fields):
    metrics = {part: {"trained": True} for part in parts}
    return factories.version(session, project, metrics=metrics, **fields)


def promoted(session, row, hours):
    versions.promote(session, row, factories.actor(hours=hours))
    return row


def states(session, project):
    return [row.state for row in versions.history(session, project)]


def test_promoting_by_hand_takes_all_that_was_trained(session, project):
    row = promoted(session, made(session, project, "kinds", "spam"), 1)
    assert row.parts == {"kinds": 1, "spam": 1, "duplicates": 0, "components": 0}
    assert versions.active(session, project) is row


def test_promoting_some_parts_leaves_the_others_as_they_are(session, project):
    promoted(session, made(session, project, "kinds", "spam"), 1)
    second = made(session, project, "kinds", "duplicates")
    versions.promote(session, second, factories.actor(hours=2), ["duplicates"])
    assert second.parts == {"kinds": 1, "spam": 1, "duplicates": 2, "components": 0}
    assert states(session, project) == ["active", "retired"]


def test_rolling_back_goes_one_step_at_a_time_down_to_the_shipped_models(session, project):
    first, second = (promoted(session, made(session, project, "kinds"), hours) for hours in (1, 2))
    assert versions.roll_back(session, project) is first
    assert (first.state, second.state) == ("active", "retired")
    assert versions.roll_back(session, project) is None
    assert states(session, project) == ["retired", "retired"]
    with pytest.raises(ConflictError):
        versions.roll_back(session, project)


def test_what_was_rolled_back_can_be_promoted_again_as_it_was(session, project):
    promoted(session, made(session, project, "kinds"), 1)
    second = made(session, project, "spam")
    versions.promote(session, second, factories.actor(hours=2))
    versions.roll_back(session, project)
    versions.promote(session, second, factories.actor(hours=3))
    assert second.parts == {"kinds": 1, "spam": 2, "duplicates": 0, "components": 0}


def test_promoting_what_is_in_force_is_refused(session, project):
    row = promoted(session, made(session, project, "kinds"), 1)
    with pytest.raises(ConflictError):
        versions.promote(session, row, factories.actor())


def test_a_version_without_anything_can_not_be_promoted(session, project):
    with pytest.raises(ConflictError, match="nothing"):
        versions.promote(session, made(session, project), factories.actor())


def test_a_version_that_is_not_there(session, project):
    with pytest.raises(NotFoundError):
        versions.one(session, project, 7)


def test_numbers_go_on(session, project):
    assert versions.next_number(session, project) == 1
    made(session, project)
    assert versions.next_number(session, project) == 2
    assert versions.next_number(session, factories.project(session)) == 1


def test_what_a_part_in_force_has_seen(session, project):
    row = promoted(session, made(session, project, "kinds"), 1)
    assert versions.seen_until(session, project, "kinds") == row.trained_until
    assert versions.seen_until(session, project, "spam") is None


def test_old_versions_are_forgotten_but_never_what_is_in_force(session, project, tmp_path):
    folder = tmp_path / "demo"
    first = promoted(session, made(session, project, "kinds"), 1)
    for number in range(2, versions.KEPT + 4):
        made(session, project, "kinds")
        (folder / str(number)).mkdir(parents=True)
    versions.prune(session, project, folder)
    kept = [row.version for row in versions.history(session, project)]
    assert kept == [*range(versions.KEPT + 3, 3, -1), first.version]
    assert sorted(int(one.name) for one in folder.iterdir()) == sorted(kept[:-1])


def test_each_project_has_its_own(session, project):
    promoted(session, made(session, project, "kinds"), 1)
    assert versions.active(session, project_by_slug(session, factories.project(session).slug)) is None
