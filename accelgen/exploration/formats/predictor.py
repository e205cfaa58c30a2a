"""The loss of all samples from that of the first ones: learned from the assignments that saw all.

Baker, Gupta, Raskar, Naik, "Accelerating Neural Architecture Search using Performance Prediction" (2017),
stop a training when a regression on its first epochs, its architecture and its parameters says with a given
probability that it will not beat the best one. Here rungs of samples take the place of epochs and widths that
of architectures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.exploration.formats.points import Point

Values = npt.NDArray[np.float64]

RIDGE = 1.0
"""The weight of squared coefficients against squared errors, both in units of their spread."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """The final loss after a number of rungs, with the errors that it made on assignments left out.

    The regression is of the difference between final and partial loss, in units of the noise that so few
    samples leave, on the partial losses and the widths. All assignments see the same samples, so that the
    first ones' being easy or hard shows as its constant.
    """

    rungs: int
    samples: int
    square: float
    centre: Values
    spread: Values
    weights: Values
    errors: Values

    @classmethod
    def fit(cls, known: Sequence[Point], rungs: int) -> Predictor:
        """Learn from complete points what follows from their first ``rungs``."""
        samples = known[0].samples
        raw = np.array([_features(point, rungs) for point in known])
        centre, spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-9)
        square = max(sum(part.squares for point in known for part in point.parts), 1e-12)
        square /= samples * len(known)
        noise = np.array([_noise(point, rungs, samples, square) for point in known])
        inputs = _with_constant((raw - centre) / spread) / noise[:, None]
        targets = np.array([point.loss - point.mean(rungs) for point in known]) / noise
        penalty = RIDGE * np.mean(np.square(inputs[:, 0])) * np.eye(inputs.shape[1])
        penalty[0, 0] = 0
        inverse = np.linalg.pinv(inputs.T @ inputs + penalty)
        weights = inverse @ inputs.T @ targets
        leverage = np.minimum(np.einsum("ij,jk,ik->i", inputs, inverse, inputs), 0.99)
        errors = (targets - inputs @ weights) / (1 - leverage)  # as if each point had been left out
        return cls(rungs, samples, square, centre, spread, weights, np.sort(errors))

    def expected(self, point: Point) -> float:
        """The mean loss of all samples to expect."""
        features = (_features(point, self.rungs) - self.centre) / self.spread
        return point.mean(self.rungs) + float(_with_constant(features[None])[0] @ self.weights)

    def probability_below(self, point: Point, loss: float) -> float:
        """At most how probable it is that the mean loss of all samples is below ``loss``.

        The share of left-out points whose error is as favourable as it would have to be, the point itself
        counted among them: a conformal p-value (Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random
        World", 2005), which is exceeded as seldom as it says for points that are like the known ones.
        """
        needed = (loss - self.expected(point)) / _noise(point, self.rungs, self.samples, self.square)
        as_good = int(np.searchsorted(self.errors, needed, side="right"))
        return (as_good + 1) / (len(self.errors) + 1)


def _features(point: Point, rungs: int) -> Values:
    """Partial losses and positions of widths."""
    return np.array([*(point.mean(rung + 1) for rung in range(rungs)), *point.genes], np.float64)


def _with_constant(features: Values) -> Values:
    return np.column_stack([np.ones(len(features)), features])


def _noise(point: Point, rungs: int, samples: int, square: float) -> float:
    """The standard deviation of the mean of a part of the samples about the mean of all.

    One more sample with the mean ``square`` of all losses keeps it above 0 where none was seen.
    """
    parts = point.parts[:rungs]
    seen = sum(part.samples for part in parts)
    mean = sum(part.total for part in parts) / seen
    variance = max(sum(part.squares for part in parts) / seen - mean**2, 0.0) + square / seen
    return float(np.sqrt(variance * (1 / seen - 1 / (samples + 1))))
