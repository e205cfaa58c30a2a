"""Estimates of designs as users ask for them: totals with intervals, layers, whether they fit the part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.boards import Resources, find_part
from accelgen.design import Design, Strategy
from accelgen.design.adder_cost import unknown_reason
from accelgen.design.kernels import check_kernels
from accelgen.design.reuse import legalize
from accelgen.errors import UsageError
from accelgen.ir import Network
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import from_records
from accelgen.surrogates.predict import CONFIDENCE, Figures, Prediction, load_surrogates, predict
from accelgen.surrogates.record import TARGETS, DesignRecord, LayerRecord
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain
from accelgen.surrogates.variants import layers_of_designs

LAYER_TARGETS = ("latency_cycles", "latency_max_cycles", "interval_cycles", "lut", "ff", "dsp", "bram_18k")
"""The targets that ``--json`` holds for single layers, in its order."""

REPORTED = (*LAYER_TARGETS, "clock_ns")
"""Those that it holds for whole designs."""

DECIMALS = 3
"""Of the figures that ``--json`` holds."""

UNPROVEN = (
    "up to {blocks:,.0f} of the block RAMs are copies of weights for reads at once, known only of reuse "
    "factors from the number of inputs on: the interval begins without them"
)

RESOURCES = tuple(field.name for field in fields(Resources))

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """An estimate, and the interval that is to hold the synthesis in `CONFIDENCE` of cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LayerEstimate:
    """What is expected of one layer: ``figures`` by target, resources as parts of the whole design's."""

    layer: LayerRecord
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Estimate:
    """What is expected of one design.

    Attributes:
        record: the design, as hardware depends on it.
        total: figures of the whole design, by target (`accelgen.surrogates.record.TARGETS`).
        layers: the same for its layers, in order, without intervals.
        capacity: what the part holds, None where that is not known.
        in_domain: the design is like those that estimates were learned from.
        reasons: why it is not.
        success: probability that the tool finishes, None where nothing is known of it.
        domain: the tool whose measurements are estimated.
        notes: what else there is to know.
    """

    record: DesignRecord
    total: Mapping[str, Figure]
    layers: tuple[LayerEstimate, ...]
    capacity: Resources | None
    in_domain: bool
    reasons: tuple[str, ...]
    success: float | None
    domain: Domain
    notes: tuple[str, ...]

    @property
    def latency_us(self) -> float:
        """The latency at the clock that was asked for, in microseconds."""
        return self.total["latency_cycles"].value * self.record.clock_ns / 1000

    @property
    def shares(self) -> dict[str, float | None]:
        """The share of the part that each resource takes; None of a part that has none, or is not known."""
        held = {name: getattr(self.capacity, name, 0) for name in RESOURCES}
        return {name: self.total[name].value / held[name] if held[name] else None for name in RESOURCES}

    @property
    def fits(self) -> bool | None:
        """Whether the part holds the design, None where it is not known what the part holds."""
        return self._within("value")

    @property
    def certain(self) -> bool | None:
        """Whether the intervals leave no doubt of `fits`: all of them fit, or one of them does not."""
        if self.capacity is None:
            return None
        return self._within("high") is True or self._within("low") is False

    def _within(self, end: str) -> bool | None:
        if self.capacity is None:
            return None
        return all(getattr(self.total[name], end) <= getattr(self.capacity, name) for name in RESOURCES)

    def as_json(self) -> dict[str, Any]:
        """The estimate as ``--json`` prints it; docs/estimate.md says what each entry means."""
        return {
            "part": self.record.part,
            "clock_ns": self.record.clock_ns,
            "io_type": self.record.io_type,
            "domain": self.domain.name,
            "confidence": CONFIDENCE,
            "total": {name: _rounded(vars(self.total[name])) for name in REPORTED},
            "latency_us": round(self.latency_us, DECIMALS),
            "layers": [
                {
                    "name": entry.layer.name,
                    "kind": entry.layer.kind.value,
                    "strategy": entry.layer.strategy or None,
                    "reuse_factor": entry.layer.reuse_factor if entry.layer.strategy else None,
                    **_rounded({name: entry.figures[name] for name in LAYER_TARGETS}),
                }
                for entry in self.layers
            ],
            "capacity": None if self.capacity is None else vars(self.capacity),
            "shares": {
                name: None if share is None else round(share, 4) for name, share in self.shares.items()
            },
            "fits": self.fits,
            "certain": self.certain,
            "in_domain": self.in_domain,
            "reasons": list(self.reasons),
            "success_probability": None if self.success is None else round(self.success, DECIMALS),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, eq=False)
