import ast
import configparser
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import triage
from triage.config import data

ROOT = Path(triage.__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(not (ROOT / "setup.cfg").is_file(), reason="optional: not run from a checkout")


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def listed(setup, section, option):
    return [line for line in setup[section][option].splitlines() if line]


def test_every_package_is_shipped(setup):
    there = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "triage").rglob("__init__.py")}
    assert there == {name for name in listed(setup, "options", "packages") if "._data" not in name}


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in (ROOT / "triage").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("name", ["templates", "models"])
def test_data_folders_are_mapped_into_the_package(setup, name):
    assert f"triage._data.{name}" in listed(setup, "options", "packages")
    assert f"triage._data.{name} = {name}" in listed(setup, "options", "package_dir")
    assert any(data(name).iterdir())


@pytest.mark.parametrize("folder", ["static", "translations"])
def test_what_pages_need_is_shipped(setup, folder):
    assert f"{folder}/**" in setup["options.package_data"]["triage"]
    assert any((ROOT / "triage" / folder).iterdir())


def test_the_command_is_there():
    (command,) = entry_points(group="console_scripts", name="triage")
    assert callable(command.load())


def test_every_import_is_a_declared_dependency(setup):
    """A part that happens to be installed here must not be missing elsewhere."""
    declared = {line.split(">")[0].split("[")[0].lower() for line in listed(setup, "options", "install_requires")}
    extras = ("redis", "semantic")
    optional = {line.split(">")[0] for extra in extras for line in listed(setup, "options.extras_require", extra)}
    found = {IMPORTED_AS.get(name, name) for name in imported() - optional}
    assert {name.replace("_", "-") for name in found} - declared - COME_ALONG == set()


IMPORTED_AS = {
    "PIL": "pillow",
    "argon2": "argon2-cffi",
    "flask_bootstrap": "bootstrap-flask",
    "markdown_it": "markdown-it-py",
    "sklearn": "scikit-learn",
}
# with Flask, APIFlask, Flask-Babel, Flask-WTF and requests
COME_ALONG = {"babel", "click", "itsdangerous", "jinja2", "markupsafe", "marshmallow", "urllib3", "werkzeug", "wtforms"}


def imported():
    names = set()
    for path in (ROOT / "triage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"triage", "__future__", ""}
