"""`triage train --project`, `learn`, `models`, `tidy`: what a project's own decisions teach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from triage.cli import json_option, opened, show
from triage.db.queries import project_by_slug
from triage.db.tables import ModelVersion
from triage.services import bootstrap, comparing, tidying, training, versions
from triage.services.library import PARTS
from triage.services.review import Actor

project_option = click.option("--project", "slug", required=True, help="The project.")


def train(slug: str, *, as_json: bool) -> None:
    """Train the models of one project and tell what came of it."""
    made = training.train(opened(), slug)
    if made is not None:
        lines = [f"version {made.version} from {made.n} examples", *_told(made.metrics)]
        lines.append(f"in force now: {', '.join(made.promoted)}" if made.promoted else "nothing is put in force")
        show(made.as_dict(), as_json=as_json, text="\n".join(lines))


def _told(metrics: dict[str, Any]) -> list[str]:
    return [f"{part:12} {_line(metrics.get(part, {}))}" for part in PARTS]


def _line(part: dict[str, Any]) -> str:
    if "verdict" not in part:
        return f"not trained: {part['examples']} examples are too few" if "examples" in part else "nothing to compare"
    if not part["n"]:
        return "nothing to compare"
    gain = f"gain {part['low']:+.3f} to {part['high']:+.3f}"
    return f"{part['before']:.3f} before, {part['after']:.3f} after, {gain}, n = {part['n']}: {part['verdict']}"


@click.command()
@click.option("--from-host", "repo", required=True, metavar="OWNER/REPO", help="The repository on the project's host.")
@click.option("--components", is_flag=True, help="Know components by the words that their labels teach.")
@project_option
@json_option
def learn(repo: str, components: bool, slug: str, as_json: bool) -> None:
    """Take the issues that people have labelled on the Git host as examples; “triage train” then learns from them."""
    site = opened()
    with site.db.read() as session:
        git = site.host(project_by_slug(session, slug), repo)
    found: Any = bootstrap.learn(site, slug, repo, host=git, progress=_told_so_far()).as_dict()
    text = "{read} issues read, {taken} taken: {kinds}; {unlabelled} bear no label of a kind, {ambiguous} several"
    if found["component_labels"]:
        text += "\n{component_labels} name a component: {components}; right on unseen ones: {component_accuracy}"
    if components:
        bootstrap.adopt(site, slug, found["components"])
    show(found, as_json=as_json, text=text.format(**found))


def _told_so_far() -> Callable[[int], None]:
    total = 0

    def heard(count: int) -> None:
        nonlocal total
        total += count
        click.echo(f"\r{total} issues", nl=False, err=True)

    return heard


@click.command()
@project_option
@json_option
def tidy(slug: str, as_json: bool) -> None:
    """Look over a project's topics for what should be merged or split; a person decides."""
    site = opened()
    with site.db.read() as session:
        project_id = project_by_slug(session, slug).id
    try:
        found = tidying.tidy(site, project_id)
    finally:
        site.index.close()  # it may have been written here, where no worker runs
    text = f"{found.topics} topics looked at: {found.merges} merges and {found.splits} splits are proposed"
    show(found.as_dict(), as_json=as_json, text=text)


@click.group()
def models() -> None:
    """List the versions of a project's models, put one in force, go back."""


@models.command("list")
@project_option
@json_option
def listing(slug: str, as_json: bool) -> None:
    """List the versions, newest first."""
    with opened().db.read() as session:
        rows = [_row(one) for one in versions.history(session, project_by_slug(session, slug))]
    text = "\n".join(f"{row['version']:4} {row['state']:10} {row['created_at'][:16]} n = {row['n']}" for row in rows)
    show(rows, as_json=as_json, text=text or "The shipped models are in force; there are no others")


def _row(row: ModelVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "state": row.state,
        "n": row.n,
        "created_at": row.created_at.isoformat(),
        "parts": row.parts,
        "metrics": row.metrics,
    }


@models.command()
@click.argument("version", type=int)
@project_option
def promote(version: int, slug: str) -> None:
    """Put VERSION in force, whatever was measured."""
    site = opened()
    with site.db.write() as session:
        row = versions.one(session, project_by_slug(session, slug), version)
        versions.promote(session, row, Actor(None, site.now()))
    click.echo(f"Version {version} is in force")


@models.command("rollback")
@project_option
def roll_back(slug: str) -> None:
    """Put what was in force before back in force."""
    with opened().db.write() as session:
        row = versions.roll_back(session, project_by_slug(session, slug))
    click.echo(f"Version {row.version} is in force again" if row else "The shipped models are in force again")


@click.command()
@click.argument("left", type=int)
@click.argument("right", type=int)
@project_option
@json_option
def compare(left: int, right: int, slug: str, as_json: bool) -> None:
    """Compare two versions (0: as shipped) of a project's models on decisions that neither has seen."""
    found = comparing.compare(opened(), slug, left, right)
    show(found, as_json=as_json, text="\n".join([*_told(found), *found["faults"].values()]))


COMMANDS = (learn, tidy, models)
