"""Scores of what is served on any measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from accelgen.surrogates.features import Flags, Numbers, from_records, measurements
from accelgen.surrogates.learn.apply import Figures, decimals
from accelgen.surrogates.learn.success import attempts, fit_success, held_out_margins, roc_auc
from accelgen.surrogates.metrics import Score, score
from accelgen.surrogates.predict import Surrogates, predict
from accelgen.surrogates.record import TARGETS, Synthesis
from accelgen.surrogates.rules import Domain, domain_of


@dataclass(frozen=True, eq=False)
class Answers:
    """What was predicted for n syntheses.

    Attributes:
        rows: the syntheses, whose targets were not looked at.
        figures: by target, each array (n,).
        success: probabilities, NaN where nothing is known, (n,).
        inside: designs like those of the training data, (n,).
    """

    rows: Sequence[Synthesis]
    figures: Mapping[str, Figures]
    success: Numbers
    inside: Flags

    def measured(self, target: str) -> Numbers:
        """What was measured, (n,), NaN where it was not."""
        return measurements(self.rows, target)


@dataclass(frozen=True)
class TargetScore:
    """A score, and the share of measurements that the intervals hold, from 0 to 1.

    ``points`` is the share of rows whose interval is a point, and ``coverage_of_intervals`` the coverage of
    the rest, NaN where there is none.
    """

    score: Score
    coverage: float
    points: float
    coverage_of_intervals: float

    def as_json(self) -> dict[str, float | int | None]:
        """All figures by name; what is not defined is null."""
        figures = {
            **asdict(self.score),
            "coverage": self.coverage,
            "points": self.points,
            "coverage_of_intervals": self.coverage_of_intervals,
        }
        return {name: value if np.isfinite(value) else None for name, value in figures.items()}


def answer(rows: Sequence[Synthesis], surrogates: Surrogates | None = None) -> Answers:
    """Predict syntheses, each as its own tool would measure it.

    Raises:
        ModelError: a trained file is damaged or was changed.
    """
    found = _empty(rows)
    by_domain: dict[Domain, list[int]] = {}
    for number, row in enumerate(rows):
        by_domain.setdefault(domain_of(row), []).append(number)
    for domain, numbers in by_domain.items():
        place = np.array(numbers)
        prediction = predict(from_records([rows[number].design for number in numbers]), domain, surrogates)
        for target, own in prediction.designs.items():
            for name in ("value", "low", "high"):
                getattr(found.figures[target], name)[place] = getattr(own, name)
        found.success[place] = prediction.success
        found.inside[place] = prediction.in_domain
    return found


def _empty(rows: Sequence[Synthesis]) -> Answers:
    unknown = np.full(len(rows), np.nan)
    figures = {target: Figures(unknown.copy(), unknown.copy(), unknown.copy()) for target in TARGETS}
    return Answers(rows, figures, unknown.copy(), np.zeros(len(rows), bool))


def target_scores(answers: Answers, chosen: Flags | None = None) -> dict[str, TargetScore]:
    """Scores of each target that was measured, of all or of chosen rows (n,)."""
    found: dict[str, TargetScore] = {}
    for target in TARGETS:
        measured, own = answers.measured(target), answers.figures[target]
        known = ~np.isnan(measured) & (True if chosen is None else chosen)
        if known.any():
            held = (own.low <= measured) & (measured <= own.high)
            wide = known & (own.high > own.low)
            found[target] = TargetScore(
                score(measured[known], own.value[known], decimals(target)),
                coverage=float(held[known].mean()),
                points=1 - float(wide.sum() / known.sum()),
                coverage_of_intervals=float(held[wide].mean()) if wide.any() else float("nan"),
            )
    return found


@dataclass(frozen=True)
class SuccessScore:
    """How well attempts that fail are told apart, of those that probabilities are known for."""

    n: int
    failures: int
    accuracy: float
    roc_auc: float
    brier: float

    def as_json(self) -> dict[str, Any]:
        """All figures by name; what is not defined is null."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


def success_score(answers: Answers) -> SuccessScore:
    """Scores of the probabilities of success; ``brier`` is their mean squared error."""
    known = ~np.isnan(answers.success)
    return _success_score(
        np.array([row.success for row in answers.rows], bool)[known], answers.success[known]
    )


def success_margin_score(rows: Sequence[Synthesis]) -> SuccessScore | None:
    """Scores on attempts whose architecture the trees did not see; None where nothing can be learned."""
    tried = attempts(rows)
    success = fit_success(rows)
    if success is None:
        return None
    margins = success.slope * held_out_margins(tried) + success.intercept
    outcome = np.array([row.success for row in tried], bool)
    return _success_score(outcome, 1 / (1 + np.exp(-np.clip(margins, -500, 500))))


def _success_score(outcome: Flags, said: Numbers) -> SuccessScore:
    nan = float("nan")
    if not outcome.size:
        return SuccessScore(0, 0, nan, nan, nan)
    both = outcome.any() and not outcome.all()
    return SuccessScore(
        n=int(outcome.size),
        failures=int(np.count_nonzero(~outcome)),
        accuracy=float(np.mean((said >= 0.5) == outcome)),
        roc_auc=roc_auc(outcome, said) if both else nan,
        brier=float(np.mean((said - outcome) ** 2)),
    )


def by_domain(rows: Sequence[Synthesis]) -> dict[str, Flags]:
    """The rows (n,) of each domain, by its name."""
    names = np.array([domain_of(row).name for row in rows])
    return {name: names == name for name in sorted(set(names.tolist()))}
