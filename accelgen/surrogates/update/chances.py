"""Learns from the user's own failures how likely tools are to finish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from accelgen.surrogates.features import Numbers, from_records
from accelgen.surrogates.learn.apply import probability
from accelgen.surrogates.learn.model import Success
from accelgen.surrogates.learn.success import attempts, fit_success, held_out_margins
from accelgen.surrogates.record import DesignRecord, Synthesis
from accelgen.surrogates.update.fit import MIN_GROUPS, certain


@dataclass(frozen=True)
class Chances:
    """What became of the probability of success: mean squared errors (Brier) on ``rows`` attempts, before
    and after, by what did not see their architectures.
    """

    rows: int
    failures: int
    before: float
    after: float
    changed: bool


def fit_chances(rows: Sequence[Synthesis], served: Success | None) -> tuple[Success | None, Chances | None]:
    """A classifier that is better than the one that is served, or None; and how it was chosen.

    A design of several layers counts as its layer with the most products, the first that is too large, and
    steps of one design as one attempt, which failed where any of them did.

    Raises:
        ImportError: XGBoost is not installed.
    """
    tried = attempts([_hardest(row) for row in _designs(rows) if row.design.layers])
    if sum(not row.success for row in tried) < MIN_GROUPS or len({row.group for row in tried}) < MIN_GROUPS:
        return None, None
    found = fit_success(tried)
    if found is None:
        return None, None
    outcome = np.array([row.success for row in tried], bool)
    margins = found.slope * held_out_margins(tried) + found.intercept
    now = 1 / (1 + np.exp(-np.clip(margins, -500, 500)))
    said = probability(from_records([row.design for row in tried]), served)
    before = np.where(np.isnan(said), outcome.mean(), said)
    errors = [_by_group((chance - outcome) ** 2, tried) for chance in (before, now)]
    better = certain(errors[0] - errors[1])
    chances = Chances(
        rows=len(tried),
        failures=int(np.count_nonzero(~outcome)),
        before=float(np.mean((before - outcome) ** 2)),
        after=float(np.mean(((now if better else before) - outcome) ** 2)),
        changed=better,
    )
    return found if better else None, chances


def _by_group(errors: Numbers, rows: Sequence[Synthesis]) -> Numbers:
    groups = np.unique([row.group for row in rows], return_inverse=True)[1]
    means: Numbers = np.bincount(groups, errors) / np.bincount(groups)
    return means


def _designs(rows: Sequence[Synthesis]) -> list[Synthesis]:
    """One row for each design and tool, a failure where there is one."""
    found: dict[tuple[DesignRecord, str, str], Synthesis] = {}
    for row in rows:
        before = found.setdefault((row.design, row.tool, row.version), row)
        if before.success and not row.success:
            found[row.design, row.tool, row.version] = row
    return list(found.values())


def _hardest(row: Synthesis) -> Synthesis:
    layer = max(row.design.layers, key=lambda layer: layer.n_in * layer.n_out * (layer.weight_bits > 0))
    return replace(row, design=replace(row.design, layers=(replace(layer, inputs=()),)))
