"""A project's connection to its Git host: who we are there, what is missing, and who can read what is said there."""

from __future__ import annotations

from dataclasses import dataclass

from triage.db.tables import Project
from triage.domain.verdicts import Policy
from triage.errors import TriageError
from triage.hosts import Check
from triage.services.site import Site


@dataclass(frozen=True, slots=True)
class Connected:
    """What a host said when it was checked, and in words which of the team's comments reporters read from now on."""

    check: Check
    told: str


def look(site: Site, project: Project) -> Connected:
    """Check the connection of `project` and keep whether everybody can read its repository.

    A host that gives no answer is an error in the check, and leaves what was known.
    """
    try:
        host = site.host(project)
        check, public = host.check(), host.public()
    except TriageError as error:
        check, public = Check.unanswered(error), project.host_public
    with site.db.write() as session:
        session.get_one(Project, project.id).host_public = public
    return Connected(check, Policy.of(project.policy).told(public=public))
