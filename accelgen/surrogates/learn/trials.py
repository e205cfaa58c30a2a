"""How rules err beyond what was synthesised: ranges held out, one figure of a kernel at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers, from_records, measurements
from accelgen.surrogates.learn.apply import WORST, offset
from accelgen.surrogates.learn.intervals import AIM, log_errors, quantile
from accelgen.surrogates.learn.model import Part
from accelgen.surrogates.learn.scope import DIMENSIONS, Scope, families, figure, kernel_class, weighted
from accelgen.surrogates.learn.transfer import Transfer
from accelgen.surrogates.record import TARGETS, LayerKind, Synthesis
from accelgen.surrogates.rules import Domain, Estimate, Prices, domain_of, estimate
from accelgen.surrogates.rules.calibrate import calibrate
from accelgen.surrogates.rules.prices import TARGETS as PRICED

CUTS = (0.25, 0.5, 0.75)
"""Quantiles of the values of a figure beyond which rows are held out, above or below."""
LEAST_KEPT = 0.4
"""Part of a family's rows that prices must be left with: real queries are beyond much data, not little."""
MIN_KEPT = 12
"""Rows that prices must be left with."""
MIN_HELD = 5
"""Rows that a trial must predict."""
NEAR = 0.25
"""Doublings that a row counts as beyond at least."""

_BITS_LIKE = {"input_bits": ("n_in", "weight_bits"), "sum_bits": ("n_out", "weight_bits")}
"""Figures whose trials stand in for widths that never vary: rules know n_in * input_bits and n_out * sum_bits
as one figure each, and bits of weights are the bits that do vary."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Rows of one family beyond a range of one dimension, predicted from those within.

    Attributes:
        domain: the name of the tool.
        family: of the layers.
        dimension: what was held out.
        distances: of each row by target, in doublings, the mean over layers by their shares, (k,).
        excess: by target, half the width on a log scale that rows need beyond that of rows within, (k,).
    """

    domain: str
    family: int
    dimension: str
    distances: Mapping[str, Numbers]
    excess: Mapping[str, Numbers]

    @property
    def reach(self) -> float:
        """How far rows were beyond."""
        return max((float(own.max(initial=0)) for own in self.distances.values()), default=0.0)


@dataclass(frozen=True, eq=False)
class _Table:
    rows: Sequence[Synthesis]
    domain: Domain
    layers: Layers
    family: np.typing.NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Synthesis], domain: Domain) -> _Table:
        layers = from_records([row.design for row in rows])
        return cls(rows, domain, layers, families(layers))

    def measured(self, target: str) -> Numbers:
        return measurements(self.rows, target)


def trials(rows: Sequence[Synthesis], domain: Domain, parts: Mapping[int, Part]) -> Iterator[Trial]:
    """Each family of a domain, each dimension that varies, from above and from below."""
    table = _Table.of(rows, domain)
    for family, dimension, held in _ranges(table):
        yield _trial(table, family, parts[family], dimension, held)


def held_out_ranges(rows: Sequence[Synthesis]) -> Iterator[tuple[int, str, Flags]]:
    """Rows of one domain (d,) beyond the cuts of each figure of each family, with family and dimension."""
    yield from _ranges(_Table.of(rows, domain_of(rows[0])))


def _ranges(table: _Table) -> Iterator[tuple[int, str, Flags]]:
    for family in np.unique(table.family).tolist():
        if not weighted(family):
            continue
        own = table.family == family
        have = table.layers.designs_with(own)
        for dimension in DIMENSIONS:
            seen: set[bytes] = set()
            for held_layers in _held(figure(table.layers, dimension), own):
                held = table.layers.designs_with(held_layers)
                kept = have & ~held
                enough = held.sum() >= MIN_HELD and kept.sum() >= max(MIN_KEPT, LEAST_KEPT * have.sum())
                if enough and held.tobytes() not in seen:
                    seen.add(held.tobytes())
                    yield family, dimension, held


