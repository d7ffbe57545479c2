"""Issues that people have labelled on the host are examples: by the project's own labels, each issue once."""

from dataclasses import replace

import pytest

from tests import factories
from tests.fakes.host import BROKEN
from triage.db.tables import Example
from triage.domain.drafts import marker
from triage.errors import OutsideError
from triage.services import bootstrap
from triage.services.bootstrap import by_label, learn
from triage.services.learning import examples


class Story:
    def __init__(self, site, session, host):
        self.site, self.session, self.host = site, session, host
        self.project = factories.project(session, slug="demo")
        session.commit()

    def issue(self, *labels, body="It hangs"):
        number = self.host.open(body, title="A title").number
        self.host.issues[number] = replace(self.host.issues[number], labels=labels)
        return number

    def learn(self):
        found = learn(self.site, "demo", "team/product", host=self.host)
        self.session.rollback()
        self.session.expire_all()
        return found

    def kinds(self):
        return {row.source: row.kind for row in self.session.query(Example)}


@pytest.fixture
def story(site, session, host):
    return Story(site, session, host)


def test_usual_labels_mean_what_they_usually_mean(story):
    for label in ("bug", "Enhancement", "咨询"):
        story.issue(label)
    assert story.learn().as_dict()["kinds"] == {"bug": 1, "feature": 1, "question": 1}
    assert story.kinds() == {"team/product#1": "bug", "team/product#2": "feature", "team/product#3": "question"}


def test_a_projects_own_labels_take_the_place_of_the_usual_ones(story):
    story.project.labels = {"bug": ["坏了"], "praise": ["thanks"]}
    story.session.commit()
    for label in ("坏了", "Thanks", "bug"):
        story.issue(label)
    assert story.learn().as_dict()["kinds"] == {"bug": 1, "praise": 1}


@pytest.mark.parametrize(
    "label", ["Kind/Bug", "type::bug", "kind: bug", " BUG ", "类型：缺陷", "类型:缺陷", "🐛 Bug", "ＢＵＧ"]
)
def test_scopes_and_capitals_do_not_matter(story, label):
    story.issue(label)
    assert story.learn().kinds == {"bug": 1}


def test_labels_that_contradict_each_other_or_say_nothing_are_left_out_and_counted(story):
    story.issue("bug", "question")
    story.issue("p1")
    story.issue()
    found = story.learn()
    assert (found.read, found.ambiguous, found.unlabelled, story.kinds()) == (3, 1, 2, {})


def test_two_labels_of_one_kind_agree(story):
    story.issue("bug", "缺陷")
    assert story.learn().kinds == {"bug": 1}


def test_what_this_service_filed_is_left_out(story):
    story.issue("bug", body=f"x\n{marker('T7KQ2M')}")
    found = story.learn()
    assert (found.own, story.kinds()) == (1, {})


def test_again_it_is_brought_up_to_date_and_nothing_is_doubled(story):
    number = story.issue("bug")
    story.learn()
    story.host.issues[number] = replace(story.host.issues[number], labels=("question",), title="Another")
    story.learn()
    (row,) = story.session.query(Example)
    assert (row.kind, row.title) == ("question", "Another")


def test_an_issue_that_lost_its_label_is_no_example_any_more(story):
    numbers = [story.issue("bug") for _ in range(3)]
    story.learn()
    for number, labels in zip(numbers, [(), ("bug", "question"), ("bug",)], strict=True):
        story.host.issues[number] = replace(story.host.issues[number], labels=labels)
    story.learn()
    assert list(story.kinds()) == [f"team/product#{numbers[2]}"]


def test_they_count_as_the_hosts_examples(story):
    story.issue("bug")
    story.learn()
    (found,) = examples(story.session, story.project).kinds
    assert (found.title, found.kind, found.host) == ("A title", "bug", "team/product#1")


def test_what_came_before_a_failure_stays(story, monkeypatch):
    monkeypatch.setattr(bootstrap, "BATCH", 2)
    for _ in range(3):
        story.issue("bug")

    def broken(since):
        yield from list(story.host.issues.values())[:2]
        raise BROKEN

    story.host.changed_since = broken
    with pytest.raises(OutsideError):
        story.learn()
    assert story.session.query(Example).count() == 2


def test_progress_is_told(story):
    story.issue("bug")
    heard = []
    learn(story.site, "demo", "team/product", host=story.host, progress=heard.append)
    assert heard == [1]


def test_a_project_whose_settings_name_no_label_uses_the_usual_ones():
    assert by_label({"bug": []})["bug"] == "bug"
    assert by_label({"bug": ["坏"]}) == {"坏": "bug"}


def label_parts(story, label="area/scheduler"):
    for at in range(8):
        story.issue(label, body=f"my job waits in the queue for {at + 2} hours")
        story.issue("模块：登录", body=f"登录页面输入密码以后打不开 {at + 2}")


def test_components_are_learned_from_the_labels(story, shipped):
    story.site.models = shipped
    label_parts(story)
    found = story.learn().as_dict()
    assert found["component_labels"] == 16
    assert "queue" in found["components"]["scheduler"]
    assert "密码" in found["components"]["登录"]
    assert found["component_accuracy"]["n"] == 3
    assert found["component_accuracy"]["after"] > found["component_accuracy"]["before"] == 0.0
    assert story.project.words == {}  # found, not yet in force


def test_what_labels_teach_stands_behind_the_projects_own_words(story, shipped):
    story.site.models = shipped
    story.project.words = {"Scheduler": ["排队"]}
    story.session.commit()
    label_parts(story, "scheduler")  # its own component needs no scope
    bootstrap.adopt(story.site, "demo", story.learn().components)
    story.session.expire_all()
    assert story.project.words["Scheduler"][0] == "排队"
    assert "queue" in story.project.words["Scheduler"]
    assert "密码" in story.project.words["登录"]


def test_labels_without_a_scope_name_no_component(story):
    story.issue("bug", "p1", "v2.1", "good first issue")
    found = story.learn().as_dict()
    assert (found["component_labels"], found["components"]) == (0, {})
