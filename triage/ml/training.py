"""Building the shipped weights from the seed examples and, where they are at hand, public data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from triage.ml import kind_training, spam_training
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.judged import kinds_of, with_kinds
from triage.ml.kind_training import learn
from triage.ml.kinds import KindModel
from triage.ml.linear import Fit
from triage.ml.rows import half_untitled, rows_of
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.spam_training import Text, learn_spam

SEED = 7
# The seeds are short and clean beside tracker issues: cues weigh as much as words, and an error costs somewhat more
KIND_FITS = (Fit(0.25, 0.8, 1.0), Fit(0.125, 0.8, 0.0))
# Template lines, links and versions belong to the projects that they were seen in; nothing of those is shipped
KIND_BLOCKS = tuple(
    replace(
        block, weight=1.0 if block.name == "cues" else block.weight, least=1 if block.name == "body" else block.least
    )
    for block in kind_training.BLOCKS
    if block.name not in ("lines", "headings", "links", "versions", "project")
)
COMMON = 3  # public texts that must hold a token before it is shipped, where the seeds don't
SOFTWARE_CUT = 3_000  # characters kept of each report that serves as ham
# every so many reports of the public trackers are taken as software ham: enough, and training stays under two minutes
SOFTWARE = (
    ("feedback/vscode_zh.jsonl", 1),
    ("kinds/nlbse24_train.jsonl", 2),
    ("duplicates/hadoop.jsonl", 4),
    ("duplicates/eclipse.jsonl", 6),
)
SPAM_SETS = ("spam/sms_11k.jsonl", "spam/sms_80w_5k.jsonl")
SPAM_SEEDS = 5  # times that each counts: short messages to telephones are many, and what is posted is another sort
# What one may stop by an answer is an advertisement; where the sets call it none, they mean that it was asked for.
OPT_OUT = "退订"
# Never here: feedback/zh.jsonl. It measures what is shipped.
KIND_SETS = ("kinds/nlbse24_train.jsonl",)
JUDGED_SET = "feedback/vscode_zh.jsonl"  # has no kinds of its own; those that we gave are joined by number
JUDGED_KINDS = "vscode_kinds.json"
JUDGED_PROJECT = "vscode_zh"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shipped:
    """What was trained, and from how many examples of each source."""

    kinds: KindModel
    spam: SpamModel
    sources: Mapping[str, Mapping[str, int]]


def train_shipped(data: Path | None, out: Path, *, models: Path) -> Shipped:
    """Train both shipped models from `models`/seeds and the public sets in `data`, write them to `out`, return them.

    `data` None trains on the seeds alone; a set that is missing there is left out and so shows in `sources`.
    The same files give the same bytes. Raises InvalidError for a line that isn't a JSON object.
    """
    segmenter = Segmenter.shipped(models)
    examples, kind_sources = kind_examples(data, models / "seeds")
    texts, spam_sources = spam_texts(data, models / "seeds")
    plan = kind_training.Plan(KIND_BLOCKS, KIND_FITS, SEED, {"sources": kind_sources})
    reader = Reader(segmenter)
    kinds = slimmed(learn(examples, reader, plan), [one for one in examples if not one.project], examples)
    spam = learn_spam(texts, segmenter, spam_training.Plan(seed=SEED, trained={"sources": spam_sources}))
    kinds.save(out)
    spam.save(out)
    return Shipped(kinds, spam, {"kinds": kind_sources, "spam": spam_sources})


def slimmed(model: KindModel, own: Sequence[Example], examples: Sequence[Example]) -> KindModel:
    """Return `model` without its projects and without what only a few public texts hold: names, paths, one-off words.

    Every token of the `own` examples stays. A text of an unknown project is scored as before but for those tokens.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for number, one in enumerate((*own, *examples)):
        text = model.reader.blocks(one.title, one.body, one.project)
        weight = COMMON if number < len(own) else 1
        counts.update({(block, token): weight for block in text for token in set(text[block])})
    kept = np.array([counts[name] >= COMMON for name in model.vocabulary.names])
    linear = replace(model.linear, projects=(), weights=model.linear.weights[:1, kept])
    return replace(model, vocabulary=model.vocabulary.only(kept), linear=linear)


def kind_examples(data: Path | None, seeds: Path) -> tuple[list[Example], dict[str, int]]:
    """Return the examples of the kind model and how many came from which file.

    Raises InvalidError where the judged set is there and its labels are missing or broken.
    """
    examples = [_example(row, "") for row in rows_of(seeds / "feedback.jsonl")]
    counts = Counter({"seeds": len(examples)})
    for name in KIND_SETS:
        rows = half_untitled([row for _, row in _public(data, [(name, 1)])], SEED)
        examples += [_example(row, str(row["project"])) for row in rows]
        counts.update([name] * len(rows))
    found = [row for _, row in _public(data, [(JUDGED_SET, 1)])]
    judged = with_kinds(found, kinds_of(seeds / JUDGED_KINDS)) if found else []
    examples += [_example(row, JUDGED_PROJECT) for row in half_untitled(judged, SEED)]
    counts.update([JUDGED_SET] * len(judged))
    return examples, dict(counts)


def spam_texts(data: Path | None, seeds: Path) -> tuple[list[Text], dict[str, int]]:
    """Return the texts of the spam model and how many came from which file."""
    texts = [Text(str(row["text"]), bool(row["spam"]), times=SPAM_SEEDS) for row in rows_of(seeds / "spam.jsonl")]
    texts += [Text(_both(row), spam=False, software=True) for row in rows_of(seeds / "feedback.jsonl")]
    counts = Counter({"seeds": len(texts)})
    for name, row in _public(data, SOFTWARE):
        texts.append(Text(_both(row)[:SOFTWARE_CUT], spam=False, software=True))
        counts[name] += 1
    for name, row in _public(data, [(name, 1) for name in SPAM_SETS]):
        if not row["spam"] and OPT_OUT in str(row["text"]):
            continue
        texts.append(Text(str(row["text"]), bool(row["spam"])))
        counts[name] += 1
    return texts, dict(counts)


def _public(data: Path | None, names: Sequence[tuple[str, int]]) -> Iterator[tuple[str, Row]]:
    for name, step in names:
        file = data / name if data else None
        if file and file.is_file():
            yield from ((name, row) for number, row in enumerate(rows_of(file)) if number % step == 0)


def _example(row: Row, project: str) -> Example:
    return Example(str(row.get("title") or ""), str(row.get("body") or ""), str(row["kind"]), project)


def _both(row: Row) -> str:
    return f"{row.get('title') or ''}\n{row.get('body') or ''}"
