"""The models of each project: the shipped ones, with what the project's people taught in place of parts of them.

Which version is in force stands in the database and is looked up each time, so that a promotion or a changed dictionary
is noticed by processes that run for weeks; the weights are loaded once. A part that can't be loaded is left to the
shipped model, and the fault is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import ModelVersion, Project
from triage.domain.verdicts import Policy
from triage.errors import ModelError
from triage.ml.calibration import Calibration
from triage.ml.duplicates import DuplicateModel
from triage.ml.kinds import KindModel
from triage.ml.segment import Segmenter
from triage.ml.site_training import load_numbers
from triage.services import components
from triage.services.indexing import READING
from triage.services.models import Models

ACTIVE = "active"
KINDS, SPAM, DUPLICATES, COMPONENTS = PARTS = ("kinds", "spam", "duplicates", "components")
KEPT = 8  # projects; one with Chinese words of its own costs a copy of the dictionary, about 25 MB


@dataclass
class Library:
    """Finds the models of a project; `folder` holds the site's versions, `words` the shipped models."""

    shipped: Models
    folder: Path
    words: Path
    _known: dict[int, tuple[str, Models]] = field(default_factory=dict)
    _segmenters: dict[str, Segmenter] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def of(self, session: Session, project: Project) -> Models:
        """Return the models in force for `project`."""
        row = active(session, project)
        key = f"{row.parts if row else ''} {recipe(project)} {Policy.of(project.policy).spam_percent}"
        with self._lock:
            known = self._known.pop(project.id, None)
            made = known[1] if known and known[0] == key else self.made(project, row.parts if row else {})
            self._known[project.id] = key, made  # the latest used stands last
            _only(self._known)
        made.duplicates.seen = self.shipped.duplicates.seen  # which the follower replaces when it begins
        return made

    def made(self, project: Project, parts: dict[str, Any]) -> Models:
        """Return the models of `project` with these versions of its parts; faults are told in them."""
        by_hand = Policy.of(project.policy).spam_percent / 100
        if not any(parts.values()) and not project.dictionary and not by_hand:
            return self.shipped
        faults: list[str] = []
        load = {part: self._loader(project, part, int(parts.get(part, 0)), faults) for part in PARTS}
        segmenter = self.segmenter(project)
        duplicates = self._by(segmenter)
        return replace(
            self.shipped,
            segmenter=segmenter,
            duplicates=duplicates,
            kinds=load[KINDS](self._kinds) or self.shipped.kinds,
            spam_threshold=by_hand or load[SPAM](_threshold),
            line=load[DUPLICATES](_line),
            taught=load[COMPONENTS](components.kept) or {},
            broken=[*self.shipped.broken, *faults],
        )

    def segmenter(self, project: Project) -> Segmenter:
        """Return what cuts the project's texts: the shipped words and its own dictionary."""
        if not project.dictionary:
            return self.shipped.segmenter
        key = recipe(project)
        with self._lock:
            made = self._segmenters.pop(key, None) or self.with_words(project.dictionary)
            self._segmenters[key] = made
            _only(self._segmenters)
        return made

    def cutting(self, words: list[str]) -> DuplicateModel:
        """Return a model that cuts texts as a dictionary of `words` would, to look at what that changes."""
        return self._by(self.with_words(words) if words else self.shipped.segmenter)

    def _by(self, segmenter: Segmenter) -> DuplicateModel:
        made = copy(self.shipped.duplicates)
        made.cutter = segmenter
        return made

    def with_words(self, words: list[str]) -> Segmenter:
        """Return a segmenter with `words` beside the shipped ones; only these where the shipped lists are damaged."""
        try:
            return Segmenter.shipped(self.words, words)
        except ModelError:
            return Segmenter(words)

    def place(self, project: Project, version: int) -> Path:
        """Return the folder of one version's weights."""
        return self.folder / project.slug / str(version)

    def _kinds(self, folder: Path) -> KindModel:
        return KindModel.load(folder, segmenter=self.shipped.kind_words)

    def _loader(
        self, project: Project, part: str, version: int, faults: list[str]
    ) -> Callable[[Callable[[Path], Any]], Any]:
        def loaded(load: Callable[[Path], Any]) -> Any:
            try:
                return load(self.place(project, version)) if version else None
            except ModelError as error:
                faults.append(f"{_where(project, version, part)}{error}; the shipped one answers")
                return None

        return loaded


def active(session: Session, project: Project) -> ModelVersion | None:
    """Return the version in force, None for the shipped models."""
    return session.scalar(
        select(ModelVersion).where(ModelVersion.project_id == project.id, ModelVersion.state == ACTIVE)
    )


def damaged(project: Project, parts: Mapping[str, int], models: Models) -> dict[str, str]:
    """Return the fault of each part of which `models`, made of `parts`, have the shipped one in place of a version."""
    begins = {part: _where(project, parts.get(part, 0), part) for part in PARTS}
    return {part: fault for fault in models.broken for part, begin in begins.items() if fault.startswith(begin)}


def _where(project: Project, version: int, part: str) -> str:
    return f"{project.slug}: version {version} of {part}: "


def recipe(project: Project) -> str:
    """Return a short name for how the project's texts are cut: by this version, with its dictionary."""
    words = sorted(project.dictionary)
    return READING + (hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()[:12] if words else "")


def _threshold(folder: Path) -> float:
    return load_numbers(folder, SPAM, ["threshold"])["threshold"]


def _line(folder: Path) -> Calibration:
    found = load_numbers(folder, DUPLICATES, ["slope", "offset", "decisions"])
    return Calibration(found["slope"], found["offset"], int(found["decisions"]))


def _only(kept: dict[Any, Any]) -> None:
    while len(kept) > KEPT:
        kept.pop(next(iter(kept)))
