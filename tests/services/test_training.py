"""Training on decisions: measured on the last fifth, put in force only where it is better beyond noise."""

import json
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests import factories
from tests.fakes.clock import START
from tests.ml.encoders import scattered, tiny
from triage.config import data
from triage.db.tables import Example, ModelVersion
from triage.ml.encoder import Encoder, Meaning
from triage.ml.linear import Fit
from triage.services import meanings, review, versions
from triage.services.learning import KindExample
from triage.services.library import PARTS, Library
from triage.services.models import Models
from triage.services.training import FRESH, apart, train

WORDS = ["node", "pod", "queue", "slot", "team", "disk", "image", "mount", "login", "page", "file", "job"]


SHIPPED = (("It crashes with an error", "bug"), ("Please add a dark mode", "feature"), ("How do I log in?", "question"))


@pytest.fixture(scope="module")
def models():
    return Models.load(data("models"))


@pytest.fixture
def site(site, models, tmp_path, monkeypatch):
    """A site whose shipped examples are few and whose kinds are one model and not three: training takes no time."""
    monkeypatch.setattr("triage.ml.kind_training.FEW_LABELS", (Fit(),))
    (tmp_path / "seeds").mkdir()
    rows = [json.dumps({"title": "", "body": text, "kind": kind}) for text, kind in SHIPPED] * 5
    (tmp_path / "seeds" / "feedback.jsonl").write_text("\n".join(rows))
    site.models, site.library = models, Library(models, site.settings.path("models"), tmp_path)
    return site


@pytest.fixture
def project(session):
    row = factories.project(session, slug="demo")
    session.commit()
    return row


def labelled(session, project, count, *, flipped=False, start=0):
    """So many texts of which whatever says “quota” is a complaint and “ticket” praise: what no shipped model knows."""
    random = Random(count + start)
    for number in range(start, start + count):
        odd = number % 2 == 1
        text = f"{'quota' if odd else 'ticket'} {' '.join(random.sample(WORDS, 4))}"
        made = {"project_id": project.id, "source": f"t/p#{number}", "title": "", "body": text}
        made |= {"kind": "complaint" if odd != flipped else "praise", "created_at": START}
        session.add(Example(**made, said_at=START + timedelta(hours=number)))
    session.commit()


def suggestions(session, project, count):
    """So many suggestions of which those over one half are followed."""
    mei, random = factories.user(session), Random(5)
    for number in range(count):
        topic, other = (factories.topic(session, project, kind="") for _ in range(2))
        score, actor = random.uniform(0.05, 0.95), factories.actor(mei, hours=number)
        factories.candidate(session, review.members(session, topic)[0], other, score=score)
        if score > 0.5:
            review.merge(session, topic, actor, other)
        else:
            review.accept(session, topic, actor)
    session.commit()


def advertisements(session, project, count):
    """So many topics of which every other one is an advertisement that is found to be one."""
    mei = factories.user(session)
    for number in range(count):
        body = f"加微信 abc{number}，刷单日赚八百元，名额有限" if number % 2 else f"训练任务 {number} 一直排队"
        topic = factories.topic(session, project, [body])
        actor = factories.actor(mei, hours=number)
        (review.spam if number % 2 else review.accept)(session, topic, actor)
    session.commit()


def state(session, project):
    session.rollback()
    session.expire_all()
    return {row.version: row.state for row in versions.history(session, project)}


def test_a_kind_that_only_this_site_knows_is_learned_and_put_in_force(session, project, site):
    labelled(session, project, 120)
    found = train(site, "demo")
    assert found.promoted == ("kinds",)
    assert found.metrics["kinds"]["verdict"] == "better"
    assert found.metrics["kinds"]["after"] > 0.9 > found.metrics["kinds"]["before"]
    assert found.metrics["kinds"]["n"] == 24
    assert state(session, project) == {1: "active"}
    with site.db.read() as db:
        assert site.library.of(db, project).kinds.predict("", "quota of the pod", project="demo").guess == "complaint"


def test_a_second_training_on_the_same_decisions_claims_nothing(session, project, site):
    labelled(session, project, 120)
    train(site, "demo")
    again = train(site, "demo")
    assert again.promoted == ()
    assert again.metrics["kinds"]["verdict"] == "too_few"  # the one in force has seen them all
    assert state(session, project) == {2: "candidate", 1: "active"}


def test_when_people_change_their_minds_the_model_follows(session, project, site):
    labelled(session, project, 120)
    train(site, "demo")
    labelled(session, project, 400, flipped=True, start=120)
    assert train(site, "demo").promoted == ("kinds",)
    assert state(session, project) == {2: "active", 1: "retired"}


def test_without_decisions_a_version_is_made_that_has_nothing(session, project, site):
    found = train(site, "demo")
    assert (found.n, found.promoted) == (0, ())
    assert [found.metrics[part]["trained"] for part in PARTS] == [False] * 4


def test_a_probability_comes_from_suggestions_followed_and_passed_over(session, project, site):
    suggestions(session, project, 120)
    found = train(site, "demo")
    assert found.promoted == ("duplicates",)
    table = {row["threshold"]: row["precision"] for row in found.metrics["duplicates"]["table"]}
    assert table[0.6] == 1.0 > table[0.1]
    assert found.metrics["duplicates"]["per_class"].keys() == {"same", "different"}
    with site.db.read() as db:
        line = site.library.of(db, project).line
    assert line.probability(2) > 0.9
    assert line.probability(-2) < 0.1
    assert line.decisions == 120


