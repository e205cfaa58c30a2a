"""Sweeps: one design of a network, with some of its choices set to each of many values."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

from accelgen.choices import Choices
from accelgen.design import Design, Strategy
from accelgen.design.reuse import legal_reuse_factors, legalize, matrix_shape
from accelgen.errors import DesignError, UsageError
from accelgen.estimation import Estimates, estimate_designs
from accelgen.ir import Network, Recurrent
from accelgen.ir.recurrent import cell_products
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain

Value: TypeAlias = int | float | str

MAX_DESIGNS = 100_000
"""Of one sweep: they take some ten seconds."""


@dataclass(frozen=True)
class Axis:
    """A choice to sweep: ``reuse_factor``, ``strategy`` or ``target_clock_ns``, and its values.

    ``bounds`` stands for all reuse factors from the one to the other that some layer can have.
    """

    name: str
    values: tuple[Value, ...] = ()
    bounds: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Axis:
        """An axis from text: "reuse-factor=1..4096", "reuse-factor=1,2,4", "strategy=latency,resource",
        "clock-ns=3,4,5".

        Raises:
            UsageError: no such choice, or values that it cannot have.
        """
        name, _, given = text.partition("=")
        values = given.split(",")
        if name == "reuse-factor":
            low, dots, high = given.partition("..")
            if dots:
                bounds = (_factor(low), _factor(high))
                if bounds[0] > bounds[1]:
                    raise UsageError(f"--sweep {text}: {low} is above {high}")
                return cls("reuse_factor", bounds=bounds)
            return cls("reuse_factor", tuple(map(_factor, values)))
        if name == "strategy":
            known = [strategy.value for strategy in Strategy]
            if unknown := [value for value in values if value not in known]:
                raise UsageError(f"there is no strategy {unknown[0]!r}; choose from {', '.join(known)}")
            return cls("strategy", tuple(values))
        if name == "clock-ns":
            return cls("target_clock_ns", tuple(map(_period, values)))
        raise UsageError(
            f"--sweep {text!r} is not understood; write reuse-factor=1..4096, reuse-factor=1,2,4, "
            "strategy=latency,resource or clock-ns=3,4,5"
        )


@dataclass(frozen=True, eq=False)
class Sweep:
    """Designs of one network and what is expected of them.

    Attributes:
        axes: names of the choices that were swept.
        rows: the values of these for each design.
        designs: legal designs, in the order of ``rows``.
        estimates: of these.
        refused: combinations that no design can have, and why.
        notes: strategies that layers could not have, and what they became.
    """

    axes: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    designs: tuple[Design, ...]
    estimates: Estimates
    refused: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The sweep as ``--json`` prints it; docs/estimate.md says what each entry means."""
        first = self.designs[0]
        return {
            "part": first.part,
            "io_type": first.io_type.value,
            "swept": list(self.axes),
            "designs": [
                {"choices": dict(zip(self.axes, values, strict=True)), **self.estimates.as_json(row)}
                for row, values in enumerate(self.rows)
            ],
            "refused": list(self.refused),
            "notes": list(self.notes),
        }

    def write_csv(self, path: Path) -> None:
        """Write a row for each design: what was swept, each figure with its interval, and the verdicts.

        Raises:
            UsageError: the file cannot be written.
        """
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                for row, values in enumerate(self.rows):
                    data = self.estimates.as_json(row)
                    cells = dict(zip(self.axes, values, strict=True))
                    for target, figures in data.pop("total").items():
                        cells[target] = figures["value"]
                        cells |= {f"{target}_{end}": figures[end] for end in ("low", "high")}
                    cells |= {name: _cell(value) for name, value in data.items()}
                    if row == 0:
                        writer.writerow(cells)
                    writer.writerow(cells.values())
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def _cell(value: object) -> Any:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def sweep(
    network: Network,
    design: Design,
    axes: Sequence[Axis],
    fixed: Set[str] = frozenset(),
    domain: Domain = DEFAULT_DOMAIN,
) -> Sweep:
    """Estimate every combination of some choices; layers in ``fixed`` keep their reuse factor or folding.

    Reuse factors given by bounds that lead to the same legal design are taken once.

    Raises:
        UsageError: a choice is swept twice, there are too many combinations, or none is possible.
    """
    names = tuple(axis.name for axis in axes)
    if len(set(names)) < len(names):
        raise UsageError("sweep each choice once; its values go into one list")
    values = [
        axis.values if axis.bounds is None else possible_factors(network, *axis.bounds) for axis in axes
    ]
    if (count := prod(map(len, values))) > MAX_DESIGNS:
        raise UsageError(f"these are {count:,} designs; sweep at most {MAX_DESIGNS:,} at a time")
    found: dict[object, tuple[tuple[Value, ...], Design]] = {}
    refused: list[str] = []
    notes: list[str] = []
    bounded = {axis.name for axis in axes if axis.bounds is not None}
    for row in product(*values):
        chosen = dict(zip(names, row, strict=True))
        try:
            legal, changes = legalize(network, _with(design, chosen, fixed))
        except DesignError as error:
            refused.append(str(error))
            continue
        notes += [str(change) for change in changes if change.choice == "strategy"]
        rest = tuple(value for name, value in chosen.items() if name not in bounded)
        found.setdefault((rest, tuple(legal.layers.values())), (row, legal))
    if not found:
        raise UsageError(
            f"no design can have these choices: {refused[0]}" if refused else "there is no such design"
        )
    rows, designs = zip(*found.values(), strict=True)
    return Sweep(
        names,
        rows,
        designs,
        estimate_designs(network, designs, domain),
        refused=tuple(dict.fromkeys(refused)),
        notes=tuple(dict.fromkeys(notes)),
    )


def possible_factors(network: Network, low: int, high: int) -> tuple[int, ...]:
    """The reuse factors from ``low`` to ``high`` that are legal for some layer's matrix, ascending."""
    matrices = []
    for node in network:
        if isinstance(node, Recurrent):
            matrices += [cell.weight.shape for cell in cell_products(node)]
        elif (matrix := matrix_shape(node, network)) is not None:
            matrices.append((matrix.n_in, matrix.n_out))
    factors = {factor for n_in, n_out in matrices for factor in legal_reuse_factors(n_in, n_out)}
    return tuple(sorted(factor for factor in factors if low <= factor <= high))


def _with(design: Design, chosen: Mapping[str, Value], fixed: Set[str]) -> Design:
    clock_ns = float(chosen.get("target_clock_ns", design.clock_ns))
    asked = {name: value for name, value in chosen.items() if name != "target_clock_ns"}
    changed = Choices(**asked).for_all_layers(design)  # type: ignore[arg-type]
    layers = dict(changed.layers)
    for name in fixed & layers.keys():
        own = design.layers[name]
        strategy = own.strategy if own.pe else layers[name].strategy  # only folded layers have a folding
        layers[name] = replace(own, strategy=strategy)
    return replace(changed, clock_ns=clock_ns, layers=layers)


def _factor(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{text!r} is no reuse factor; these are whole numbers from 1")
    return int(text)


def _period(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} is no clock period in ns") from None
