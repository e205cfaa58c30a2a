"""How right an exact network is on samples: its losses against labels, or against the original network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import real, reference
from accelgen.errors import UnsupportedError, UsageError
from accelgen.ir import Network

Values = npt.NDArray[np.float64]


class Metric(Enum):
    """What is measured, by its name among a candidate's scores, as the mean of the losses of samples."""

    ACCURACY = "accuracy"  # of labels; a sample's loss is 1 where the class is wrong
    AGREEMENT = "agreement"  # with the original network's classes, likewise
    MEAN_ABS_ERROR = "mean_abs_error"  # from the original network's results, for a single result

    def score(self, loss: float) -> float:
        """The score of a mean loss."""
        return loss if self is Metric.MEAN_ABS_ERROR else 1.0 - loss


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Samples in a fixed random order, and what is right for each.

    Attributes:
        metric: what is measured.
        inputs: by name, (n, *shape).
        expected: classes (n, ...), or results (n, ...) where the metric is an error.
        threshold: where classes follow from a single result: the least of class 1.
        original: the mean loss of the network as imported, in real numbers.
    """

    metric: Metric
    inputs: Mapping[str, Values]
    expected: npt.NDArray[Any]
    threshold: float
    original: float

    @classmethod
    def of(
        cls,
        network: Network,
        inputs: Mapping[str, npt.NDArray[Any]],
        labels: npt.NDArray[Any] | None = None,
        seed: int = 0,
    ) -> Benchmark:
        """Measure ``network``, as imported, on inputs; against classes (n, ...) where ``labels`` gives them.

        Raises:
            UnsupportedError: the network has several outputs.
            UsageError: labels are no classes of the network, or not one for each sample.
        """
        if len(network.outputs) > 1:
            raise UnsupportedError(
                f"{network.name!r} has the outputs {', '.join(network.outputs)}; formats are searched for "
                "networks of one"
            )
        n_samples = len(next(iter(inputs.values())))
        order = np.random.default_rng(seed).permutation(n_samples)
        samples = {name: np.asarray(array)[order] for name, array in inputs.items()}
        (results,) = real.evaluate(network, samples).values()
        threshold = 0.5 if results.min(initial=0) >= 0 and results.max(initial=0) <= 1 else 0.0
        expected: npt.NDArray[Any]
        if labels is not None:
            expected = _checked(labels, results.shape)[order]
            metric = Metric.ACCURACY
        elif results.shape[-1] > 1:
            expected, metric = classes(results, threshold), Metric.AGREEMENT
        else:
            expected, metric = results, Metric.MEAN_ABS_ERROR
        found = cls(metric, samples, expected, threshold, 0.0)
        original = float(found._losses(results, slice(None)).mean())
        return cls(metric, samples, expected, threshold, original)

    def __len__(self) -> int:
        return len(self.expected)

    def losses(self, exact: Network, start: int, stop: int) -> tuple[int, float, float]:
        """The losses of an exact, typed network on the samples from ``start`` to ``stop``.

        Their number, their sum, and the sum of their squares.
        """
        part = {name: array[start:stop] for name, array in self.inputs.items()}
        (results,) = reference.predict(exact, part).values()
        losses = self._losses(results, slice(start, stop))
        return len(losses), float(losses.sum()), float(np.square(losses).sum())

    def _losses(self, results: Values, samples: slice) -> Values:
        """The loss of each sample (n,): the mean over its positions where it has several."""
        expected = self.expected[samples]
        if self.metric is Metric.MEAN_ABS_ERROR:
            losses = np.abs(results - expected)
        else:
            losses = (classes(results, self.threshold) != expected).astype(np.float64)
        return np.asarray(losses.reshape(len(losses), -1).mean(axis=1))


def classes(results: Values, threshold: float) -> npt.NDArray[np.int64]:
    """The class of each position (...,) from results (..., n): the largest; of a single one, by threshold."""
    chosen = results.argmax(axis=-1) if results.shape[-1] > 1 else results[..., 0] >= threshold
    return np.asarray(chosen, np.int64)


def _checked(labels: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Labels as classes (n, ...) of results (n, ..., classes)."""
    array, n_classes = np.asarray(labels), max(2, shape[-1])
    if array.shape != shape[:-1]:
        raise UsageError(f"labels of shape {array.shape} do not fit results of shape {shape}")
    if np.any(array != np.round(array)) or array.min(initial=0) < 0 or array.max(initial=0) >= n_classes:
        raise UsageError(f"labels are whole numbers from 0 to {n_classes - 1}")
    return array.astype(np.int64)
