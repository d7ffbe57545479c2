from datetime import UTC

import pytest

from tests import factories
from triage.channels.mail import ConsoleMailer, SmtpMailer
from triage.config import Settings
from triage.errors import SettingError
from triage.hosts.console import Console
from triage.services.site import open_site, utcnow


@pytest.fixture
def opened(tmp_path):
    made = []

    def open_(**settings):
        made.append(open_site(Settings(instance=tmp_path, **settings)))
        return made[-1]

    yield open_
    for site in made:
        site.db.close()
        site.jobs.huey.storage.close()


def test_now_knows_its_zone():
    assert utcnow().tzinfo is UTC


def test_mails_are_printed_unless_a_server_is_set(opened):
    assert isinstance(opened().mail, ConsoleMailer)
    assert isinstance(opened(smtp_url="smtp://localhost").mail, SmtpMailer)


def test_a_key_of_its_own_is_kept_in_the_instance(opened, tmp_path):
    assert opened().key == opened().key == (tmp_path / "secret_key").read_text()


def test_heavy_parts_wait_until_they_are_asked_for(opened):
    assert not {"models", "index", "follower"} & set(vars(opened()))


def test_templates_are_there(opened):
    assert (opened().renderer.folder / "issue/body.md").is_file()


def test_a_project_without_a_host_address_has_a_file_in_the_instance(site, session, tmp_path):
    host = site.host(factories.project(session, slug="demo"))
    assert isinstance(host, Console)
    assert host.check().ok


def test_the_host_of_a_project_has_its_secrets_opened(site, session):
    host = site.host(factories.project(session, host="gitea", host_url="https://git.test"))
    assert not host.verify({}, b"", now=site.now())


def test_secrets_of_another_key_are_said_in_words(site, session):
    project = factories.project(session)
    site.key = "another"
    with pytest.raises(SettingError, match="TRIAGE_SECRET_KEY"):
        site.host(project)