def _held(values: Numbers, own: Flags) -> Iterator[Flags]:
    """Layers beyond each cut of the values that a family has."""
    different = np.unique(values[own])
    if different.size > 1:
        for cut in np.quantile(different, CUTS):
            yield own & (values > cut)
            yield own & (values < cut)


def _trial(table: _Table, family: int, part: Part, dimension: str, held: Flags) -> Trial:
    kept = list(compress(table.rows, ~held))
    ruled = estimate(table.layers, table.domain, calibrate(kept))
    own = table.family == family
    near = table.layers.designs_with(own) & ~held
    groups = len({row.group for row in compress(table.rows, near)})
    scope = Scope.of(table.layers.select(own & ~held[table.layers.design]))
    beyond = np.zeros(own.shape)
    beyond[own] = scope.distances(table.layers, np.flatnonzero(own))[DIMENSIONS.index(dimension)]
    distances: dict[str, Numbers] = {}
    excess: dict[str, Numbers] = {}
    for target in part.rule_widths:
        measured = table.measured(target)
        known = ~np.isnan(measured)
        if (known & held).any() and (known & near).any():
            errors = np.zeros(measured.shape)
            errors[known] = log_errors(measured[known], ruled.designs[target][known], offset(target))
            usual = quantile(errors[known & near], groups)
            distances[target] = _distances(table.layers, ruled, beyond, target)[known & held]
            excess[target] = np.maximum(errors[known & held] - usual, 0)
    return Trial(table.domain.name, family, dimension, distances, excess)


def _distances(layers: Layers, ruled: Estimate, beyond: Numbers, target: str) -> Numbers:
    """How far designs are beyond, (d,), as widths of intervals take it of their layers."""
    if target in WORST:
        return layers.largest(beyond)
    count = np.bincount(layers.design, minlength=layers.n_designs)
    share = ruled.layers.get(target, np.zeros(beyond.shape)) + 1 / count[layers.design]
    return layers.total(beyond * share) / np.maximum(layers.total(share), 1e-12)


def between_loops(
    by_domain: Mapping[Domain, Sequence[Synthesis]],
    parts: Mapping[str, Mapping[int, Part]],
    prices: Prices,
) -> Iterator[Trial]:
    """Layers of a stream with RF < n_in, by the rules of io_parallel, whose data have none.

    Their LUTs and FFs, against what io_parallel's prices say, are compared with those of layers with
    RF >= n_in: that tools and streams differ is no part of it. All else is taken to follow its rules.
    """
    for rows in by_domain.values():
        own = [row for row in rows if _single_dense(row) and row.design.io_type == "io_stream"]
        parallel = from_records([replace(row.design, io_type="io_parallel") for row in own])
        spread, folded = parallel.spread, ~parallel.constant
        family = families(parallel)
        for target_domain, other in parts.items():
            kernels = [number for number in np.unique(family[folded]).tolist() if number in other]
            if not spread.any() or spread[folded].all() or not kernels:
                continue
            said = estimate(parallel, Domain.parse(target_domain), prices)
            excess: dict[str, Numbers] = {}
            for target in PRICED:
                measured = measurements(own, target)
                known = folded & ~np.isnan(measured)
                ratio = np.log((measured + 1) / (said.designs[target] + 1))
                errors = np.abs(ratio - np.median(ratio[known & ~spread]))[known & spread]
                excess[target] = np.maximum(errors - other[kernels[0]].rule_widths[target], 0)
            distances = {target: np.ones(values.shape) for target, values in excess.items()}
            yield Trial(target_domain, kernels[0], "spread", distances, excess)


def _single_dense(row: Synthesis) -> bool:
    return len(row.design.layers) == 1 and row.design.layers[0].kind is LayerKind.DENSE


