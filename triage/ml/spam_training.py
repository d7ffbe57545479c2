"""Training the spam model: disguised copies beside the originals, and a threshold that spares software feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import InvalidError
from triage.ml import calibration
from triage.ml.kind_training import folds
from triage.ml.linear import Fit, decide, fit
from triage.ml.obfuscation import trained_against
from triage.ml.segment import Segmenter
from triage.ml.spam import BLOCKS, HAM, SPAM, SpamModel, spam_blocks
from triage.ml.vocabulary import Vocabulary

HOW = Fit(cost=0.1, smoothing=1.0)
HAM_COPIES = 0.25  # of the ham is disguised too: an odd spelling alone is no advertisement
PRECISION = 0.97  # wanted of the verdicts on everything that was held out
SPARED = 0.996  # of held-out software feedback must not be taken for spam
FLOOR = 0.4  # the lowest threshold: below it the odds speak against spam, whatever the held-out texts say
LEAST = 30  # examples


@dataclass(frozen=True, slots=True)
class Text:
    """One text that is known to be spam or not, counted `times`; `software` marks feedback about software."""

    text: str
    spam: bool
    software: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; `trained` is kept with the model and tells what on."""

    how: Fit = HOW
    seed: int = 0
    trained: Mapping[str, Any] = field(default_factory=dict)


def learn_spam(texts: Sequence[Text], segmenter: Segmenter, plan: Plan = Plan()) -> SpamModel:
    """Return the model of `texts`. Raises InvalidError for too few. The same input gives the same model.

    A fifth is held out to calibrate and to choose the threshold; the model itself is then trained on everything.
    """
    spam = sum(one.spam for one in texts)
    if min(spam, len(texts) - spam) < LEAST:
        raise InvalidError(
            f"a spam model needs {LEAST} examples of spam and of ham", field="spam", code="too_few_examples"
        )
    held, kept = folds([f"{one.spam} {one.software}" for one in texts], plan.seed)[0]
    trial = _fitted([texts[row] for row in kept], segmenter, plan)
    odds = _odds(trial, [texts[row].text for row in held])
    line = calibration.fitted(list(odds), [texts[row].spam for row in held]) or calibration.Calibration(4.0, 0.0, 0)
    chances = np.array([line.probability(one) for one in odds])
    limit = chosen_threshold(chances, [texts[row] for row in held])
    final = _fitted(texts, segmenter, plan)
    trained = {**plan.trained, "examples": len(texts), "spam": spam}
    return SpamModel(segmenter, final.vocabulary, final.linear, line, limit, trained)


def chosen_threshold(chances: NDArray[np.float64], texts: Sequence[Text]) -> float:
    """Return the lowest probability at which `PRECISION` of the verdicts are right and software feedback is spared."""
    truth = np.array([one.spam for one in texts])
    software = np.sort(chances[[one.software and not one.spam for one in texts]])
    order = np.argsort(-chances, kind="stable")
    good = np.flatnonzero(np.cumsum(truth[order]) >= PRECISION * np.arange(1, len(order) + 1))
    precise = float(chances[order[good[-1]]]) if len(good) else 1.0
    spared = float(np.nextafter(software[int(SPARED * (len(software) - 1))], 2.0)) if len(software) else 0.0
    return max(precise, spared, FLOOR)


def _fitted(texts: Sequence[Text], segmenter: Segmenter, plan: Plan) -> SpamModel:
    random = Random(plan.seed)  # noqa: S311 - disguises, no secrets
    counted = [one for one in texts for _ in range(one.times)]
    shown = [(one.text, one.spam) for one in counted]
    copied = [one for one in counted if one.spam or random.random() < HAM_COPIES]
    shown += [(trained_against(one.text, random), one.spam) for one in copied]
    blocks = [spam_blocks(text, segmenter) for text, _ in shown]
    vocabulary = Vocabulary.fitted(BLOCKS, blocks)
    linear = fit(vocabulary.matrix(blocks), [SPAM if spam else HAM for _, spam in shown], [""] * len(shown), plan.how)
    return SpamModel(segmenter, vocabulary, linear, calibration.Calibration(4.0, 0.0, 0), 0.5, {})


def _odds(model: SpamModel, texts: Sequence[str]) -> NDArray[np.float64]:
    matrix = model.vocabulary.matrix(spam_blocks(text, model.segmenter) for text in texts)
    scores = decide(model.linear, matrix, [""] * len(texts))
    place = model.linear.labels.index(SPAM)
    return np.asarray((scores[:, place] - scores[:, 1 - place]) / 2, np.float64)