class Estimates:
    """What is expected of d designs: arrays (d,) in place of the numbers of `Estimate`.

    Attributes:
        total: figures by target, each with ``value``, ``low`` and ``high``.
        success: probability that the tool finishes, NaN where nothing is known of it.
        outside: why designs are outside the training data, each reason with those that it holds for.
        capacity: what the parts hold, by resource, NaN where that is not known.
        clock_ns: the clock periods that were asked for.
    """

    total: Mapping[str, Figures]
    success: npt.NDArray[np.float64]
    outside: Mapping[str, Flags]
    capacity: Mapping[str, npt.NDArray[np.float64]]
    clock_ns: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.success)

    @cached_property
    def in_domain(self) -> Flags:
        """Which designs are like those that estimates were learned from."""
        inside = np.ones(len(self), bool)
        for designs in self.outside.values():
            inside &= ~designs
        return inside

    @cached_property
    def capacity_known(self) -> Flags:
        """Of which designs it is known what their part holds."""
        return ~np.isnan(self.capacity[RESOURCES[0]])

    @cached_property
    def fits(self) -> Flags:
        """Which designs their part holds; False where it is not known what it holds."""
        within = np.ones(len(self), bool)
        for name in RESOURCES:
            within &= self.total[name].value <= self.capacity[name]
        return within

    @property
    def latency_us(self) -> npt.NDArray[np.float64]:
        """Latencies at the clocks that were asked for, in microseconds."""
        return self.total["latency_cycles"].value * self.clock_ns / 1000

    def as_json(self, design: int) -> dict[str, Any]:
        """One of the designs, without its layers, in the form of `Estimate.as_json`."""
        success = float(self.success[design])
        return {
            "total": {name: _rounded(_ends(self.total[name], design)) for name in REPORTED},
            "latency_us": round(float(self.latency_us[design]), DECIMALS),
            "fits": bool(self.fits[design]) if self.capacity_known[design] else None,
            "in_domain": bool(self.in_domain[design]),
            "success_probability": None if isnan(success) else round(success, DECIMALS),
        }


def find_domain(tool: str) -> Domain:
    """The domain of measurements with a tool, such as "Vitis HLS 2021.1", with the last step of which there
    are some, or one that is named: "Vitis HLS 2023.2 c_synthesis".

    Raises:
        UsageError: no measurements with it are known; the message says of which there are.
    """
    known = load_surrogates().domains
    names = {f"{domain.tool} {domain.version}".strip(): domain for domain in sorted(known, key=_by_stage)}
    for name, domain in {**{domain.name: domain for domain in known}, **names}.items():
        if name.lower() == tool.lower():
            return domain
    raise UsageError(f"there are no measurements with {tool!r}; known: {', '.join(sorted(names))}")


def _by_stage(domain: Domain) -> bool:
    return domain.logic  # which comes last and is therefore the one that counts


def estimate_record(
    record: DesignRecord, domain: Domain = DEFAULT_DOMAIN, notes: Sequence[str] = ()
) -> Estimate:
    """The estimate of one design.

    Raises:
        UsageError: the part's name is none.
        ModelError: a file of the trained surrogates is damaged.
    """
    capacity = _capacity(record.part)
    notes = list(notes)
    if capacity is None:
        notes.append(f"the resources of {record.part} are not known, so nothing is said of whether it fits")
    found = predict(from_records([record]), domain)
    unproven = found.unproven_18k[0]
    if unproven >= 0.5:
        notes.append(UNPROVEN.format(blocks=unproven))
    success = float(found.success[0])
    return Estimate(
        record=record,
        total={target: Figure(**_ends(own, 0)) for target, own in found.designs.items()},
        layers=tuple(
            LayerEstimate(layer, {name: float(found.layers[name][row]) for name in LAYER_TARGETS})
            for row, layer in enumerate(record.layers)
        ),
        capacity=capacity,
        in_domain=bool(found.in_domain[0]),
        reasons=tuple(found.reasons(0)),
        success=None if isnan(success) else success,
        domain=domain,
        notes=tuple(notes),
    )


