"""Prices from measurements: what each part of a kernel costs, domain by domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

import numpy as np
from scipy.optimize import nnls

from accelgen.surrogates.features import Numbers, from_records, measurements
from accelgen.surrogates.record import Stage, Synthesis
from accelgen.surrogates.rules.domain import Domain, domain_of
from accelgen.surrogates.rules.estimate import DESIGN, KERNELS, Kernel, design_parts
from accelgen.surrogates.rules.prices import TARGETS, Prices

ROUNDS = 8
SMALLEST_ERROR = 0.003
NEGLIGIBLE = 1e-6

Table = dict[str, dict[str, dict[str, dict[str, float]]]]


def calibrate(rows: Iterable[Synthesis]) -> Prices:
    """Prices of all kernels that the measurements hold, each domain by itself; failures are left out.

    Where reports of single layers are there, prices are fitted to those, and what remains of the whole design
    to what designs cost besides. Elsewhere whole designs are taken that one kernel serves. Domains of
    logic synthesis come first, then newer versions: in that order they stand in for domains without prices.
    """
    by_domain: dict[Domain, list[Synthesis]] = {}
    for row in rows:
        if row.success and row.targets:
            by_domain.setdefault(domain_of(row), []).append(row)
    table: Table = {}
    for domain in sorted(by_domain, key=_preference):
        members = by_domain[domain]
        reported = [row for row in members if row.per_layer]
        for kernel in KERNELS:
            _calibrate_layers(table, kernel, domain, reported)
            _calibrate_designs(table, kernel, domain, [row for row in members if not row.per_layer])
        _calibrate_rest(table, domain, reported)
    return Prices(table)


def _preference(domain: Domain) -> tuple[bool, tuple[int, ...], str]:
    version = tuple(-int(part) for part in domain.version.split(".") if part.isdecimal())
    return domain.stage is Stage.C_SYNTHESIS, version or (0,), domain.tool


def _store(table: Table, kernel: str, domain: Domain, target: str, prices: dict[str, float]) -> None:
    table.setdefault(kernel, {}).setdefault(domain.name, {})[target] = prices


def _calibrate_layers(table: Table, kernel: Kernel, domain: Domain, rows: Sequence[Synthesis]) -> None:
    layers = from_records([row.design for row in rows])
    served = kernel.serves(layers)
    for target in TARGETS:
        figures = np.array(
            [
                row.per_layer.get(layer.name, {}).get(target, np.nan)
                for row in rows
                for layer in row.design.layers
            ],
            np.float64,
        )
        known = served & ~np.isnan(figures)
        if known.any():
            parts = kernel.parts(layers.select(known), domain, target)
            _store(table, kernel.name, domain, target, fit_prices(parts, figures[known]))


def _calibrate_designs(table: Table, kernel: Kernel, domain: Domain, rows: Sequence[Synthesis]) -> None:
    layers = from_records([row.design for row in rows])
    served = np.ones(len(rows), bool)
    np.logical_and.at(served, layers.design, kernel.serves(layers))
    for target in TARGETS:
        figures = measurements(rows, target)
        chosen = served & ~np.isnan(figures)
        if not chosen.any():
            continue
        designs = from_records([row.design for row in compress(rows, chosen)])
        parts = {
            name: designs.total(values) for name, values in kernel.parts(designs, domain, target).items()
        }
        _store(table, kernel.name, domain, target, fit_prices(parts, figures[chosen]))


def _calibrate_rest(table: Table, domain: Domain, rows: Sequence[Synthesis]) -> None:
    """What designs cost beyond the sum of their layers, as far as that is reported."""
    if not rows:
        return
    layers = from_records([row.design for row in rows])
    for target in TARGETS:
        parts = design_parts(layers, target)
        inside = np.array(
            [sum(figures.get(target, 0.0) for figures in row.per_layer.values()) for row in rows]
        )
        rest = measurements(rows, target) - inside
        known = ~np.isnan(rest) & (rest > 0)
        if known.any():
            chosen: Mapping[str, Numbers] = {name: values[known] for name, values in parts.items()}
            _store(table, DESIGN, domain, target, fit_prices(chosen, rest[known]))


def without(rows: Sequence[Synthesis], groups: Iterable[str]) -> list[Synthesis]:
    """The rows of other groups, for prices that are tried on these."""
    left_out = set(groups)
    return [row for row in rows if row.group not in left_out]


def fit_prices(parts: Mapping[str, Numbers], measured: Numbers) -> dict[str, float]:
    """Prices, none below zero, of parts (n,) that together cost what was measured (n,).

    Minimises absolute relative errors, by least squares that are weighted again with each error, down to
    0.3 %. Deterministic; parts that cost nothing are left out.
    """
    names = [name for name, values in parts.items() if values.any()]
    matrix = np.stack([parts[name] for name in names], axis=1) / np.maximum(measured, 1)[:, None]
    scale = np.sqrt(np.mean(matrix**2, axis=0))
    matrix /= scale
    goal = measured / np.maximum(measured, 1)
    factor = np.ones(goal.shape)
    prices = np.zeros(len(names))
    for _ in range(ROUNDS):
        prices, _ = nnls(matrix * factor[:, None], goal * factor)
        errors = np.abs(matrix @ prices - goal)
        factor = 1 / np.sqrt(np.maximum(errors, SMALLEST_ERROR))
    found = prices / scale
    return {
        name: float(f"{price:.5g}")
        for name, price, effect in zip(names, found, prices, strict=True)
        if effect > NEGLIGIBLE
    }