def between_devices(
    by_domain: Mapping[Domain, Sequence[Synthesis]], parts: Mapping[str, Mapping[int, Part]]
) -> Iterator[Trial]:
    """Kernels on 7-series devices by prices of UltraScale, and the other way round.

    No tool built for both, so that what tools differ in is part of it.
    """
    tables = {domain: _Table.of(rows, domain) for domain, rows in by_domain.items()}
    for domain, table in tables.items():
        for source, other in tables.items():
            shared = set(np.unique(table.family).tolist()) & set(np.unique(other.family).tolist())
            shared = {family for family in shared if weighted(family)}
            if source == domain or not shared or set(table.layers.fast) & set(other.layers.fast):
                continue
            prices = calibrate(other.rows)
            ruled = estimate(table.layers, domain, prices)
            for family in sorted(shared):
                have = table.layers.designs_with(table.family == family)
                excess: dict[str, Numbers] = {}
                for target, base in parts[domain.name][family].rule_widths.items():
                    known = have & ~np.isnan(table.measured(target))
                    if known.any():
                        errors = log_errors(
                            table.measured(target)[known], ruled.designs[target][known], offset(target)
                        )
                        excess[target] = np.maximum(errors - base, 0)
                distances = {target: np.ones(values.shape) for target, values in excess.items()}
                yield Trial(domain.name, family, "fast", distances, excess)


def with_transfers(
    parts: Mapping[str, Mapping[int, Part]], tried: Sequence[Trial]
) -> dict[str, dict[int, Part]]:
    """Parts with what trials say of them."""
    return {
        domain: {
            family: replace(part, transfer=transfer_of(domain, family, tried)) for family, part in own.items()
        }
        for domain, own in parts.items()
    }


def transfer_of(domain: str, family: int, tried: Sequence[Trial]) -> Transfer:
    """What trials say of a family with a tool, beyond those of its kernel class, else of any.

    Of dimensions that were not tried, those that stand in for them, the worst of which counts.
    """
    slopes: dict[str, dict[str, tuple[float, float]]] = {}
    reach: dict[str, tuple[float, float]] = {}
    for dimension in DIMENSIONS:
        names = _BITS_LIKE.get(dimension, (dimension,))
        own = _by_name(names, [trial for trial in tried if (trial.domain, trial.family) == (domain, family)])
        alike = _by_name(
            names, [trial for trial in tried if kernel_class(trial.family) == kernel_class(family)]
        )
        alike = alike or _by_name(names, tried)
        if not alike:
            continue
        reach[dimension] = (_reach(own), _reach(alike))
        for target in TARGETS:
            far = _worst(target, alike)
            near = _worst(target, own)
            if far is not None:
                slopes.setdefault(target, {})[dimension] = (far if near is None else near, far)
    return Transfer(slopes, reach)


def _by_name(names: Iterable[str], tried: Iterable[Trial]) -> list[list[Trial]]:
    """Trials of each of some dimensions, as far as there are any."""
    groups = [[trial for trial in tried if trial.dimension == name] for name in names]
    return [group for group in groups if group]


def _reach(groups: Sequence[Sequence[Trial]]) -> float:
    return _short(min((max(trial.reach for trial in group) for group in groups), default=0.0))


def _worst(target: str, groups: Sequence[Sequence[Trial]]) -> float | None:
    known = [value for group in groups if (value := slope(target, group)) is not None]
    return _short(max(known)) if known else None


def slope(target: str, tried: Iterable[Trial]) -> float | None:
    """The width for each doubling that holds `AIM` of the rows of trials, each trial counting alike."""
    needed: list[Numbers] = []
    weights: list[Numbers] = []
    for trial in tried:
        if target in trial.excess and trial.excess[target].size:
            own = trial.excess[target] / np.maximum(trial.distances[target], NEAR)
            needed.append(own)
            weights.append(np.full(own.shape, 1 / own.size))
    if not needed:
        return None
    values, shares = np.concatenate(needed), np.concatenate(weights)
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(np.cumsum(shares[order]) / shares.sum(), AIM - 1e-12)
    return float(values[order][min(int(place), values.size - 1)])


def _short(value: float) -> float:
    return float(f"{value:.4g}")
