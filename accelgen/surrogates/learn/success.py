"""Will it synthesise: a classifier on attempts that failed, with probabilities that mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelgen.surrogates.features import Flags, Numbers, from_records
from accelgen.surrogates.learn.columns import COLUMNS, Matrix, success_columns
from accelgen.surrogates.learn.folds import group_folds
from accelgen.surrogates.learn.model import Success
from accelgen.surrogates.learn.scope import Scope, families
from accelgen.surrogates.learn.trees import Forest, from_xgboost
from accelgen.surrogates.record import Synthesis

TREES = 60
DEPTH = 3

HARDER = {"n_in": -1, "n_out": -1, "products": -1, "nonzero": -1, "block_factor": -1}
"""Signs: a larger layer, and more products a cycle, never make it easier."""
_UNUSED = ("uneven_sharing", "uneven_loop")


def attempts(rows: Sequence[Synthesis]) -> list[Synthesis]:
    """Attempts at single layers by the tools that failures are known of."""
    failing = {(row.tool, row.version) for row in rows if not row.success}
    return [row for row in rows if len(row.design.layers) == 1 and (row.tool, row.version) in failing]


def fit_success(rows: Sequence[Synthesis]) -> Success | None:
    """Learn from attempts; None where all of them ended alike or one architecture is all there is."""
    tried = attempts(rows)
    outcome = np.array([row.success for row in tried], bool)
    if len({row.group for row in tried}) < 2 or outcome.all() or not outcome.any():
        return None
    layers = from_records([row.design for row in tried])
    slope, intercept = _line(held_out_margins(tried), outcome)
    return Success(
        scope=Scope.of(layers),
        families=frozenset(families(layers).tolist()),
        forest=_grow(success_columns(layers), outcome),
        slope=slope,
        intercept=intercept,
    )


def held_out_margins(tried: Sequence[Synthesis]) -> Numbers:
    """Margins (n,) of attempts by trees that did not see their architecture."""
    rows = success_columns(from_records([row.design for row in tried]))
    outcome = np.array([row.success for row in tried], bool)
    folds = group_folds(tried)
    margins = np.zeros(len(tried))
    for fold in np.unique(folds):
        inside = folds == fold
        margins[inside] = _grow(rows[~inside], outcome[~inside]).predict(rows[inside])
    return margins


def _grow(rows: Matrix, outcome: Flags) -> Forest:
    import xgboost

    used = np.where([*(name not in _UNUSED for name in COLUMNS), True], rows, np.float32(0))
    booster = xgboost.train(
        {
            "objective": "binary:logistic",
            "base_score": 0.5,
            "max_depth": DEPTH,
            "eta": 0.2,
            "tree_method": "hist",
            "nthread": 1,
            "seed": 0,
            "monotone_constraints": (*(HARDER.get(name, 0) for name in COLUMNS), 1),
        },
        xgboost.DMatrix(used, label=outcome, nthread=1),
        TREES,
    )
    return from_xgboost(booster.save_raw("json"))


def _line(margins: Numbers, outcome: Flags) -> tuple[float, float]:
    """Slope and intercept that make probabilities of margins (Platt 1999), by Newton's method.

    His targets, a little off 0 and 1, keep the slope finite where margins part the outcomes perfectly.
    """
    positive, negative = np.count_nonzero(outcome), np.count_nonzero(~outcome)
    goal = np.where(outcome, (positive + 1) / (positive + 2), 1 / (negative + 2))
    inputs = np.stack([margins, np.ones(margins.shape)], axis=1)
    line = np.array([1.0, 0.0])
    for _ in range(NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ line, -500, 500)))
        curvature = (inputs * (probability * (1 - probability))[:, None]).T @ inputs + 1e-9 * np.eye(2)
        line = line + np.linalg.solve(curvature, inputs.T @ (goal - probability))
    return float(line[0]), float(line[1])


NEWTON_STEPS = 30


def roc_auc(outcome: Flags, margins: Numbers) -> float:
    """The chance that an attempt that succeeded has a larger margin than one that failed; ties count half."""
    better, worse = np.sort(margins[outcome]), np.sort(margins[~outcome])
    below = np.searchsorted(worse, better, side="left") + np.searchsorted(worse, better, side="right")
    return float(below.sum() / (2 * better.size * worse.size))
