"""What people say of a component counts before what its words say, and is an example."""

import pytest

from tests import factories
from triage.errors import ModelError
from triage.ml.weights import Bundle, save
from triage.services import components, review
from triage.services.learning import examples
from triage.services.undo import undo

LISTED = {"compute": ["gpu", "ticket"], "account": ["login"]}


@pytest.fixture
def mei(session):
    return factories.user(session)


@pytest.fixture
def topic(session):
    project = factories.project(session, words=LISTED)
    rows = [factories.feedback(session, project, body, component="compute") for body in ("one", "two")]
    return factories.topic(session, project, rows, component="compute")


def known(session, topic):
    return [(one.text, one.component, one.confirmed) for one in examples(session, topic.project).components]


def test_a_changed_component_is_an_example_of_each_feedback(session, topic, mei):
    review.change_component(session, topic, factories.actor(mei), "account")
    assert known(session, topic) == [("one", "account", False), ("two", "account", False)]


def test_none_is_an_answer_too(session, topic, mei):
    review.change_component(session, topic, factories.actor(mei), "")
    assert known(session, topic) == [("one", "", False), ("two", "", False)]


def test_who_decides_and_leaves_it_in_place_confirms_it(session, topic, mei):
    topic_rows = review.members(session, topic)
    topic_rows[1].component = ""
    review.accept(session, topic, factories.actor(mei))
    assert known(session, topic) == [("one", "compute", True)]


def test_a_corrected_one_outranks_a_later_agreement(session, topic, mei):
    review.change_component(session, topic, factories.actor(mei), "account")
    review.accept(session, topic, factories.actor(mei, hours=1))
    assert known(session, topic) == [("one", "account", False), ("two", "account", False)]


def test_a_correction_after_an_agreement_counts(session, topic, mei):
    review.accept(session, topic, factories.actor(mei))
    review.change_component(session, topic, factories.actor(mei, hours=1), "account")
    assert known(session, topic) == [("one", "account", False), ("two", "account", False)]


def test_what_was_undone_or_decided_by_a_policy_teaches_nothing(session, topic, mei):
    review.change_component(session, topic, factories.actor(), "account")
    undo(session, review.change_component(session, topic, factories.actor(mei), "account"), factories.actor(mei))
    assert known(session, topic) == []


def test_a_topic_without_a_component_confirms_nothing(session, mei):
    topic = factories.topic(session)
    review.accept(session, topic, factories.actor(mei))
    assert known(session, topic) == []


def test_words_are_kept_as_data(tmp_path):
    components.keep(tmp_path, {"account": ["ticket"]})
    assert components.kept(tmp_path) == {"account": ["ticket"]}


@pytest.mark.parametrize("facts", [{}, {"words": ["ticket"]}, {"words": {"account": "ticket"}}])
def test_damaged_words_are_refused(tmp_path, facts):
    save(tmp_path, components.NAME, Bundle({}, facts))
    with pytest.raises(ModelError, match="damaged"):
        components.kept(tmp_path)
