"""Intervals that hold a share of what is measured: conformal prediction with architectures held out."""

from __future__ import annotations

import math

import numpy as np

from accelgen.surrogates.features import Numbers

CONFIDENCE = 0.9
"""The share of measurements that intervals are to hold."""


def log_errors(measured: Numbers, predicted: Numbers, offset: float) -> Numbers:
    """How wide on a log scale each interval must be to hold its measurement, (n,).

    An interval is ``bounds`` of a prediction. For counts (offset 1), whose bounds are rounded outwards, a
    measurement may be up to one count beyond.
    """
    slack = offset * (1 - 1e-9)
    below = np.log((predicted + offset) / np.maximum(measured + offset + slack, 1e-12))
    above = np.log(np.maximum(measured + offset - slack, 1e-12) / (predicted + offset))
    return np.maximum(np.maximum(below, above), 0.0)


def bounds(predicted: Numbers, width: Numbers, offset: float) -> tuple[Numbers, Numbers]:
    """Least and most of predictions (d,) with intervals of a width on a log scale (d,)."""
    low = np.maximum((predicted + offset) * np.exp(-width) - offset, 0)
    high = (predicted + offset) * np.exp(width) - offset
    if offset == 0:
        return low, high
    # what rounding of the logarithm leaves must not cost a count
    return np.floor(low * (1 + 1e-12) + 1e-9), np.ceil(high * (1 - 1e-12) - 1e-9)


def quantile(errors: Numbers, groups: int, confidence: float = CONFIDENCE) -> float:
    """The width that holds a share of errors of predictions for held-out groups.

    As many groups as there are count, not rows, since rows of one are alike: of G, the share is raised by
    (G + 1) / G, as in split conformal prediction (Lei et al. 2018; with groups, Dunn et al. 2022). With fewer
    than 9 groups that is the largest error.
    """
    if errors.size == 0:
        return math.nan
    share = min(1.0, confidence * (groups + 1) / groups)
    return float(np.sort(errors)[min(math.ceil(share * errors.size), errors.size) - 1])
