"""What a topic's page says of its labels, and who reads first what stands for it; components are changed there."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.web.conftest import filled
from tests.web.test_queue import act, fresh
from triage.db.tables import Decision, Feedback, Project, Topic
from triage.domain.feedback import FeedbackState


def test_labels_say_why_in_words(signed_in: FlaskClient, session: Session, project: Project):
    labels = {"kind": {"sure": True, "score": 0.97, "why": [["crash", 1.2]], "ranked": [["bug", 0.97]]}}
    labels |= {
        "component": {"why": [["gpu", 1.0], ["card", 0.5]], "against": [["upload", 0.2]]},
        "placement": {"why": "nothing-alike", "score": 0.0},
    }
    row = factories.feedback(session, project, labels=labels, component="Compute")
    topic = factories.topic(session, project, [row])
    session.commit()
    page = signed_in.get(f"/queue/{topic.key}").text
    assert "very likely" in page
    assert '<span class="word weight-3" title="counts much">crash</span>' in page
    assert '<span class="word weight-2" title="counts some">card</span>' in page
    assert '<span class="word weight-1" title="counts little">upload</span>' in page.partition("against it")[2]
    assert "Nothing like it was here before." in page
    assert "0.97" not in page


def test_of_a_large_topic_those_that_stand_for_it_are_read_first(
    signed_in: FlaskClient, session: Session, project: Project
):
    topic = factories.topic(session, project, [f"report {number}" for number in range(60)])
    rows = session.query(Feedback).filter_by(topic_id=topic.id).order_by(Feedback.id).all()
    topic.representatives = [rows[58].id, rows[3].id]
    session.commit()
    page = signed_in.get(f"/queue/{topic.key}").text.partition("What was said")[2]
    assert page.count("stands for the others") == 2
    assert page.index("report 58") < page.index("report 0<")
    assert "report 59<" not in page  # the last ones are only counted


def test_change_component_and_take_it_back(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "component", component="images")
    assert fresh(session).get_one(Topic, topic.id).component == "images"
    number = session.query(Decision.id).scalar()
    signed_in.post(f"/queue/decisions/{number}/undo", data=filled(signed_in, f"/queue/{topic.key}"))
    assert fresh(session).get_one(Topic, topic.id).component == ""


def test_the_components_to_choose_from_are_the_projects(signed_in: FlaskClient, session: Session, topic: Topic):
    topic.project.words = {"Scheduler": ["queue"]}
    session.commit()
    page = signed_in.get(f"/queue/{topic.key}").text
    assert '<option value="Scheduler">' in page
    assert 'value="images"' not in page
    assert act(signed_in, topic.key, "component", component="images").status_code == 422


def test_what_a_person_changed_is_no_guess_any_more(signed_in: FlaskClient, session: Session, topic: Topic):
    (row,) = session.query(Feedback).filter_by(topic_id=topic.id)
    row.component, row.labels = "data", {"component": {"guess": "data", "why": [["upload", 1.0]], "against": []}}
    session.commit()
    act(signed_in, topic.key, "component", component="")
    page = signed_in.get(f"/queue/{topic.key}").text
    assert "taken for that at first, then changed" in page
    assert "Changed the component" in page


def test_failed_analysis_is_marked(signed_in: FlaskClient, session: Session, project: Project):
    row = factories.feedback(session, project, state=FeedbackState.UNANALYSED, kind="", labels={})
    topic = factories.topic(session, project, [row], kind="")
    session.commit()
    for page in ("/queue", f"/queue/{topic.key}"):
        assert "The analysis failed" in signed_in.get(page).text
