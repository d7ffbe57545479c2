"""`triage user`: who may decide."""

from __future__ import annotations

import click

from triage.cli import day, json_option, opened, show
from triage.services import people


@click.group()
def user() -> None:
    """Add maintainers, list them, shut them out."""


@user.command("add")
@click.argument("name")
def add(name: str) -> None:
    """Add maintainer NAME; prints a one-time password."""
    site = opened()
    with site.db.write() as session:
        click.echo(people.add(session, name, now=site.now()))


@user.command("list")
@json_option
def listing(as_json: bool) -> None:
    """List the maintainers, and who of them is shut out."""
    with opened().db.read() as session:
        rows = [
            {"name": row.name, "active": row.active, "since": day(row.created_at)} for row in people.listing(session)
        ]
    text = "\n".join(f"{row['since']}  {row['name']}{'' if row['active'] else '  (shut out)'}" for row in rows)
    show(rows, as_json=as_json, text=text or "There is no maintainer yet: triage user add NAME")


@user.command("reset")
@click.argument("name")
def reset(name: str) -> None:
    """Give maintainer NAME a new one-time password; it also lets in again who was shut out."""
    with opened().db.write() as session:
        click.echo(people.reset(session, name))


@user.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Shut maintainer NAME out, at once; what they decided stays, under their name."""
    with opened().db.write() as session:
        people.remove(session, name)
        left = any(row.active for row in people.listing(session))
    click.echo(f"Shut out {name}; “triage user reset” lets them in again")
    if not left:
        click.echo("Nobody can sign in now: “triage user add” makes another maintainer")


COMMANDS = (user,)
