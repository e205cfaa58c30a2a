"""Gradient boosting of what rules miss (XGBoost), for each layer, learned from whole designs.

A design's figure is the sum of its layers' rules r_i, each times exp(f(x_i)), and of what it has besides.
The trees f are grown on the error of the logarithm of that sum. So a layer's share is corrected by what that
layer is, and what was learned of two layers holds for three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.learn.apply import WORST, offset
from accelgen.surrogates.learn.columns import COLUMNS, Matrix, columns, design_columns
from accelgen.surrogates.learn.trees import Forest, from_xgboost

TREES = 100
DEPTH = 4
RATE = 0.1
SHARE = 0.7
"""Of the rows, those that a tree is grown on."""
SMALL_ERROR = 0.02
"""Errors of the logarithm beyond which they count linearly."""

MONOTONE: Mapping[str, Mapping[str, int]] = {
    "dsp": {"block_factor": 1, "reuse_factor": -1, "sharing": -1, "dsp_products": 1, "nonzero": 1},
    "latency_cycles": {"reuse_factor": 1, "sharing": 1, "block_factor": -1, "positions": 1},
}
"""Signs of what figures do to a target: more multipliers never cost fewer DSP blocks, nor more cycles.

The rules are monotone in the same figures, and so is their product with the exponential of the trees.
"""
_UNEVEN = ("uneven_sharing", "uneven_loop")


@dataclass(frozen=True, eq=False)
class Task:
    """What to learn a target from: n parts of d designs.

    Attributes:
        rows: figures of the parts, (n, columns).
        design: the design of each part, (n,).
        base: what the rules say of each, (n,).
        rest: what else a design has, (d,).
        measured: (d,).
        offset: added to figures before their logarithm is taken, 1 for counts.
    """

    rows: Matrix
    design: np.typing.NDArray[np.int64]
    base: Numbers
    rest: Numbers
    measured: Numbers
    offset: float

    @classmethod
    def of(
        cls, target: str, layers: Layers, base: Numbers, rest: Numbers, measured: Numbers, chosen: Flags
    ) -> Task:
        """The task that chosen designs (d,) with ``layers`` (n,) set.

        Args:
            target: which figure.
            layers: those of the family that is learned of.
            base: what the rules say of them, (n,), or of the designs, (d,), if the slowest layer decides.
            rest: what else the designs have, (d,).
            measured: (d,).
            chosen: designs with such layers, (d,).
        """
        rows = columns(layers)
        if target in WORST:
            used, design = chosen, np.arange(chosen.sum())
            rows = design_columns(layers, rows)
        else:
            used = chosen[layers.design]
            design = (np.cumsum(chosen) - 1)[layers.design[used]]
        return cls(rows[used], design, base[used], rest[chosen], measured[chosen], offset(target))


def monotone(target: str) -> Mapping[str, int]:
    """The signs for a target, by column."""
    return MONOTONE.get("latency_cycles" if target.endswith("_cycles") else target, {})


def usable(target: str) -> list[bool]:
    """Columns that a target may depend on: parity is not monotone in anything."""
    return [not (monotone(target) and name in _UNEVEN) for name in COLUMNS]


def grow(task: Task, target: str) -> Forest:
    """Trees for the logarithm of what the rules miss; the same task gives the same trees.

    Raises:
        ImportError: XGBoost is not installed.
    """
    import xgboost

    signs = monotone(target)
    rows = np.where(usable(target), task.rows, np.float32(0))
    goal = np.log(task.measured + task.offset)

    def objective(margin: Numbers, _data: object) -> tuple[Numbers, Numbers]:
        parts = task.base * np.exp(margin)
        total = np.bincount(task.design, parts, goal.size) + task.rest + task.offset
        error = np.log(np.maximum(total, 1e-9)) - goal
        damping = 1 / np.sqrt(1 + (error / SMALL_ERROR) ** 2)
        share = parts / total[task.design]
        return (error * damping)[task.design] * share, damping[task.design] * share**2 + 1e-6

    booster = xgboost.train(
        {
            "base_score": 0,
            "max_depth": DEPTH,
            "eta": RATE,
            "subsample": SHARE,
            "min_child_weight": 1e-4,
            "max_bin": 64,
            "tree_method": "hist",
            "nthread": 1,
            "seed": 0,
            "monotone_constraints": tuple(signs.get(name, 0) for name in COLUMNS),
        },
        # labels are not used, but XGBoost wants one a row
        xgboost.DMatrix(rows, label=np.zeros(len(rows)), nthread=1),
        TREES,
        obj=objective,
    )
    return from_xgboost(booster.save_raw("json"))
