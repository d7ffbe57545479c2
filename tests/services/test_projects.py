from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from tests import factories
from tests.factories import KEY
from tests.fakes.clock import START
from triage.db.seal import unseal
from triage.db.tables import ApiToken, Remark
from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from triage.services import filing, projects, remarks


@pytest.fixture
def project(session):
    return projects.add(session, "demo", " Demo ", key=KEY, now=START)


def change(session, project, *pairs):
    projects.change(session, project, [pair.split("=", 1) for pair in pairs], key=KEY)


def test_a_project_begins_with_secrets_of_its_own(session, project):
    other = projects.add(session, "other", "", key=KEY, now=START)
    assert (project.slug, project.name, other.name) == ("demo", "Demo", "other")
    assert projects.hook_secret(project, key=KEY) != projects.hook_secret(other, key=KEY)
    assert len(projects.host_secret(project, key=KEY)) == 48


def test_hook_secrets_are_what_standard_webhooks_take(session, project):
    assert Webhook(projects.hook_secret(project, key=KEY))


@pytest.mark.parametrize("slug", ["a", "0", "a-b", "x" * 60])
def test_slugs(session, slug):
    assert projects.add(session, slug, "X", key=KEY, now=START).slug == slug


@pytest.mark.parametrize("slug", ["", "A", "-a", "a-", "a b", "训练", "x" * 61, "a/b", "a\n"])
def test_no_slugs(session, slug):
    with pytest.raises(InvalidError) as refused:
        projects.add(session, slug, "X", key=KEY, now=START)
    assert refused.value.field == "slug"


def test_a_slug_is_taken_once(session, project):
    with pytest.raises(ConflictError, match="demo"):
        projects.add(session, "demo", "X", key=KEY, now=START)


def test_plain_settings(session, project):
    change(session, project, "name= New ", "language=en", "host=gitea", "host_url=https://git.test/", "host_repo=a/b.c")
    assert (project.name, project.language, project.host) == ("New", "en", "gitea")
    assert (project.host_url, project.host_repo) == ("https://git.test", "a/b.c")


@pytest.mark.parametrize("name", ["host_token", "host_secret", "hook_secret"])
def test_secrets_are_stored_sealed_and_never_shown(session, project, name):
    change(session, project, f"{name}=very secret")
    sealed = getattr(project, f"sealed_{name}")
    assert unseal(sealed, KEY) == "very secret"
    assert "very secret" not in sealed + str(projects.shown(project))
    assert projects.shown(project)[name] == "(set)"


@pytest.mark.parametrize(
    ("pair", "known"),
    [
        (("host_repo", "team/other"), False),
        (("host_url", "https://elsewhere.test"), False),
        (("host", "github"), False),
        (("host_repo", "team/product"), True),
        (("name", "Another name"), True),
    ],
)
def test_who_can_read_a_repository_is_not_known_of_another_one(session, project, pair, known):
    project.host_public, project.host_repo = True, "team/product"
    projects.change(session, project, [pair], key=KEY)
    assert project.host_public is known


def test_a_secret_that_is_not_set_says_so(session, project):
    assert projects.shown(project)["host_token"] == "(not set)"


def test_labels_and_words_are_lists_with_commas_of_any_script(session, project):
    change(session, project, "label.bug=bug, 缺陷，故障", "word.训练=显存、GPU", "word.x=y")
    change(session, project, "word.x=")
    assert project.labels["bug"] == ["bug", "缺陷", "故障"]
    assert project.words == {"训练": ["显存", "GPU"]}


def test_labels_and_words_reach_the_database(session, project):
    change(session, project, "label.bug=bug", "word.训练=显存")
    session.commit()
    session.expire_all()
    assert (project.labels["bug"], project.words) == (["bug"], {"训练": ["显存"]})


@pytest.mark.parametrize(
    "pair",
    [
        "host=sourceforge",
        "host_url=ftp://git.test",
        "host_url=https://me:secret@git.test",
        "host_repo=nothing",
        "host_repo=a/../../b c",
        "language=tlh",
        "label.poem=x",
        "word.=x",
        "slug=other",
        "sealed_host_token=x",
        "created_at=x",
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_set(session, project, pair):
    with pytest.raises(InvalidError) as refused:
        change(session, project, "name=Changed", pair)
    assert refused.value.field == pair.split("=")[0]
    assert project.name == "Demo"


def test_projects_are_listed_by_their_slug(session):
    for slug in ("b", "a"):
        factories.project(session, slug=slug)
    assert [row.slug for row in projects.listing(session)] == ["a", "b"]


def test_a_token_opens_its_own_project(session, project):
    token = projects.add_token(session, project, "app", now=START)
    projects.check_token(session, project, token, now=START)
    row = session.query(ApiToken).one()
    assert (row.used_at, token in row.digest) == (START, False)


@pytest.mark.parametrize("token", ["", "tr_wrong", "\ud800", "\x00", "x" * 100_000])
def test_a_wrong_token_opens_nothing(session, project, token):
    with pytest.raises(ForbiddenError):
        projects.check_token(session, project, token, now=START)


def test_a_token_of_another_project_opens_nothing(session, project):
    token = projects.add_token(session, factories.project(session), "app", now=START)
    with pytest.raises(ForbiddenError):
        projects.check_token(session, project, token, now=START)


def test_a_revoked_token_opens_nothing(session, project):
    token = projects.add_token(session, project, "app", now=START)
    session.query(ApiToken).one().revoked_at = START
    with pytest.raises(ForbiddenError):
        projects.check_token(session, project, token, now=START)


def test_the_tokens_that_hold_are_listed_and_revoked(session, project):
    first = projects.add_token(session, project, "app", now=START)
    projects.add_token(session, project, "site", now=START)
    session.flush()
    one, other = projects.tokens(session, project)
    projects.revoke(session, project, one.id, now=START)
    session.flush()
    assert projects.tokens(session, project) == [other]
    with pytest.raises(ForbiddenError):
        projects.check_token(session, project, first, now=START)


def test_a_token_of_another_project_is_not_revoked(session, project):
    other = factories.project(session)
    projects.add_token(session, other, "app", now=START)
    session.flush()
    with pytest.raises(NotFoundError, match="no token"):
        projects.revoke(session, project, projects.tokens(session, other)[0].id, now=START)


@pytest.mark.parametrize("pair", [("host_token", "new"), ("host_url", "http://b.test"), ("host_account", "bot")])
def test_what_the_host_refused_is_tried_again_once_the_connection_is_set_anew(session, pair):
    """A token that was revoked blocks every topic accepted meanwhile; nobody is to press as many buttons."""
    project = factories.project(session)
    ours, others = factories.topic(session, project), factories.topic(session)
    for topic in (ours, others):
        factories.filing(session, topic, state="blocked", error="401", next_try_at=START + timedelta(days=1))
        made = {"state": "failed", "key": topic.key, "body": "said", "created_at": START}
        session.add(Remark(topic_id=topic.id, next_try_at=START + timedelta(days=1), **made))
    projects.change(session, project, [pair], key=KEY)
    assert filing.due(session, now=START) == [ours.filing.id]
    assert [session.get(Remark, one).topic_id for one in remarks.due(session, now=START)] == [ours.id]
    assert others.filing.state == "blocked"


def test_a_new_name_makes_nothing_try_again(session):
    project = factories.project(session)
    row = factories.filing(session, factories.topic(session, project), state="blocked")
    projects.change(session, project, [("name", "New"), ("label.bug", "bug")], key=KEY)
    assert row.state == "blocked"
