"""Every command as an operator types it: what it says, its exit code, and errors of one line."""

import json

import pytest
from click.testing import CliRunner

from tests.databases import sqlite_copy
from triage import cli


@pytest.fixture
def environ(tmp_path):
    return {
        "TRIAGE_INSTANCE": str(tmp_path),
        "TRIAGE_DATABASE_URL": "",
        "TRIAGE_REDIS_URL": "",
        "TRIAGE_SECRET_KEY": "k",
    }


@pytest.fixture
def triage(environ):
    """Run a command, and return its exit code and what it said; `also` are further variables."""

    def run(*words, also=()):
        found = CliRunner().invoke(cli.main, words, env=environ | dict(also))
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exc_info
        return found.exit_code, found.output

    return run


@pytest.fixture
def ready(triage, environ, tmp_path, _sqlite):
    environ["TRIAGE_DATABASE_URL"] = sqlite_copy(_sqlite, tmp_path)
    return triage


WRONG_WORDS = [
    (("--nonsense",), "No such option '--nonsense'; see “main --help”"),
    (("nonsense",), "No such command 'nonsense'; see “main --help”"),
    (("project", "add", "app"), "Missing option '--name'; see “main project add --help”"),
    (("import",), "Missing argument 'FILE'; see “main import --help”"),
    (("import", "/nowhere.csv", "--project", "app"), "File '/nowhere.csv' does not exist; see “main import --help”"),
    (("doctor", "more"), "Got unexpected extra argument (more); see “main doctor --help”"),
]


@pytest.mark.parametrize(("words", "said"), WRONG_WORDS)
def test_wrong_words_are_one_line(triage, words, said):
    code, output = triage(*words)
    assert (code, output.count("\n")) == (2, 1)
    assert output.startswith("triage: ")
    assert output.endswith(said + "\n")


@pytest.mark.parametrize("words", [(), ("project",), ("db",)])
def test_without_further_words_the_help_is_shown(triage, words):
    assert "Commands:" in triage(*words)[1]


ON_A_DATABASE = [
    ("project", "list"),
    ("project", "add", "app", "--name", "App"),
    ("project", "set", "app", "host=console"),
    ("project", "token", "app"),
    ("project", "hooks", "app"),
    ("project", "tokens", "app"),
    ("user", "add", "me"),
    ("user", "list"),
    ("user", "reset", "me"),
    ("user", "remove", "me"),
    ("host", "check", "app"),
    ("host", "sync", "app"),
    ("import", __file__, "--project", "app"),
    ("worker",),
    ("serve",),
    ("tidy", "--project", "app"),
]


@pytest.mark.parametrize("words", ON_A_DATABASE)
def test_without_its_tables_a_command_says_what_to_do(triage, words):
    assert triage(*words) == (2, "triage: the database is not at the newest version: run “triage db upgrade”\n")


@pytest.mark.parametrize("command", ["project list", "db upgrade", "setup"])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TRIAGE_DATABASE_URL", "banana", "TRIAGE_DATABASE_URL must be"),
        ("TRIAGE_DATABASE_URL", "mysql://x/y", "TRIAGE_DATABASE_URL must be"),
        ("TRIAGE_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x", "the database doesn't answer: "),
        ("TRIAGE_REDIS_URL", "banana", "TRIAGE_REDIS_URL must begin with redis://"),
        ("TRIAGE_INSTANCE", __file__, "the instance folder"),
        ("TRIAGE_INSTANCE", "/proc/triage", "the instance folder"),
    ],
)
def test_a_setting_that_leads_nowhere_is_one_line(triage, command, variable, value, said):
    found = triage(*command.split(), also={variable: value}.items())
    assert (found[0], found[1].count("\n")) == (1 if "doesn't answer" in said else 2, 1)
    assert found[1].startswith(f"triage: {said}")
    assert "geheim" not in found[1]


def test_doctor_says_of_each_part_that_it_is_ill_and_goes_on(triage):
    code, said = triage("doctor", also={"TRIAGE_REDIS_URL": "redis://127.0.0.1:1/0"}.items())
    assert code == 1
    assert "BAD database: sqlite at None, should be at " in said
    assert "BAD queue: " in said
    assert "BAD hosts: " in said
    assert "Traceback" not in said


def test_doctor_is_read_by_machines_too_and_tells_no_secret(ready):
    code, said = ready("doctor", "--json")
    found = json.loads(said)
    assert {part["part"] for part in found["findings"]} >= {"database", "queue", "index", "models", "mail", "work"}
    assert found["settings"]["secret_key"] == "(set)"
    assert code == (0 if all(part["ok"] for part in found["findings"]) else 1)


