"""Lower bounds of a front: multipliers price the limits, the two figures are added up exactly.

A linear programme mixes options, which makes its bound loose where a figure is a sum of few large steps, as
latency is. Here each design is whole: only the limits on other figures are relaxed, into prices of the second
figure. What the front of that is, of all layers from each one on, tells how good a partial design can get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from accelgen.exploration.problem import Indices, Numbers

POINTS = 400
"""Of a curve: neighbours of longer ones are merged into one that is as good as both in either figure."""

STARTS = 256
"""First figures of labels at which a curve is looked at; the others are rounded down."""

STEPS = 12
"""Of the search for multipliers."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A bound: the fronts of the layers from each one on, where limits have prices.

    Attributes:
        prices: of the figures that have limits, in units of the second one, (m,).
        room: what layers may add to those figures, (m,).
        fronts: first (n,) and second figures (n,) of the front of the layers from each one on; of none last.
    """

    prices: Numbers
    room: Numbers
    fronts: Sequence[tuple[Numbers, Numbers]]

    def spare(self, layer: int, sums: Numbers, known: Callable[[Numbers], Numbers], high: float) -> Numbers:
        """How far the second figure of labels (n,) may be below what is known; at least 0 for hope.

        Args:
            layer: the first that the labels have no option of.
            sums: of labels: first, second, and limited figures, (n, 2 + m).
            known: the second figure of known designs whose first one is not larger.
            high: the most that the first figure may be.
        """
        starts = np.unique(sums[:, 0])
        if len(starts) > STARTS:
            starts = starts[:: -(-len(starts) // STARTS)]
        first, second = self.fronts[layer]
        reached = starts[:, None] + first
        spare = np.where(reached <= high, known(reached) - second, -np.inf).max(axis=1)
        cost = sums[:, 1] + (sums[:, 2:] - self.room) @ self.prices
        margin: Numbers = spare[np.searchsorted(starts, sums[:, 0], "right") - 1] - cost
        return margin


class Pricing:
    """Curves of the layers of a problem whose figures are sums.

    Attributes:
        sums: what options add to the figures: first, second, and limited ones, (k, 2 + m) for each layer.
        room: what layers may add to the limited figures, (m,).
    """

    def __init__(self, sums: Sequence[Numbers], room: Numbers) -> None:
        self.sums = sums
        self.room = room
        size = np.maximum(np.abs(room), sum(np.abs(own[:, 2:]).max(axis=0) for own in sums) / len(sums))
        self._unit = np.where(size > 0, size, 1.0)

    def tuned(self, prices: Numbers, first: float, target: float) -> tuple[Curve, list[Indices]]:
        """A curve that is high at a first figure, from known prices on, and designs (d, layers) found there.

        The steps are Polyak's: the target is the second figure of a design that is known.
        """
        best, highest, found = None, -np.inf, []
        share = 1.0
        prices = prices * self._unit
        tried = prices
        for _ in range(STEPS):
            curve, used, designs = self._curve(tried / self._unit)
            found.append(designs)
            firsts, seconds = curve.fronts[0]
            place = int(np.searchsorted(firsts, first, "right")) - 1
            if place < 0:
                return curve, found
            bound = float(seconds[place] - curve.prices @ self.room)
            excess = (used[place] - self.room) / self._unit
            if bound > highest:
                best, highest, prices = curve, bound, tried
                direction = excess
            else:
                share /= 2
            if bound >= target or not (size := float(direction @ direction)):
                break
            tried = np.maximum(prices + share * (target - highest) / size * direction, 0)
        assert best is not None
        return best, found

    def _curve(self, prices: Numbers) -> tuple[Curve, Numbers, Indices]:
        """The curve of some prices; what its designs use of limited figures (n, m), and they (n, layers)."""
        first, second = np.zeros(1), np.zeros(1)
        used = np.zeros((1, len(prices)))
        designs = np.zeros((1, 0), np.int64)
        fronts = [(first, second)]
        for own in reversed(self.sums):
            firsts = (first[:, None] + own[:, 0]).reshape(-1)
            seconds = (second[:, None] + (own[:, 1] + own[:, 2:] @ prices)).reshape(-1)
            order = np.lexsort((seconds, firsts))
            best = np.minimum.accumulate(seconds[order])
            steps = np.ones(len(order), bool)
            steps[1:] = best[1:] < best[:-1]
            order = order[steps]
            first, second = firsts[order], seconds[order]
            if len(order) > POINTS:
                ends = np.linspace(0, len(order), POINTS + 1).astype(np.int64)
                order = order[ends[1:] - 1]
                first, second = first[ends[:-1]], second[ends[1:] - 1]
            origin, option = np.divmod(order, len(own))
            used = used[origin] + own[option, 2:]
            designs = np.concatenate([option[:, None], designs[origin]], axis=1)
            fronts.append((first, second))
        return Curve(prices, self.room, fronts[::-1]), used, designs
