"""How good estimates are: wa-hls4ml's metrics, and the share that is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """What `score` found; ``exact`` is a share from 0 to 1, ``smape`` and ``p75_ape`` are percentages.

    A figure that is not defined, such as R2 of equal values, is NaN.
    """

    n: int
    exact: float
    r2: float
    smape: float
    rmse: float
    p75_ape: float


def smape(actual: Numbers, predicted: Numbers) -> float:
    """Symmetric mean absolute percentage error: 100 mean(2 |p - a| / (|a| + |p|)), 0 where both are 0.

    As wa-hls4ml defines it (arXiv:2511.05615): from 0 to 200 %.
    """
    size = np.abs(actual) + np.abs(predicted)
    ratio = np.divide(np.abs(predicted - actual), size, out=np.zeros(size.shape), where=size > 0)
    return float(200 * np.mean(ratio)) if size.size else float("nan")


def score(actual: npt.ArrayLike, predicted: npt.ArrayLike, decimals: int = 0) -> Score:
    """Compare predictions with measurements, both of shape (n,).

    ``exact`` counts predictions equal to the measurement once rounded to ``decimals``; the absolute
    percentage error leaves out measurements of 0, which it is not defined for.
    """
    a, p = np.asarray(actual, np.float64), np.asarray(predicted, np.float64)
    if a.size == 0:
        return Score(0, *[float("nan")] * 5)
    # the mean of equal values may differ from them by rounding, and leave a spread that is none
    spread = float(np.sum((a - a.mean()) ** 2))
    residual = float(np.sum((a - p) ** 2))
    nonzero = a != 0
    with np.errstate(over="ignore", invalid="ignore"):  # a measurement may be as good as 0
        ape = 100 * np.abs(p - a)[nonzero] / np.abs(a[nonzero])
        p75_ape = float(np.percentile(ape, 75)) if ape.size else float("nan")
    return Score(
        n=int(a.size),
        exact=float(np.mean(np.round(p, decimals) == np.round(a, decimals))),
        r2=1 - residual / spread if np.ptp(a) > 0 and spread > 0 else float("nan"),
        smape=smape(a, p),
        rmse=float(np.sqrt(residual / a.size)),
        p75_ape=p75_ape,
    )
