"""A project's dictionary: its words, what they would change, and putting them in force."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.errors import InvalidError
from triage.services import dictionary
from triage.services.dictionary import Preview
from triage.web import maintainers, refusals
from triage.web.context import site

blueprint = APIBlueprint("dictionary", __name__, url_prefix="/dictionary", enable_openapi=False)
blueprint.before_request(maintainers.only)


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Show the words in force."""
    with site().db.read() as session:
        project = project_by_slug(session, slug)
        return _page(project, "\n".join(project.dictionary))


@blueprint.post("/<slug>")
def change(slug: str) -> ResponseReturnValue:
    """Show what the words would change, or put them in force."""
    written = request.form.get("words", "")
    if request.form.get("act") == "save":
        return _save(slug, written)
    with site().db.read() as session:
        return _looked(session, project_by_slug(session, slug), written)


def _looked(session: Session, project: Project, written: str) -> ResponseReturnValue:
    try:
        words = dictionary.parse(written)
    except InvalidError as error:
        return _page(project, written, problem=refusals.words(str(error))), 422
    return _page(project, "\n".join(words), dictionary.preview(site(), session, project, words))


def _save(slug: str, written: str) -> ResponseReturnValue:
    with site().db.write() as session:
        project = project_by_slug(session, slug)
        try:
            dictionary.save(session, project, dictionary.parse(written))
        except InvalidError as error:
            return _page(project, written, problem=refusals.words(str(error))), 422
        number = project.id
    site().jobs.put("resegment", number)
    flash(gettext("In force. What is stored is being read anew in the background."), ":")
    return redirect(url_for(".show", slug=slug), 303)


def _page(project: Project, written: str, preview: Preview | None = None, problem: str = "") -> str:
    return render_template(
        "learning/dictionary.html", project=project, written=written, preview=preview, problem=problem
    )
