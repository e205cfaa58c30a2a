"""Intervals that hold a share of what is measured: conformal prediction with architectures held out."""

from __future__ import annotations

import math

import numpy as np

from accelgen.surrogates.features import Numbers

CONFIDENCE = 0.9
"""The share of measurements that intervals are to hold."""
AIM = 0.91
"""The share that widths are made for: a little more, since methods were chosen by the same rows."""


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
    return np.floor(low * (1 + 1e-12) + 1e-9), np.maximum(np.ceil(high * (1 - 1e-12) - 1e-9), 0.0)


def quantile(errors: Numbers, groups: int, share: float = AIM) -> float:
    """The width that holds a share of errors (n,) of predictions for held-out groups.

    Of n alike, split conformal prediction takes the share times (n + 1) / n (Lei et al. 2018). Rows of a
    group are alike but not equal: they count as sqrt(groups * n), between one a group and one a row.
    """
    if errors.size == 0:
        return math.nan
    alike = math.sqrt(groups * errors.size)
    raised = min(1.0, share * (alike + 1) / alike)
    return float(np.sort(errors)[math.ceil(raised * errors.size) - 1])
