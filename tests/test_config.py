import threading
from dataclasses import fields
from pathlib import Path

import pytest

from triage import config
from triage.config import Settings, load, masked, secret_key
from triage.errors import SettingError


def test_without_anything_set_everything_has_its_default():
    assert load({}) == Settings()


def test_each_kind_of_setting_is_read():
    settings = load(
        {
            "TRIAGE_INSTANCE": "/srv/triage",
            "TRIAGE_PORT": "9000",
            "TRIAGE_ALLOWED_HOSTS": "git.lan, 10.0.0.1:3000,",
            "TRIAGE_BASE_URL": " https://triage.example/ ",
        }
    )
    assert (settings.instance, settings.port) == (Path("/srv/triage"), 9000)
    assert settings.allowed_hosts == ("git.lan", "10.0.0.1:3000")
    assert (settings.base_url, settings.secure) == ("https://triage.example", True)


def test_links_lead_to_the_port_in_force_where_no_public_address_is_given():
    assert load({"TRIAGE_PORT": "8123"}).base_url == "http://127.0.0.1:8123"
    assert load({"TRIAGE_PORT": "8123", "TRIAGE_BASE_URL": "https://a.example/"}).base_url == "https://a.example"


def test_an_empty_variable_is_an_unset_one():
    assert load({"TRIAGE_PORT": " ", "TRIAGE_SECRET_KEY_FILE": ""}) == Settings()


def test_a_setting_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")
    assert load({"TRIAGE_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == "from a file"


@pytest.mark.parametrize("written", [None, b"\xff\xfe"])
def test_a_file_that_can_not_be_read_is_named(tmp_path, written):
    path = tmp_path / "key"
    if written:
        path.write_bytes(written)
    with pytest.raises(SettingError, match=r"TRIAGE_SECRET_KEY_FILE names .*key"):
        load({"TRIAGE_SECRET_KEY_FILE": str(path)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRIAGE_PORT", "http"),
        ("TRIAGE_PORT", "-1"),
        ("TRIAGE_PORT", "0"),
        ("TRIAGE_PORT", "65536"),
        ("TRIAGE_BASE_URL", "triage.example"),
        ("TRIAGE_DEFAULT_LANGUAGE", "tlh"),
        ("TRIAGE_LOG_LEVEL", "LOUD"),
        ("TRIAGE_LOG_FORMAT", "xml"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name, value):
    with pytest.raises(SettingError, match=name):
        load({name: value})


def test_every_setting_says_what_it_is_for():
    assert all(field.metadata["about"] for field in fields(Settings))


def test_secrets_are_masked_and_the_rest_is_shown():
    shown = masked(Settings(database_url="postgresql://u:secret@h/d", allowed_hosts=("a", "b"), smtp_url=""))
    assert (shown["database_url"], shown["smtp_url"], shown["allowed_hosts"]) == ("(set)", "(not set)", "a, b")
    assert "secret@" not in str(shown)


def test_the_database_is_in_the_instance_unless_another_is_named(tmp_path):
    assert Settings(instance=tmp_path).database == f"sqlite:///{tmp_path}/triage.db"
    assert Settings(database_url="postgresql://x").database == "postgresql://x"


def test_a_key_that_is_set_is_the_one_in_force():
    assert secret_key(Settings(secret_key="mine")) == "mine"


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    settings = Settings(instance=tmp_path / "new")
    key = secret_key(settings)
    assert len(key) >= 48
    assert secret_key(settings) == key
    assert (tmp_path / "new/secret_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_have_one_key(tmp_path):
    found = set()
    threads = [threading.Thread(target=lambda: found.add(secret_key(Settings(instance=tmp_path)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_an_empty_key_file_is_no_key(tmp_path, monkeypatch):
    monkeypatch.setattr(config.time, "sleep", lambda _: None)
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingError, match="is empty"):
        secret_key(Settings(instance=tmp_path))


def test_an_instance_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="can't be written"):
        secret_key(Settings(instance=tmp_path / "file" / "instance"))


@pytest.mark.parametrize("name", ["templates", "models"])
def test_data_folders_are_found(name):
    assert config.data(name).is_dir()


def test_a_data_folder_inside_the_package_comes_first(tmp_path, monkeypatch):
    (tmp_path / "_data/models").mkdir(parents=True)
    monkeypatch.setattr(config, "PACKAGE", tmp_path)
    assert config.data("models") == tmp_path / "_data/models"


def test_a_missing_data_folder_is_said():
    with pytest.raises(SettingError, match="nonsense is missing"):
        config.data("nonsense")
