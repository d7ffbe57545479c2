"""Projects that share no kind are separate problems: each group of projects has a model of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triage.ml.encoder import Meaning
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import FOLDS, learn
from triage.ml.kinds import KindModel, Prediction

_WORDS = ("title", "body")  # the blocks that every model has


@dataclass(frozen=True, slots=True)
class KindModels:
    """The model of each group, and the group (its place) of each project."""

    models: tuple[KindModel, ...]
    group: Mapping[str, int]

    @property
    def act(self) -> float:
        """The lowest probability from which any of the models acts."""
        return min(model.confidence.act for model in self.models)

    def predict(self, title: str, body: str, *, project: str = "", meaning: Meaning | None = None) -> Prediction:
        """Return what one feedback is; where no group has its project, by the model that knows most of its words."""
        group = self.group.get(project)
        model = self.models[group] if group is not None else max(self.models, key=lambda one: _known(one, title, body))
        return model.predict(title, body, project=project, meaning=meaning)


def learn_groups(examples: Sequence[Example], reader: Reader) -> KindModels:
    """Return the models of `examples`, the same for the same input. Raises InvalidError for fewer than two kinds.

    One model of all would widen every label's machine by every project, be asked which of the other projects' labels
    fits, and be planned for the number of all labels, which is right for none of them.
    """
    parts = apart(examples)
    models = tuple(learn([one for one in examples if one.project in part], reader) for part in parts)
    return KindModels(models, {project: at for at, part in enumerate(parts) for project in part})


def apart(examples: Sequence[Example]) -> list[set[str]]:
    """Return the projects in groups that share no kind; all in one where a group would have too little to learn."""
    kinds: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for one in examples:
        kinds.setdefault(one.project, set()).add(one.kind)
        counts[one.kind] = counts.get(one.kind, 0) + 1
    parts: list[tuple[set[str], set[str]]] = []
    for project, own in kinds.items():
        near = [part for part in parts if part[1] & own]
        parts = [part for part in parts if not part[1] & own]
        parts.append(({project}.union(*(part[0] for part in near)), own.union(*(part[1] for part in near))))
    enough = all(sum(counts[kind] >= FOLDS for kind in part[1]) >= 2 for part in parts)  # noqa: PLR2004 - two kinds
    return [part[0] for part in parts] if enough else [set(kinds)]


def _known(model: KindModel, title: str, body: str) -> int:
    """Return how many words and pairs of words of a text the model has seen."""
    places = model.vocabulary.vector(model.reader.blocks(title, body)).places
    return sum(model.vocabulary.names[place][0] in _WORDS for place in places)
