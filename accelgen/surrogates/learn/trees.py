"""Boosted trees as arrays: read from XGBoost, kept in JSON, evaluated in NumPy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError
from accelgen.surrogates.features import Numbers
from accelgen.surrogates.learn.columns import Matrix

MAX_DEPTH = 8
MAX_TREES = 2000
CHUNK = 512
"""Rows that are evaluated at once, so that what is in between stays in the cache."""


@dataclass(frozen=True, eq=False)
class Forest:
    """t complete binary trees of one depth D, their values added up.

    Node i of a tree, 2**D - 1 of them, is followed by node 2i + 1 where ``feature`` is less than
    ``threshold``, and by 2i + 2 elsewhere, as in XGBoost. There are no pointers that could lead astray. A
    branch that ends early goes on with thresholds of infinity to equal leaves.

    Attributes:
        feature: columns to compare, (t, 2**D - 1).
        threshold: (t, 2**D - 1), float32.
        leaf: (t, 2**D), float32.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float32]

    @property
    def depth(self) -> int:
        """Comparisons on the way to a leaf, D."""
        return int(self.leaf.shape[1]).bit_length() - 1

    def predict(self, rows: Matrix) -> Numbers:
        """The sum over all trees, (n,), for rows (n, columns); equal to XGBoost's margin to float32."""
        found = np.empty(len(rows))
        for start in range(0, len(rows), CHUNK):
            found[start : start + CHUNK] = self._predict(rows[start : start + CHUNK])
        return found

    def _predict(self, rows: Matrix) -> Numbers:
        # node by node, not tree by tree: an operation for all trees, on bits, is what NumPy is fast at
        features, thresholds, nodes = self._comparisons
        right = (np.ascontiguousarray(rows.T)[features] >= thresholds[:, None]).view(np.uint8)
        place = np.zeros(right.shape[1:], np.uint8)
        path: list[npt.NDArray[np.uint8]] = []
        for level in range(self.depth):
            at_level = [right[node] for node in nodes[2**level - 1 : 2 ** (level + 1) - 1]]
            for taken in path:
                half = len(at_level) // 2
                at_level = [
                    low ^ ((low ^ high) & taken)
                    for low, high in zip(at_level[:half], at_level[half:], strict=True)
                ]
            path += at_level
            place = np.left_shift(place, 1) | path[level]
        leaves = 2**self.depth * np.arange(len(self.leaf))[:, None] + place
        total: Numbers = self.leaf.ravel().take(leaves).sum(axis=0, dtype=np.float64)
        return total

    @cached_property
    def _comparisons(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Each different comparison once, its feature and threshold, and which one each node of a tree makes,
        (2**D - 1, t): many nodes make the same.
        """
        pairs = np.stack([self.feature.T.ravel(), self.threshold.T.ravel()], axis=1)
        different, which = np.unique(pairs, axis=0, return_inverse=True)
        features, thresholds = different[:, 0].astype(np.int64), different[:, 1].astype(np.float32)
        return features, thresholds, which.reshape(self.feature.T.shape)

    def as_json(self) -> dict[str, Any]:
        """Lists that `from_json` reads."""
        return {
            "feature": self.feature.tolist(),
            "threshold": [[_finite(value) for value in tree] for tree in self.threshold.tolist()],
            "leaf": [[_short(value) for value in tree] for tree in self.leaf.tolist()],
        }

    @classmethod
    def from_json(cls, data: Any, columns: int) -> Forest:
        """Read what `as_json` wrote, for rows of ``columns`` figures.

        Raises:
            ModelError: it is no forest of a reasonable size.
        """
        if not isinstance(data, dict) or set(data) != {"feature", "threshold", "leaf"}:
            raise ModelError("a forest needs its features, thresholds and leaves")
        leaf = _table(data["leaf"])
        depth = leaf.shape[1].bit_length() - 1
        if leaf.shape[1] != 2**depth or not 1 <= depth <= MAX_DEPTH:
            raise ModelError(f"a tree has {leaf.shape[1]} leaves, not a power of two up to {2**MAX_DEPTH}")
        feature, threshold = _table(data["feature"]), _table(data["threshold"], none=np.inf)
        if feature.shape != (len(leaf), 2**depth - 1) or threshold.shape != feature.shape:
            raise ModelError(f"{len(leaf)} trees of depth {depth} need {2**depth - 1} comparisons each")
        if np.any(feature != np.floor(feature)) or feature.min() < 0 or feature.max() >= columns:
            raise ModelError(f"a tree compares a column that is none of {columns}")
        return cls(feature.astype(np.int64), threshold.astype(np.float32), leaf.astype(np.float32))


def _finite(value: float) -> float | None:
    return None if value == np.inf else _short(value)


def _short(value: float) -> float:
    """The shortest decimal that reads as the same float32."""
    return float(str(np.float32(value)))


def _table(data: Any, none: float | None = None) -> Numbers:
    """A table of finite numbers, as lists of equal length; None stands for ``none`` where that is given."""
    if not isinstance(data, list) or not 0 < len(data) <= MAX_TREES:
        raise ModelError(f"a forest has 1 to {MAX_TREES} trees")
    width = len(data[0]) if isinstance(data[0], list) else 0
    if not 0 < width <= 2**MAX_DEPTH:
        raise ModelError(f"a tree has up to {2**MAX_DEPTH} leaves")
    kinds = {int, float} if none is None else {int, float, type(None)}
    for row in data:
        if not isinstance(row, list) or len(row) != width:
            raise ModelError("the trees of a forest differ in size")
        if not kinds.issuperset(map(type, row)):
            wrong = next(value for value in row if type(value) not in kinds)
            raise ModelError(f"a tree holds {wrong!r:.40}, which is no finite number")
    try:
        table = np.array(data, np.float64)
    except OverflowError:
        raise ModelError("a tree holds what is no finite number") from None
    missing = np.isnan(table)  # so NumPy reads None
    finite = np.abs(table) < np.finfo(np.float32).max
    if np.count_nonzero(missing) > sum(row.count(None) for row in data) or not (finite | missing).all():
        raise ModelError("a tree holds what is no finite number")
    return table if none is None else np.where(missing, none, table)


def from_xgboost(raw: bytes | bytearray) -> Forest:
    """The trees of a regression in XGBoost's JSON (``Booster.save_raw("json")``, format of 1.6 to 3.x).

    The base score is not part of it: train with ``base_score=0``.
    """
    trees = json.loads(bytes(raw))["learner"]["gradient_booster"]["model"]["trees"]
    depth = max(1, *(_depth(tree) for tree in trees))
    complete = [_complete(tree, depth) for tree in trees]
    return Forest(
        np.array([feature for feature, _, _ in complete], np.int64),
        np.array([threshold for _, threshold, _ in complete], np.float32),
        np.array([leaf for _, _, leaf in complete], np.float32),
    )


def _depth(tree: dict[str, Any], node: int = 0) -> int:
    left, right = tree["left_children"][node], tree["right_children"][node]
    return 0 if left < 0 else 1 + max(_depth(tree, left), _depth(tree, right))


def _complete(tree: dict[str, Any], depth: int) -> tuple[Sequence[int], Sequence[float], Sequence[float]]:
    """Comparisons and leaves of a tree that is filled up to a depth; a leaf's value is its "condition"."""
    feature, threshold = [0] * (2**depth - 1), [np.inf] * (2**depth - 1)
    nodes = [0]
    for level in range(depth):
        children: list[int] = []
        for offset, node in enumerate(nodes):
            if tree["left_children"][node] < 0:
                children += [node, node]
                continue
            place = 2**level - 1 + offset
            feature[place], threshold[place] = tree["split_indices"][node], tree["split_conditions"][node]
            children += [tree["left_children"][node], tree["right_children"][node]]
        nodes = children
    return feature, threshold, [tree["split_conditions"][node] for node in nodes]
