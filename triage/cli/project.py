"""`triage project`, `host`: what an operator sets."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from triage.cli import day, json_option, opened, show
from triage.db.queries import project_by_slug
from triage.services import connection, doctor, followup, mirror, projects, replay


@click.group()
def project() -> None:
    """Add projects, list them, set them."""


@project.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="What people call it.")
def add(slug: str, name: str) -> None:
    """Add project SLUG."""
    site = opened()
    with site.db.write() as session:
        projects.add(session, slug, name, key=site.key, now=site.now())
    click.echo(f"Added {slug}: its form is at {site.settings.base_url}/p/{slug}/new")


@project.command("list")
@json_option
def listing(as_json: bool) -> None:
    """List the projects with their settings; secrets only as set or not."""
    with opened().db.read() as session:
        rows = [projects.shown(row) for row in projects.listing(session)]
    text = "\n".join(f"{row['slug']:20} {row['host']:8} {row['host_repo'] or '-':30} {row['name']}" for row in rows)
    show(rows, as_json=as_json, text=text or "There is no project yet: triage project add SLUG --name NAME")


@project.command("set")
@click.argument("slug")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE…")
def set_(slug: str, pairs: tuple[str, ...]) -> None:
    """Set what NAME=VALUE says: host=gitea host_url=https://git.example.org host_repo=team/app label.bug=bug,缺陷."""
    site = opened()
    split = [pair.partition("=") for pair in pairs]
    for name, equals, _ in split:
        if not equals:
            raise click.UsageError(f"“{name}” lacks its =VALUE")
    with site.db.write() as session:
        row = project_by_slug(session, slug)
        projects.change(session, row, [(name, value) for name, _, value in split], key=site.key)
    click.echo(f"Set {', '.join(name for name, _, _ in split)}")


@project.command("token")
@click.argument("slug")
@click.option("--name", default="api", show_default=True, help="Whom the token is for.")
def token(slug: str, name: str) -> None:
    """Make a token of the submit API; it is shown this once."""
    site = opened()
    with site.db.write() as session:
        click.echo(projects.add_token(session, project_by_slug(session, slug), name, now=site.now()))


@project.command("tokens")
@click.argument("slug")
@click.option("--revoke", "number", type=int, help="The number of a token that is to hold no longer.")
@json_option
def tokens(slug: str, number: int | None, as_json: bool) -> None:
    """List the tokens of the submit API: number, when made and last used, name; or revoke one."""
    site = opened()
    with site.db.write() as session:
        row = project_by_slug(session, slug)
        if number is not None:
            projects.revoke(session, row, number, now=site.now())
            session.flush()
        rows = [
            {"number": token.id, "name": token.name, "made": day(token.created_at), "used": day(token.used_at)}
            for token in projects.tokens(session, row)
        ]
    text = "\n".join(
        f"{one['number']:4}  made {one['made']}  used {one['used'] or 'never':10}  {one['name']}" for one in rows
    )
    show(rows, as_json=as_json, text=text or f"{slug} has no token that holds: triage project token {slug}")


@project.command("hooks")
@click.argument("slug")
@json_option
def hooks(slug: str, as_json: bool) -> None:
    """Show the addresses and secrets of the two webhooks: feedback coming in, and the Git host's."""
    site = opened()
    with site.db.read() as session:
        row = project_by_slug(session, slug)
        shown = {
            "feedback": f"{site.settings.base_url}/hooks/feedback/{slug}",
            "feedback_secret": projects.hook_secret(row, key=site.key),
            "host": f"{site.settings.base_url}/hooks/host/{slug}",
            "host_secret": projects.host_secret(row, key=site.key),
        }
    show(shown, as_json=as_json, text="\n".join(f"{name:16} {value}" for name, value in shown.items()))


@click.group()
def host() -> None:
    """Look at the Git hosts."""


@host.command("check")
@click.argument("slug")
@json_option
def check(slug: str, as_json: bool) -> None:
    """Ask the project's host who we are there, which permission is missing, and which comments reporters read."""
    site = opened()
    with site.db.read() as session:
        row = project_by_slug(session, slug)
    seen = connection.look(site, row)
    found = doctor.connected(row, seen.check)
    shown = {"ok": found.ok, "detail": found.detail, "comments": seen.told}
    show(shown, as_json=as_json, text=f"{found.part}: {found.detail}\n{seen.told}")
    if not found.ok:
        raise click.exceptions.Exit(1)


@host.command("sync")
@click.argument("slug")
@click.option("--full", is_flag=True, help="Read every issue, not only those that changed since the last time.")
@json_option
def sync(slug: str, full: bool, as_json: bool) -> None:
    """Mirror the issues of SLUG's repository: all of them the first time, then what changed."""
    site = opened()
    with site.db.write() as session:
        row = project_by_slug(session, slug)
        row.polled_at = None if full else row.polled_at
        git = site.host(row)
    counts: list[int] = []
    with _bar("issues", counts) as heard:
        ours = followup.poll(site.db, row.id, host=git, now=site.now(), progress=heard)
    with _bar("words", []) as heard:
        read = mirror.read(site.db, site.comparing.duplicates, now=site.now, progress=heard)
    site.comparing.segmenter.rest()  # the index needs no dictionary, and its writer the memory
    with site.db.read() as session:
        site.follower.catch_up(session)  # where no worker holds the index; else the worker's sweep does it
        error = project_by_slug(session, slug).poll_error
    site.follower.save()
    found = {"issues": sum(counts), "ours": ours, "read": read, "error": error}
    text = "{issues} issues came, {ours} of them are our topics'; the words of {read} were read".format(**found)
    show(found, as_json=as_json, text=text + (f"\nIt broke off: {error}" if error else ""))
    if error:
        raise click.exceptions.Exit(1)


@host.command("replay")
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def replay_(slug: str, file: Path, as_json: bool) -> None:
    """Work through the recorded delivery in FILE (JSON with headers and body) as if SLUG's host had sent it now."""
    site = opened()
    with site.db.read() as session:
        row = project_by_slug(session, slug)
    done = replay.replay(site, row, file)
    found = {"state": done.state, "event": done.event, "issue": done.number, "error": done.error}
    show(found, as_json=as_json, text=f"{done.event} #{done.number}: {done.error or done.answer}")
    if done.error:
        raise click.exceptions.Exit(1)


@contextmanager
def _bar(label: str, counts: list[int]) -> Iterator[Callable[[int], None]]:
    """Show how far something of unknown length has come, on standard error; hosts don't say how many issues there are.

    Nothing is shown where nobody looks.
    """
    with click.progressbar(itertools.count(), label=label, show_pos=True, show_eta=False, file=sys.stderr) as bar:

        def heard(count: int) -> None:
            counts.append(count)
            bar.update(count)

        yield heard


COMMANDS = (project, host)
