"""Estimates as users get them: rules, what was learned of their errors, intervals, and how far to trust them.

Imports NumPy only, so that one answer takes no longer than it must.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain, Prices, estimate, load_prices
from accelgen.surrogates.scope import outside

CONFIDENCE = 0.9
"""The share of syntheses that intervals are to hold."""


@dataclass(frozen=True, eq=False)
class Figures:
    """One target of many designs, each array of shape (d,): ``low`` <= ``value`` <= ``high``."""

    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is expected of d designs with n layers in all.

    Attributes:
        designs: figures of whole designs by target (`accelgen.surrogates.record.TARGETS`).
        layers: figures of layers by target, (n,); resources add up to the design's but for what it has as a
            whole.
        success: probability that the tool finishes, (d,); NaN where nothing was learned of it.
        outside: why a design is outside the training data, each reason with the designs (d,) it holds for.
    """

    designs: Mapping[str, Figures]
    layers: Mapping[str, Numbers]
    success: Numbers
    outside: Mapping[str, Flags]

    @property
    def in_domain(self) -> Flags:
        """Which designs are like those of the training data, (d,)."""
        inside = np.ones(self.success.shape, bool)
        for designs in self.outside.values():
            inside &= ~designs
        return inside

    def reasons(self, design: int) -> list[str]:
        """Why one design is outside the training data; empty where it is not."""
        return [reason for reason, designs in self.outside.items() if designs[design]]


@dataclass(frozen=True, eq=False)
class Surrogates:
    """The trained parts, read from ``surrogates/``."""

    prices: Prices


@cache
def load_surrogates() -> Surrogates:
    """The trained parts that come with accelgen.

    Raises:
        ModelError: a file is damaged or was changed.
    """
    return Surrogates(load_prices())


RULE_INTERVALS: Mapping[str, tuple[float, float]] = {
    "latency_cycles": (1.3, 3),
    "latency_max_cycles": (1.3, 3),
    "interval_cycles": (1.3, 2),
    "lut": (2, 200),
    "ff": (2, 200),
    "dsp": (1.5, 2),
    "bram_18k": (2, 4),
    "uram": (1, 0),
    "clock_ns": (1.3, 0),
}
"""How far rules alone are trusted: a factor down and up, and a count beyond that."""


def predict(
    layers: Layers, domain: Domain = DEFAULT_DOMAIN, surrogates: Surrogates | None = None
) -> Prediction:
    """Estimate designs, as measured by the tool that ``domain`` names.

    ``surrogates`` are those that come with accelgen unless given.

    Raises:
        ModelError: a file of the trained parts is damaged or was changed.
    """
    trained = load_surrogates() if surrogates is None else surrogates
    ruled = estimate(layers, domain, trained.prices)
    return Prediction(
        designs={target: _by_rule(target, values) for target, values in ruled.designs.items()},
        layers=ruled.layers,
        success=np.full(layers.n_designs, np.nan),
        outside=outside(layers),
    )


def _by_rule(target: str, values: Numbers) -> Figures:
    factor, slack = RULE_INTERVALS[target]
    return Figures(values, np.maximum(values / factor - slack, 0), values * factor + slack)
