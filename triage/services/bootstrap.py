"""Learning from the issues that people have labelled on the Git host before this service came."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Example, Project
from triage.domain.drafts import marked_key
from triage.domain.feedback import BODY_LIMIT, Kind
from triage.domain.text import cleanse, normalise, plain
from triage.hosts import Host, HostIssue
from triage.ml.components import component_of, telling_words
from triage.services.components import told, vocabulary
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
        "功能建议",
        "功能请求",
        "新特性",
        "优化",
    ),
    Kind.QUESTION: ("question", "help wanted", "support", "疑问", "咨询", "问题咨询", "使用咨询", "提问", "求助"),
}
# what stands before the name of a component in a label: “area/scheduler”, “模块: 调度”
PART_SCOPES = frozenset("component comp area module mod sig pkg package 组件 模块 领域 子系统".split())  # noqa: SIM905
_SCOPE = re.compile(r"/|::|[:：]")


@dataclass
class Learned:
    """What came of it: issues read, examples by kind, and issues whose labels say nothing or contradict each other."""

    read: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    ambiguous: int = 0
    own: int = 0
    parts: list[tuple[str, str]] = field(default_factory=list)  # component and text, in order of time
    components: dict[str, tuple[str, ...]] = field(default_factory=dict)
    accuracy: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON takes it."""
        counts = {"unlabelled": self.unlabelled, "ambiguous": self.ambiguous, "own": self.own}
        parts = {name: list(words) for name, words in sorted(self.components.items())}
        found = {"components": parts, "component_labels": len(self.parts), "component_accuracy": self.accuracy}
        kinds = dict(sorted(self.kinds.items()))
        return {"read": self.read, "taken": self.kinds.total(), "kinds": kinds, **counts, **found}


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
            kept = {issue.number for issue, _ in chosen}
            _forget(session, project, [f"{repo}#{issue.number}" for issue in some if issue.number not in kept])
            _store(session, project, repo, chosen, site.now())
            learned.parts += [part for issue in some if (part := _part(issue, project.words))]
        progress(len(some))
    _learn_parts(site, slug, learned)
    return learned


def _part(issue: HostIssue, words: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return the one component that an issue's labels (scoped, or the project's own) name, with its text."""
    known = {_bare(name): name for name in words}
    found = set()
    for label in issue.labels:
        scope, _, name = (part.strip() for part in _SCOPE.sub("\0", cleanse(label), count=1).partition("\0"))
        if name and _bare(scope) in PART_SCOPES:
            found.add(known.get(_bare(name), name))
        elif _bare(label) in known:
            found.add(known[_bare(label)])
    if len(found) != 1 or marked_key(issue.body):
        return None
    return found.pop(), f"{issue.title}\n{plain(issue.body[:BODY_LIMIT])}"


def _learn_parts(site: Site, slug: str, learned: Learned) -> None:
    """Find the words of each component, and how often they name the right one on the last fifth, unseen, and before."""
    if not learned.parts:
        return
    cut = site.models.segmenter.words
    examples = [(name, told(text, cut)) for name, text in learned.parts]
    learned.components = telling_words(examples)
    border = len(examples) - len(examples) // 5
    with site.db.read() as session:
        own = project_by_slug(session, slug).words
    asked = learned.parts[border:]
    before = vocabulary(own)
    after = together(own, telling_words(examples[:border]))
    for name, words in (("before", before), ("after", after)):
        right = sum(component_of(text, words).name == part for part, text in asked)
        learned.accuracy[name] = round(right / len(asked), 4) if asked else 0.0
    learned.accuracy["n"] = len(asked)


def together(own: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the project's own words for its components, first, and what labels taught beside them."""
    names = dict.fromkeys([*own, *found])
    return {name: list(dict.fromkeys([*own.get(name, ()), *found.get(name, ())])) for name in names}


def adopt(site: Site, slug: str, found: Mapping[str, Sequence[str]]) -> None:
    """Let the project's components be known by these words, too; its settings list them, and take them away again."""
    with site.db.write() as session:
        project = project_by_slug(session, slug)
        project.words = together(project.words, found)


def _batches(issues: Iterable[HostIssue]) -> Iterator[list[HostIssue]]:
    waiting = iter(issues)
    while some := list(islice(waiting, BATCH)):
        yield some


def by_label(labels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the kind that each label means: by the project's settings, by usual names where it has none."""
    named = labels if any(labels.values()) else {kind.value: names for kind, names in USUAL.items()}
    return {_bare(label): kind for kind, names in named.items() for label in names}


def _bare(label: str) -> str:
    return normalise(label).strip(" -·|").casefold()  # “🐛 Bug” and “ＢＵＧ” too


def _kind(issue: HostIssue, kinds: Mapping[str, str], learned: Learned) -> str:
    """Return the one kind that the issue's labels mean, "" where there is none, and count what became of it."""
    learned.read += 1
    if marked_key(issue.body):
        learned.own += 1
        return ""
    # a scoped label such as “Kind/Bug”, “type::bug” or “类型：缺陷” also goes by its last part
    parts = [part for label in issue.labels for part in (label, _SCOPE.split(label)[-1])]
    found = {kinds[_bare(part)] for part in parts if _bare(part) in kinds}
    learned.unlabelled += not found
    learned.ambiguous += len(found) > 1
    if len(found) != 1:
        return ""
    kind = found.pop()
    learned.kinds[kind] += 1
    return kind


def _forget(session: Session, project: Project, sources: Sequence[str]) -> None:
    """Take back what was learned of issues whose labels say no kind, or two, by now."""
    session.execute(delete(Example).where(Example.project_id == project.id, Example.source.in_(sources)))


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
