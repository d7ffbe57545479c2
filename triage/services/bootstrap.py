"""Learning from the issues that people have labelled on the Git host before this service came."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Example, Project
from triage.domain.drafts import marked_key
from triage.domain.feedback import BODY_LIMIT, Kind
from triage.domain.text import cleanse
from triage.hosts import Host, HostIssue
from triage.services.site import Site

BATCH = 200  # issues stored in one go: what came before a failure stays
# what a project's people call the kinds where its settings name no label at all
USUAL: Mapping[Kind, Sequence[str]] = {
    Kind.BUG: ("bug", "defect", "缺陷", "故障", "错误"),
    Kind.FEATURE: (
        "enhancement",
        "feature",
        "feature request",
        "improvement",
        "需求",
        "功能",
        "新功能",
        "建议",
        "优化",
    ),
    Kind.QUESTION: ("question", "help wanted", "support", "疑问", "咨询", "问题咨询", "求助"),
}


@dataclass
class Learned:
    """What came of it: issues read, examples by kind, and issues whose labels say nothing or contradict each other."""

    read: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    ambiguous: int = 0
    own: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON takes it."""
        counts = {"unlabelled": self.unlabelled, "ambiguous": self.ambiguous, "own": self.own}
        return {"read": self.read, "taken": self.kinds.total(), "kinds": dict(sorted(self.kinds.items())), **counts}


def learn(site: Site, slug: str, repo: str, *, host: Host, progress: Callable[[int], None] = lambda _: None) -> Learned:
    """Store every labelled issue of `repo` as an example; again, it only brings them up to date. Raises OutsideError.

    Issues that this service filed are left out: their topics teach already.
    """
    learned = Learned()
    for some in _batches(host.changed_since(None)):
        with site.db.write() as session:
            project = project_by_slug(session, slug)
            kinds = by_label(project.labels)
            chosen = [(issue, kind) for issue in some if (kind := _kind(issue, kinds, learned))]
            _store(session, project, repo, chosen, site.now())
        progress(len(some))
    return learned


def _batches(issues: Iterable[HostIssue]) -> Iterator[list[HostIssue]]:
    waiting = iter(issues)
    while some := list(islice(waiting, BATCH)):
        yield some


def by_label(labels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the kind that each label means: by the project's settings, by usual names where it has none."""
    named = labels if any(labels.values()) else {kind.value: names for kind, names in USUAL.items()}
    return {_bare(label): kind for kind, names in named.items() for label in names}


def _bare(label: str) -> str:
    return cleanse(label).strip().casefold()


def _kind(issue: HostIssue, kinds: Mapping[str, str], learned: Learned) -> str:
    """Return the one kind that the issue's labels mean, "" where there is none, and count what became of it."""
    learned.read += 1
    if marked_key(issue.body):
        learned.own += 1
        return ""
    # a scoped label such as “Kind/Bug” or “type::bug” also goes by its last part
    parts = [part for label in issue.labels for part in (label, re.split(r"/|::|: ?", label)[-1])]
    found = {kinds[_bare(part)] for part in parts if _bare(part) in kinds}
    learned.unlabelled += not found
    learned.ambiguous += len(found) > 1
    if len(found) != 1:
        return ""
    kind = found.pop()
    learned.kinds[kind] += 1
    return kind


def _store(
    session: Session, project: Project, repo: str, chosen: Sequence[tuple[HostIssue, str]], now: datetime
) -> None:
    sources = {f"{repo}#{issue.number}": (issue, kind) for issue, kind in chosen}
    rows = select(Example).where(Example.project_id == project.id, Example.source.in_(sources))
    known = {row.source: row for row in session.scalars(rows)}
    for source, (issue, kind) in sources.items():
        row = known.get(source)
        if row is None:
            row = Example(project_id=project.id, source=source, created_at=now)
            session.add(row)
        row.title, row.body, row.kind = cleanse(issue.title)[:500], cleanse(issue.body)[:BODY_LIMIT], kind
        row.said_at = issue.created_at
