"""The command `triage`: each command is a few lines over a service; errors are one line, and the exit code tells.

0 all well · 1 it failed · 2 wrong words or settings · 3 done, but some rows were refused
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, NoReturn

import click
from sqlalchemy.exc import OperationalError

from triage import __version__, logs
from triage.config import load
from triage.errors import SettingError, TriageError
from triage.services.site import Site, open_site


class Commands(click.Group):
    """Turns this service's own errors into one line and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words before the command's name."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            return _refuse(error, ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            return _refuse(error, ctx)
        except TriageError as error:
            click.echo(f"triage: {error}", err=True)
            ctx.exit(2 if isinstance(error, SettingError) else 1)
        except OperationalError as error:
            click.echo(f"triage: the database doesn't answer: {str(error.orig).splitlines()[0]}", err=True)
            ctx.exit(1)


def _refuse(error: click.UsageError, ctx: click.Context) -> NoReturn:
    """End with one line about wrong words; with the whole help where a command has no words at all."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        raise error
    words = error.format_message().rstrip(".")
    click.echo(f"triage: {words}; see “{(error.ctx or ctx).command_path} --help”", err=True)
    ctx.exit(2)


def opened(*, ready: bool = True) -> Site:
    """Return the installation that the environment describes; SettingError where it must be `ready` and is not."""
    settings = load()
    logs.set_up(settings.log_level, settings.log_format)
    site = open_site(settings)
    if ready:
        current, newest = site.db.revision()
        if current != newest:
            raise SettingError("the database is not at the newest version: run “triage db upgrade”")
    return site


def show(data: Any, *, as_json: bool, text: str) -> None:
    """Print `data` as JSON for machines, or `text` for people."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else text)


def day(moment: datetime | None) -> str:
    """Return the day of a moment, in UTC, or nothing."""
    return f"{moment:%Y-%m-%d}" if moment else ""


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn what people say about a product into issues, and tell them what became of it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@main.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version."""
    show({"version": __version__}, as_json=as_json, text=f"triage {__version__}")


def _register() -> None:
    from triage.cli import evaluate, keep, learning, project, run, user

    for module in (run, keep, project, user, evaluate, learning):
        for command in module.COMMANDS:
            main.add_command(command)


_register()