def test_a_project_is_added_set_and_listed(ready):
    assert ready("project", "list") == (0, "There is no project yet: triage project add SLUG --name NAME\n")
    assert ready("project", "add", "app", "--name", "Our App")[0] == 0
    code, said = ready("project", "set", "app", "host=gitea", "host_url=https://git.example/", "host_token=geheim")
    assert (code, said) == (0, "Set host, host_url, host_token\n")
    (row,) = json.loads(ready("project", "list", "--json")[1])
    assert (row["slug"], row["name"], row["host_url"], row["host_token"]) == (
        "app",
        "Our App",
        "https://git.example",
        "(set)",
    )
    assert "geheim" not in ready("project", "list")[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("project", "add", "App!", "--name", "x"), 1),
        (("project", "add", "app", "--name", "x"), 1),
        (("project", "set", "nowhere", "host=console"), 1),
        (("project", "set", "app", "host=sourceforge"), 1),
        (("project", "set", "app", "colour=red"), 1),
        (("project", "token", "nowhere"), 1),
        (("project", "hooks", "nowhere"), 1),
        (("host", "check", "nowhere"), 1),
        (("user", "add", ""), 1),
        (("user", "add", "林晓"), 1),
        (("user", "reset", "nobody"), 1),
        (("user", "remove", "nobody"), 1),
        (("project", "tokens", "nowhere"), 1),
        (("project", "tokens", "app", "--revoke", "1"), 1),
    ],
)
def test_what_can_not_be_done_is_one_line(ready, words, code):
    ready("project", "add", "app", "--name", "App")
    ready("user", "add", "林晓")
    found = ready(*words)
    assert (found[0], found[1].count("\n")) == (code, 1)
    assert found[1].startswith("triage: ")


def test_the_check_says_which_comments_reporters_read(ready):
    ready("project", "add", "app", "--name", "App")
    code, said = ready("host", "check", "app")
    assert (code, said.splitlines()) == (
        0,
        [
            "host of app: console as triage",
            "it is not known that everybody can read the repository, so reporters read only those comments by the team "
            "that are marked for them",
        ],
    )
    ready("project", "set", "app", "policy.comments=all")
    assert json.loads(ready("host", "check", "app", "--json")[1])["comments"].startswith("reporters read all comments")


@pytest.mark.parametrize(
    "words", [("project", "set", "app", "host"), ("import",), ("nonsense",), ("project", "add", "x")]
)
def test_wrong_words_have_an_exit_code_of_their_own(ready, words):
    assert ready(*words)[0] == 2


def test_a_maintainer_gets_a_one_time_password_that_serves(ready, tmp_path):
    code, password = ready("user", "add", "林晓")
    assert code == 0
    assert len(password.strip().split("-")) == 4


def test_a_maintainer_is_listed_and_shut_out(ready):
    ready("user", "add", "林晓")
    code, told = ready("user", "remove", "林晓")
    assert code == 0
    assert "Nobody can sign in now" in told
    assert "林晓  (shut out)" in ready("user", "list")[1]
    ready("user", "reset", "林晓")
    assert [(row["name"], row["active"]) for row in json.loads(ready("user", "list", "--json")[1])] == [("林晓", True)]


def test_while_another_maintainer_is_left_nothing_is_warned_of(ready):
    for name in ("林晓", "mei"):
        ready("user", "add", name)
    assert "Nobody" not in ready("user", "remove", "mei")[1]


def test_a_token_is_listed_without_itself_and_revoked(ready):
    ready("project", "add", "app", "--name", "App")
    token = ready("project", "token", "app", "--name", "网站")[1].strip()
    said = ready("project", "tokens", "app")[1]
    assert "网站" in said
    assert "never" in said
    assert token not in said
    number = json.loads(ready("project", "tokens", "app", "--json")[1])[0]["number"]
    said = ready("project", "tokens", "app", "--revoke", str(number))
    assert said == (0, "app has no token that holds: triage project token app\n")


def test_the_schema_comes_to_its_newest_version_and_stays_there(triage):
    assert triage("db", "upgrade") == triage("db", "upgrade")
    assert triage("project", "list")[0] == 0


def test_setup_makes_all_and_the_second_time_nothing(triage):
    code, said = triage("setup")
    assert code == 0
    assert said.startswith("First maintainer: admin   one-time password: ")
    assert triage("setup") == (0, "")
    assert [row["slug"] for row in json.loads(triage("project", "list", "--json")[1])] == ["demo"]


def test_the_version_is_said_to_people_and_machines(triage):
    assert triage("version")[1].startswith("triage ")
    assert json.loads(triage("version", "--json")[1])["version"]
