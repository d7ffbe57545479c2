import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

import triage
from triage.cli import main
from triage.config import Settings

ROOT = Path(triage.__file__).resolve().parent.parent
README = ROOT / "README.md"
pytestmark = pytest.mark.skipif(not README.is_file(), reason="optional: not run from a checkout")


def explained():
    """Every command that is named somewhere, `triage project add|list` standing for two."""
    files = [README, *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    found = re.findall(r"triage ([a-z]+)(?: ([a-z|\\]+))?", text)
    pairs = [(group, word) for group, words in found for word in words.replace("\\|", "|").split("|")]
    return {f"triage {group} {word}".strip() for group, word in pairs} | {f"triage {group}" for group, _ in pairs}


def commands(group=main, name="triage"):
    """Every command as it is typed."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}"


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_in_the_table_of_the_readme(name):
    assert f"TRIAGE_{name.upper()}" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_explained(command):
    assert command in explained()


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_says_what_it_is_for(command):
    found = main
    for word in command.split()[1:]:
        found = found.commands[word]
    assert found.help
