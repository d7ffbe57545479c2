"""The models of a project: the shipped ones until something of its own is in force, and whenever that is damaged."""

import pytest

from tests import factories
from triage.config import data
from triage.ml.site_training import save_numbers
from triage.services import doctor, versions
from triage.services.indexing import READING
from triage.services.library import KEPT, Library, recipe
from triage.services.models import Models


@pytest.fixture(scope="module")
def models():
    return Models.load(data("models"))


@pytest.fixture
def library(models, tmp_path):
    return Library(models, tmp_path / "models", data("models"))


@pytest.fixture
def project(session):
    return factories.project(session, slug="demo")


def in_force(session, library, project, **numbers):
    """A version whose spam threshold and calibration are given, in force."""
    row = factories.version(session, project, metrics={part: {"trained": True} for part in numbers})
    for part, values in numbers.items():
        save_numbers(library.place(project, row.version), part, values, {})
    versions.promote(session, row, factories.actor(hours=row.version))
    return library.place(project, row.version)


def test_without_versions_the_shipped_models_answer(session, library, project, models):
    found = library.of(session, project)
    assert (found.kinds, found.spam_threshold, found.line) == (models.kinds, None, None)
    assert found.segmenter is models.segmenter


def test_what_is_asked_twice_is_loaded_once(session, library, project):
    assert library.of(session, project) is library.of(session, project)


def test_a_promotion_is_noticed_without_a_restart(session, library, project):
    assert library.of(session, project).spam_threshold is None
    in_force(session, library, project, spam={"threshold": 0.7})
    assert library.of(session, project).spam_threshold == 0.7
    in_force(session, library, project, spam={"threshold": 0.8})
    assert library.of(session, project).spam_threshold == 0.8
    versions.roll_back(session, project)
    assert library.of(session, project).spam_threshold == 0.7


def test_another_project_is_not_touched(session, library, project):
    in_force(session, library, project, spam={"threshold": 0.7})
    assert library.of(session, factories.project(session)).spam_threshold is None


def test_a_calibration_is_loaded(session, library, project):
    in_force(session, library, project, duplicates={"slope": 2.0, "offset": -1.0, "decisions": 40.0})
    line = library.of(session, project).line
    assert (line.slope, line.offset, line.decisions) == (2.0, -1.0, 40)


def test_a_threshold_decides(session, library, project, models):
    if models.spam is None:
        pytest.skip("optional: the spam model is not trained yet")
    in_force(session, library, project, spam={"threshold": 0.0})
    text = {"title": "", "body": "训练任务卡住了，联系管理员", "project": "demo", "words": {}}
    assert library.of(session, project).read(**text).spam.spam
    assert not models.read(**text).spam.spam


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04"])
def test_a_damaged_part_is_left_to_the_shipped_one_and_told(session, library, project, content):
    folder = in_force(session, library, project, spam={"threshold": 0.7})
    (folder / "spam.npz").write_bytes(content)
    found = library.of(session, project)
    assert found.spam_threshold is None
    assert "demo: version 1 of spam" in found.faults[-1]


def test_weights_that_are_gone_are_left_to_the_shipped_one(session, library, project, models):
    row = factories.version(session, project, metrics={"kinds": {"trained": True}})
    versions.promote(session, row, factories.actor())
    found = library.of(session, project)
    assert found.kinds is models.kinds
    assert "version 1 of kinds" in found.faults[-1]


def test_doctor_tells_of_a_damaged_version(session, site, project):
    folder = in_force(session, site.library, project, spam={"threshold": 0.7})
    session.commit()
    (folder / "spam.json").unlink()
    (found,) = [one for one in doctor.examine(site) if one.part == "models"]
    assert not found.ok
    assert "demo: version 1 of spam" in found.detail


def test_a_threshold_set_by_hand_goes_before_what_was_learned(session, library, project):
    in_force(session, library, project, spam={"threshold": 0.7})
    project.policy = {"spam_percent": 95}
    assert library.of(session, project).spam_threshold == 0.95


def test_words_of_its_own_are_not_cut_apart(session, library, project):
    project.dictionary = ["智算网络"]
    other = library.of(session, factories.project(session))
    assert "智算网络" in library.of(session, project).duplicates.cut("", "智算网络不通").body
    assert "智算网络" not in other.duplicates.cut("", "智算网络不通").body


def test_a_changed_dictionary_is_noticed(session, library, project):
    before = library.of(session, project)
    project.dictionary = ["智算网络"]
    assert library.of(session, project) is not before


def test_the_recipe_is_the_dictionary_whatever_its_order(session, project):
    assert recipe(project) == READING
    project.dictionary = ["b", "a"]
    first = recipe(project)
    project.dictionary = ["a", "b"]
    assert recipe(project) == first != READING


def test_with_damaged_word_lists_its_own_words_count_all_the_same(session, models, project, tmp_path):
    project.dictionary = ["智算网络"]
    found = Library(models, tmp_path, tmp_path).of(session, project)
    assert "智算网络" in found.segmenter.tokens("智算网络")


def test_only_the_latest_projects_are_kept_in_memory(session, library):
    for number in range(KEPT + 2):
        library.of(session, factories.project(session, dictionary=[f"word{number} x"]))
    assert len(library._known) == len(library._segmenters) == KEPT
