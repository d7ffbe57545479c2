"""What an encoder changes for a whole installation: one more reason for a match, and nothing where there is none."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import pytest

from tests import factories
from tests.fakes.clock import START
from tests.ml.encoders import english, tiny
from triage.db.tables import Candidate, Feedback, Project
from triage.ml.encoder import Encoder
from triage.services import analysis, dictionary, doctor, tidying
from triage.services.indexing import cut_of, understand
from triage.services.indexing import stored as stored_cut

CRASH = "The app crashes when I open the settings page of my account"
DIES = "Application dies on opening the account preferences: settings page closed"
DARK = "Please add a dark theme to the settings page of my account"


@pytest.fixture(scope="module")
def minilm():
    return Encoder(english())


@pytest.fixture
def with_encoder(site, shipped):
    """Give the site an encoder, or none."""

    def give(encoder):
        duplicates = copy(shipped.duplicates)
        duplicates.encoder = encoder
        site.models = replace(shipped, duplicates=duplicates)
        with site.db.write() as session:
            return factories.project(session).id

    return give


def say(site, project_id, body):
    with site.db.write() as session:
        number = factories.feedback(session, session.get_one(Project, project_id), body, state="received", kind="").id
    analysis.analyse(site, number)
    return number


def scores(site, number):
    with site.db.read() as session:
        return {row.topic_id: row.score for row in session.query(Candidate).where(Candidate.feedback_id == number)}


def stored(site, number):
    with site.db.read() as session:
        row = session.get_one(Feedback, number)
        return cut_of(row.cut).meaning, row.labels


def test_what_is_meant_is_stored_and_weighed(site, with_encoder, minilm):
    project = with_encoder(minilm)
    say(site, project, CRASH)
    meaning, labels = stored(site, say(site, project, DIES))
    assert meaning == minilm.meaning(DIES)
    (apart,) = labels["apart"].values()
    assert apart["meaning"] > 0


def test_another_way_to_say_it_scores_higher_than_by_its_words_alone(site, with_encoder, minilm):
    project = with_encoder(minilm)
    say(site, project, CRASH)
    (read,) = scores(site, say(site, project, DIES)).values()
    site.models.duplicates.encoder = None
    with site.db.write() as session:
        other = factories.project(session, slug="other").id
    say(site, other, CRASH)
    (unread,) = scores(site, say(site, other, DIES)).values()
    assert read > unread + 0.05


def test_without_an_encoder_nothing_is_stored(site, with_encoder):
    project = with_encoder(None)
    say(site, project, CRASH)
    meaning, labels = stored(site, say(site, project, DARK))
    assert meaning is None
    assert {one["meaning"] for one in labels["apart"].values()} <= {None}


def test_a_broken_one_is_said_and_all_goes_on(site, with_encoder, tmp_path):
    folder = tiny(tmp_path / "e")
    (folder / "model.onnx").write_bytes(b"broken")
    project = with_encoder(Encoder(folder))
    with site.db.read() as session:
        assert session.get_one(Feedback, say(site, project, CRASH)).state == "analysed"
    found = {one.part: one for one in doctor.examine(site)}["models"]
    assert not found.ok
    assert f"the encoder {folder} can't be used" in found.detail


def test_the_setting_names_the_folder(site, tmp_path):
    site.settings = replace(site.settings, encoder=str(tmp_path / "none"))
    assert "there is no such folder" in "".join(site.models.faults)


def test_earlier_texts_are_looked_up_by_the_pass(site, with_encoder, tmp_path):
    project = with_encoder(None)
    numbers = [say(site, project, CRASH), say(site, project, "训练任务卡住了")]
    encoder = Encoder(tiny(tmp_path / "e", known=dict.fromkeys(CRASH.split(), 1)))
    site.models.duplicates.encoder = encoder
    tidying.tidy(site, project)
    assert [stored(site, number)[0] is not None for number in numbers] == [True, False]
    assert understand(site.db, encoder, project) == 0


def test_a_tracker_of_thousands_is_looked_up_by_one_pass(site, with_encoder, tmp_path, monkeypatch):
    """Once only the newest thousand were ever looked up: of a longer tracker nine issues in ten stayed unknown."""
    monkeypatch.setattr("triage.services.indexing.AT_ONCE", 20)
    project = with_encoder(None)
    with site.db.write() as session:
        home = session.get_one(Project, project)
        for at in range(50):
            body = "训练任务卡住了" if at % 2 else "crash theme"
            issue = {"title": body, "body": "", "text_at": START, "cut": stored_cut(site.models.cut("", body))}
            factories.issue(session, factories.topic(session, home), number=str(at + 10), **issue)
    encoder = Encoder(tiny(tmp_path / "e"))
    assert understand(site.db, encoder, project) == 25
    assert understand(site.db, encoder, project) == 0


def test_a_pass_ends_and_the_next_goes_on(site, with_encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("triage.services.indexing.AT_ONCE", 2)
    monkeypatch.setattr("triage.services.indexing.MEANT", 2)
    project = with_encoder(None)
    for _ in range(3):
        say(site, project, "crash theme")
    encoder = Encoder(tiny(tmp_path / "e"))
    assert [understand(site.db, encoder, project) for _ in range(3)] == [2, 1, 0]


def test_of_one_that_is_broken_nothing_is_asked(site, with_encoder, tmp_path):
    project = with_encoder(None)
    say(site, project, CRASH)
    assert understand(site.db, Encoder(tmp_path / "none"), project) == 0


def test_a_new_dictionary_keeps_what_is_meant(site, with_encoder, minilm):
    project = with_encoder(minilm)
    number = say(site, project, CRASH)
    with site.db.write() as session:
        dictionary.save(session, session.get_one(Project, project), ["settings page"])
    dictionary.resegment(site, project)
    assert stored(site, number)[0] == minilm.meaning(CRASH)