def estimate_design(network: Network, design: Design, domain: Domain = DEFAULT_DOMAIN) -> Estimate:
    """The estimate of a design for an exact, typed network, made legal first.

    Raises:
        UnsupportedError: a layer that no kernel computes.
        DesignError: the design asks for what a layer cannot have.
        PrecisionError: the network has no types yet.
    """
    legal, changes = legalize(network, design)
    check_kernels(network, legal)
    record = describe(network, legal)
    return estimate_record(record, domain, [*map(str, changes), *_without_adders(network, record)])


def _without_adders(network: Network, record: DesignRecord) -> Iterator[str]:
    """Which layers by distributed arithmetic are estimated as others are, and why."""
    for layer in record.layers:
        if layer.strategy == Strategy.DISTRIBUTED_ARITHMETIC.value and layer.adder_bits < 0:
            reason = (
                unknown_reason(network[layer.name], network) or "its adders are counted in io_parallel only"
            )
            yield f"layer {layer.name!r}: distributed arithmetic is estimated as latency: {reason}"


def estimate_designs(
    network: Network, designs: Sequence[Design], domain: Domain = DEFAULT_DOMAIN
) -> Estimates:
    """Estimates of many designs for one exact, typed network, each made legal first; raises as for one."""
    for design in {design.io_type: design for design in designs}.values():
        check_kernels(network, design)
    found = ((rows, predict(layers, domain)) for rows, layers in layers_of_designs(network, designs))
    return _together(
        found,
        [design.part for design in designs],
        np.array([design.clock_ns for design in designs], np.float64),
    )


def estimate_records(records: Sequence[DesignRecord], domain: Domain = DEFAULT_DOMAIN) -> Estimates:
    """Estimates of designs that need not be of one network; raises as for one."""
    found = (
        (np.arange(start, min(start + CHUNK, len(records))), predict(from_records(chunk), domain))
        for start in range(0, len(records), CHUNK)
        if (chunk := records[start : start + CHUNK])
    )
    return _together(
        found,
        [record.part for record in records],
        np.array([record.clock_ns for record in records], np.float64),
    )


def _ends(figures: Figures, design: int) -> dict[str, float]:
    """Value, low and high of one design."""
    return {end.name: float(getattr(figures, end.name)[design]) for end in fields(Figures)}


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, DECIMALS) for name, value in figures.items()}


CHUNK = 4096
"""Designs at a time, whose columns stay in a core's cache."""


def _together(
    found: Iterator[tuple[npt.NDArray[np.int64], Prediction]],
    parts: Sequence[str],
    clock_ns: npt.NDArray[np.float64],
) -> Estimates:
    """Predictions of groups of designs, each with their positions, as arrays over all."""
    n_designs = len(parts)
    total = {target: Figures(*(np.zeros(n_designs) for _ in fields(Figures))) for target in TARGETS}
    success = np.full(n_designs, np.nan)
    outside: dict[str, Flags] = {}
    for rows, prediction in found:
        for target, figures in prediction.designs.items():
            for end in fields(Figures):
                getattr(total[target], end.name)[rows] = getattr(figures, end.name)
        success[rows] = prediction.success
        for reason, designs in prediction.outside.items():
            outside.setdefault(reason, np.zeros(n_designs, bool))[rows] = designs
    different = {part: number for number, part in enumerate(dict.fromkeys(parts))}
    held = [_capacity(part) for part in different]
    which = np.array([different[part] for part in parts], np.int64)
    capacity = {
        name: np.array([getattr(own, name, np.nan) for own in held], np.float64)[which] for name in RESOURCES
    }
    return Estimates(total, success, outside, capacity, clock_ns)


def _capacity(part: str) -> Resources | None:
    """What a part holds; a record of a data set may name it as its authors do."""
    try:
        return find_part(part).resources
    except UsageError:
        return None
