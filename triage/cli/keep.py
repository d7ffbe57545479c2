"""`triage db`, `import`, `doctor`: keeping an installation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from triage.cli import json_option, opened, show
from triage.config import masked
from triage.services import doctor as examination
from triage.services.importing import Report, import_file


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema to the newest version; doing it again changes nothing."""
    site = opened(ready=False)
    site.db.upgrade()
    click.echo(f"The database is at its newest version, “{site.db.revision()[0]}”")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", "slug", required=True, help="The project that the feedback is about.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, store nothing.")
@json_option
def import_(file: Path, slug: str, dry_run: bool, as_json: bool) -> None:
    """Import feedback from FILE (CSV, JSON lines or XLSX). Doing it again adds nothing."""
    site = opened()
    with click.progressbar(length=max(file.stat().st_size, 1), label=file.name, file=sys.stderr) as bar:
        report = import_file(site.db, slug, file, now=site.now(), dry_run=dry_run, progress=bar.update)
    for feedback_id in report.feedback_ids:
        site.jobs.put("analyse", feedback_id)
    show(report.as_dict(), as_json=as_json, text=_told(report, dry_run=dry_run))
    if report.refused:
        raise click.exceptions.Exit(3)


def _told(report: Report, *, dry_run: bool) -> str:
    verb = "would be added" if dry_run else "added"
    lines = [f"{report.added} {verb}, {report.skipped} were there already, {report.refused} refused"]
    return "\n".join([*lines, *(f"  line {refusal.line}: {refusal.reason}" for refusal in report.refusals)])


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Show the settings in force and look at every part: database, queue, index, models, hosts."""
    site = opened(ready=False)
    findings = list(examination.examine(site))
    settings = masked(site.settings)
    data = {"settings": settings, "findings": [{"part": f.part, "ok": f.ok, "detail": f.detail} for f in findings]}
    lines = [f"  TRIAGE_{name.upper():20} {value}" for name, value in settings.items()]
    lines += [f"{'ok ' if found.ok else 'BAD'} {found.part}: {found.detail}" for found in findings]
    show(data, as_json=as_json, text="\n".join(lines))
    if not all(found.ok for found in findings):
        raise click.exceptions.Exit(1)


COMMANDS = (db, import_, doctor)
