"""Splits that keep every architecture on one side, and predictions for rows that a model has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import compress

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.features import Numbers
from accelgen.surrogates.record import Synthesis

FOLDS = 10

Predictor = Callable[[Sequence[Synthesis]], Numbers]
"""Predictions (n,) of one target for n syntheses, whose own targets it does not look at."""

Fit = Callable[[Sequence[Synthesis]], Predictor]
"""Learns from syntheses of one domain, and gives what predicts others of it."""


def group_folds(rows: Sequence[Synthesis], folds: int = FOLDS) -> npt.NDArray[np.int64]:
    """The fold of each row, (n,): as many rows in each as groups allow, a fold a group if there are few.

    The largest groups are dealt first, each to the smallest fold, so that it depends on the rows alone.
    """
    sizes = Counter(row.group for row in rows)
    loads = [0] * max(1, min(folds, len(sizes)))
    fold_of: dict[str, int] = {}
    for group, size in sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0])):
        fold_of[group] = loads.index(min(loads))
        loads[fold_of[group]] += size
    return np.array([fold_of[row.group] for row in rows], np.int64)


def out_of_fold(fit: Fit, rows: Sequence[Synthesis], folds: npt.NDArray[np.int64] | None = None) -> Numbers:
    """Predictions (n,) of each row by what ``fit`` learns from the other folds (`group_folds`)."""
    assigned = group_folds(rows) if folds is None else folds
    found = np.full(len(rows), np.nan)
    for fold in np.unique(assigned):
        inside = assigned == fold
        predict = fit(list(compress(rows, ~inside)))
        found[inside] = predict(list(compress(rows, inside)))
    return found
