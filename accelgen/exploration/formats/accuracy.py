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
    MEAN_ABS_ERROR = "mean_abs_error"  # from the original network's results

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
        metric: Metric | None = None,
    ) -> Benchmark:
        """Measure ``network``, as imported, on inputs, in an order that follows from ``seed``.

        Without a ``metric`` it is accuracy where ``labels`` (n, ...) say the right classes, the error where
        the network has a single result or results like its input, as autoencoders have, and else agreement.

        Raises:
            UnsupportedError: the network has several outputs.
            UsageError: accuracy is asked for without labels; labels are no classes of the network, or not one
                for each sample.
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
        if metric is None:
            metric = _metric(results, samples, labels)
        expected: npt.NDArray[Any] = results
        if metric is Metric.ACCURACY:
            if labels is None:
                raise UsageError("accuracy needs the right classes: an array 'label' in the data")
            expected = _checked(labels, results.shape)[order]
        elif metric is Metric.AGREEMENT:
            expected = classes(results, threshold)
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


def _metric(
    results: Values, inputs: Mapping[str, npt.NDArray[Any]], labels: npt.NDArray[Any] | None
) -> Metric:
    if labels is not None:
        return Metric.ACCURACY
    numbers = results.shape[-1] == 1 or any(array.shape == results.shape for array in inputs.values())
    return Metric.MEAN_ABS_ERROR if numbers else Metric.AGREEMENT


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