def test_from_few_suggestions_no_probability_is_made(session, project, site):
    suggestions(session, project, 20)
    assert train(site, "demo").metrics["duplicates"]["trained"] is False
    with site.db.read() as db:
        assert site.library.of(db, project).line is None


def test_a_threshold_of_its_own_once_people_said_what_is_spam(session, project, site):
    advertisements(session, project, 100)
    if site.models.spam is None:
        pytest.skip("optional: the spam model is not trained yet")
    found = train(site, "demo").metrics["spam"]
    assert found["trained"]
    assert {name: one["n"] for name, one in found["per_class"].items()} == {"spam": 10, "ham": 10}
    assert 0.5 <= found["threshold_after"] <= 1


def corrections(session, project, count):
    """So many topics taken for “compute”, of which every other one (“ticket”) a person gave to “account”."""
    project.words = {"compute": ["gpu", "ticket"], "account": ["login"]}
    mei, random = factories.user(session), Random(7)
    for number in range(count):
        body = f"{'gpu' if number % 2 else 'gpu ticket'} {' '.join(random.sample(WORDS, 4))}"
        topic = factories.topic(session, project, [factories.feedback(session, project, body, component="compute")])
        topic.component = "compute"
        actor = factories.actor(mei, hours=number)
        if number % 2:
            review.accept(session, topic, actor)
        else:
            review.change_component(session, topic, actor, "account")
    session.commit()


def test_a_component_that_people_correct_is_known_by_other_words_from_then_on(session, project, site):
    corrections(session, project, 120)
    found = train(site, "demo")
    metrics = found.metrics["components"]
    assert "components" in found.promoted
    assert (metrics["changed"], metrics["n"], metrics["verdict"]) == (60, 24, "better")
    assert metrics["after"] > 0.9 > metrics["before"]
    with site.db.read() as db:
        models = site.library.of(db, project)
    assert "ticket" in models.taught["account"]
    read = models.read("", "my ticket is lost", project="demo", words=project.words)
    assert (read.component.name, dict(read.component.why)) == ("account", {"ticket": 2.0})


def test_few_corrections_teach_nothing_yet(session, project, site):
    corrections(session, project, 10)
    assert train(site, "demo").metrics["components"] == {"trained": False, "examples": 10, "changed": 5}


def test_without_a_spam_model_there_is_no_threshold_to_learn(session, project, site):
    advertisements(session, project, 100)
    site.models = replace(site.models, spam=None)
    site.library.shipped = site.models
    assert train(site, "demo").metrics["spam"]["trained"] is False


def test_at_night_nothing_is_trained_while_little_is_new(session, project, site):
    labelled(session, project, 120)
    assert train(site, "demo", fresh=FRESH).version == 1
    labelled(session, project, FRESH - 1, start=120)
    assert train(site, "demo", fresh=FRESH) is None
    labelled(session, project, 1, start=200)
    assert train(site, "demo", fresh=FRESH).version == 2


def test_the_weights_lie_in_the_versions_folder(session, project, site):
    labelled(session, project, 60)
    train(site, "demo")
    folder = site.settings.path("models") / "demo" / "1"
    assert sorted(file.name for file in folder.iterdir()) == ["kinds.json", "kinds.npz"]
    assert session.query(ModelVersion).one().folder == str(folder)


def test_the_last_fifth_is_taken_by_time_and_never_tears_a_decision(session):
    rows = [Example(said_at=START + timedelta(hours=min(number, 7))) for number in range(10)]
    for row in rows:
        row.at = row.said_at
    before, held = apart(rows, None)
    assert (len(before), len(held)) == (7, 3)
    assert apart(rows, START + timedelta(hours=7)) == (before, [])
    assert apart([], None) == ([], [])


def test_with_an_encoder_a_project_learns_from_what_its_texts_mean(session, project, site, models, tmp_path):
    words = scattered(180)
    encoder = Encoder(tiny(tmp_path / "encoder", known=dict(words)))
    duplicates = copy(models.duplicates)
    duplicates.encoder = encoder
    site.models = replace(models, duplicates=duplicates)
    site.library = Library(site.models, site.settings.path("models"), tmp_path)
    for number, (word, meaning) in enumerate(words[:160]):
        made = {"project_id": project.id, "source": f"t/p#{number}", "title": "", "body": word, "created_at": START}
        session.add(Example(**made, kind=("bug", "praise")[meaning], said_at=START + timedelta(hours=number)))
    session.commit()
    assert train(site, "demo").promoted == ("kinds",)
    with site.db.read() as db:
        learned = site.library.of(db, project)
    guesses = [learned.read("", word, project="demo", words={}).kind.guess for word, _ in words[160:]]
    right = [guess == ("bug", "praise")[meaning] for guess, (_, meaning) in zip(guesses, words[160:], strict=True)]
    assert sum(right) >= 16  # of 20: chance by words is 10


def test_what_feedback_means_is_taken_from_where_it_was_stored(session, project):
    meaning = Meaning("some-encoder", bytes(range(8)))
    known = factories.feedback(session, project, "it crashes")
    known.cut = {**known.cut, "meaning": meaning.as_dict()}
    other = factories.feedback(session, project, "it hangs")
    session.commit()
    rows = [KindExample("", "x", "bug", START, feedback_id=one) for one in (known.id, other.id, None)]
    silent = Encoder(Path("/nowhere"))
    assert [one.meaning for one in meanings.stored(session, rows, silent)] == [meaning, None, None]
    assert [one.meaning for one in meanings.stored(session, rows, None)] == [None, None, None]
