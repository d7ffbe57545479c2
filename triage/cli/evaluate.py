"""`triage train` and `triage evaluate …`: the models, and what they are worth on rows that they have not seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

import click

from triage.cli import json_option, learning, show
from triage.config import data as shipped
from triage.errors import InvalidError
from triage.ml.duplicate_training import train_from
from triage.ml.duplicates import DuplicateModel
from triage.ml.encoder import Encoder
from triage.ml.evaluation_duplicates import Known, Which, duplicates
from triage.ml.evaluation_kinds import KindRow, evaluate_feedback_kinds, evaluate_kinds
from triage.ml.evaluation_pairs import pairs
from triage.ml.evaluation_spam import evaluate_spam, train_spam
from triage.ml.evaluation_topics import feedback_topics
from triage.ml.kinds import KindModel
from triage.ml.outcomes import Outcome
from triage.ml.ranker import Ranker
from triage.ml.rows import DUPLICATES, FEEDBACK, KINDS, PAIRS, Shape, read, spam_or_feedback
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.training import train_shipped

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
train_option = click.option("--train", "train", type=FILE, multiple=True, help="Rows to train on; may be given again.")


def there(_context: click.Context, _option: click.Parameter, output: Path | None) -> Path | None:
    """Return `output` where its folder is there: better said before an hour of work than after."""
    if output is not None and not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}")
    return output


output_option = click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=there,
    help="Write a line a row to this file.",
)


def working(_context: click.Context, _option: click.Parameter, folder: Path | None) -> Encoder | None:
    """Return the encoder of `folder`, loaded: figures without it must not be taken for those with it."""
    if folder is None:
        return None
    encoder = Encoder(folder)
    if encoder.fault:
        raise click.BadParameter(encoder.fault)
    return encoder


encoder_option = click.option(
    "--encoder",
    type=FOLDER,
    envvar="TRIAGE_ENCODER",
    callback=working,
    help="Folder of a text encoder that takes part (default: TRIAGE_ENCODER).",
)


class Row(Protocol):
    """The answer for one row."""

    def as_dict(self) -> dict[str, Any]:
        """Return row number, prediction, score and ranked answers."""
        ...


class Result(Protocol):
    """What an evaluation returns: figures, and an answer a row."""

    @property
    def rows(self) -> Sequence[Row]:
        """The answers."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return the figures."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """One feedback: its kind, and the earlier rows that resemble it, by number, with the topic that it was put into."""

    kind: KindRow
    topic: Outcome

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON takes it; a topic goes by the number of its first row."""
        told = self.kind.as_dict()
        return {**told, "ranked": list(self.topic.ranked), "kinds": told["ranked"], "topic": self.topic.prediction}


def read_all(files: Iterable[Path], shape: Shape) -> list[Any]:
    """Return the rows of JSON-lines files, in order."""
    return [row for file in files for row in read(file, shape)]


def segmenter() -> Segmenter:
    """Return the segmenter in force."""
    return Segmenter.shipped(shipped("models"))


def ranker(cutter: Segmenter) -> Ranker:
    """Return the shipped ranker of duplicates."""
    return DuplicateModel.load(shipped("models") / "weights", cutter).ranker


@dataclass(frozen=True, slots=True)
class Out:
    """Where an evaluation's answer goes: figures to the screen, a line a row to `file`."""

    file: Path | None
    as_json: bool

    def tell(self, figures: dict[str, Any], rows: Sequence[Row]) -> None:
        """Print the figures, and write the answers where a file is named."""
        if self.file is not None:
            try:
                with self.file.open("w", encoding="utf-8") as file:
                    file.writelines(json.dumps(row.as_dict(), ensure_ascii=False) + "\n" for row in rows)
            except OSError as error:
                raise InvalidError(f"{self.file} can't be written: {error.strerror}", field="output") from error
        text = "\n".join(f"{name:32} {value}" for name, value in figures.items())
        show(figures, as_json=self.as_json, text=text)


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` --output and --json, as one argument `out`."""

    @output_option
    @json_option
    @wraps(command)
    def run(*args: Any, output: Path | None, as_json: bool, **options: Any) -> None:
        command(*args, out=Out(output, as_json), **options)

    return run


@click.command()
@click.option("--data", type=FOLDER, help="Folder of the public sets; those that are missing are left out.")
@click.option("--out", type=FOLDER, help="Where the weights go (default: models/weights).")
@click.option("--project", "slug", help="Train this project's own models on its people's decisions instead.")
@json_option
def train(data: Path | None, out: Path | None, slug: str | None, as_json: bool) -> None:
    """Train the shipped models from their seeds and the public sets, or a project's own on what its people decided."""
    if slug:
        learning.train(slug, as_json=as_json)
        return
    models = shipped("models")
    found = data if data is not None and data.is_dir() else None
    weights = out or models / "weights"
    made = train_shipped(found, weights, models=models)
    figures: dict[str, Any] = {name: dict(sources) for name, sources in made.sources.items()}
    trackers = train_from(found, segmenter(), weights, models=models)
    figures["duplicates"] = trackers["trained_on"] if trackers else "left as they were: no public tracker is there"
    show(figures, as_json=as_json, text="\n".join(f"{name}: {sources}" for name, sources in figures.items()))


@click.group()
def evaluate() -> None:
    """Measure the models on files of rows (formats: see the model card)."""


@evaluate.command()
@train_option
@click.option("--test", "test", type=FILE, required=True, help="Rows to label.")
@encoder_option
@telling
def kinds(train: tuple[Path, ...], test: Path, encoder: Encoder | None, out: Out) -> None:
    """Train on some labelled rows, label others, and compare."""
    if not train:
        raise click.UsageError("name what to train on: --train FILE")
    result = evaluate_kinds(read_all(train, KINDS), read(test, KINDS), segmenter(), encoder)
    out.tell(result.as_dict(), result.rows)


@evaluate.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
@train_option
@click.option("--obfuscate", is_flag=True, help="Also measure the same texts in every disguise.")
@telling
def spam(files: tuple[Path, ...], train: tuple[Path, ...], obfuscate: bool, out: Out) -> None:
    """Judge texts for spam: by the shipped model, or by one of --train."""
    cutter = segmenter()
    models = shipped("models")
    if train:
        model = train_spam([row for file in train for row in spam_or_feedback(file)], cutter, seeds=models / "seeds")
    else:
        model = SpamModel.load(models / "weights", segmenter=cutter)
    result = evaluate_spam([row for file in files for row in spam_or_feedback(file)], model, obfuscate=obfuscate)
    out.tell(result.as_dict(), result.rows)


@evaluate.command("duplicates")
@click.argument("file", type=FILE)
@train_option
@click.option("--queries", type=click.Choice(["last20", "all"]), default="last20", show_default=True)
@encoder_option
@telling
def duplicates_(file: Path, train: tuple[Path, ...], queries: Which, encoder: Encoder | None, out: Out) -> None:
    """Look up each row of a tracker whose duplicate came before it."""
    cutter = segmenter()
    trackers = [read(one, DUPLICATES) for one in train]
    rows = read(file, DUPLICATES)
    result = duplicates(rows, cutter, which=queries, train=trackers, known=Known(ranker(cutter), encoder))
    out.tell(result.as_dict(), result.rows)


@evaluate.command("pairs")
@click.argument("file", type=FILE)
@train_option
@telling
def pairs_(file: Path, train: tuple[Path, ...], out: Out) -> None:
    """Tell whether two sentences mean the same, and find one among all; without --train by words and signs alone."""
    result = pairs(read(file, PAIRS), read_all(train, PAIRS), segmenter())
    out.tell(result.as_dict(), result.rows)


@evaluate.command()
@click.argument("file", type=FILE)
@encoder_option
@telling
def feedback(file: Path, encoder: Encoder | None, out: Out) -> None:
    """Ask the shipped models, which never saw them, about real feedback: kinds, duplicates, topics."""
    cutter, rows = segmenter(), read(file, FEEDBACK)
    kinds = evaluate_feedback_kinds(rows, KindModel.load(shipped("models") / "weights", segmenter=cutter))
    topics = feedback_topics(rows, cutter, ranker(cutter), encoder=encoder)
    rows_told = [Told(*pair) for pair in zip(kinds.rows, topics.rows, strict=True)]
    out.tell({**kinds.as_dict(), **topics.as_dict()}, rows_told)


evaluate.add_command(learning.compare)
COMMANDS = (train, evaluate)
