"""Designs as columns, one row a layer with the index of its design: estimates are then NumPy expressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import chain
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.record import DesignRecord, LayerKind, Synthesis

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SIZES = (
    "n_in",
    "n_out",
    "positions",
    "steps",
    "behind",
    "parallel_positions",
    "input_bits",
    "weight_bits",
    "accum_bits",
    "result_bits",
    "nonzero",
    "digits",
    "dsp_products",
    "adder_bits",
    "adder_levels",
    "held_bits",
    "reuse_factor",
    "table_size",
    "fifo_lut",
    "fifo_18k",
)
_KINDS = {kind: number for number, kind in enumerate(LayerKind)}
_NUMBERS = {id(kind): number for kind, number in _KINDS.items()}  # an Enum takes long to hash
_CONSTANT_WEIGHTS = frozenset({"latency", "distributed_arithmetic", "packed_unrolled"})
_LOOPED = frozenset({"resource", "resource_unrolled"})
_sizes = attrgetter(*_SIZES)


def ceil_log2(values: Numbers) -> Numbers:
    """Bits that count to each value: 0 for 1, 3 for 5 to 8."""
    return np.ceil(np.log2(np.maximum(values, 1)))


@dataclass(frozen=True, eq=False)
class Layers:
    """Layers of many designs as columns of length n, and what holds for whole designs as rows of length d.

    Sizes are those of `LayerRecord`, as float64, which keeps them exact below 2**53; -1 says "not known" as
    there. ``design`` is the row of a layer's design, ascending.

    Attributes:
        kind: position in `LayerKind`.
        constant: weights are constants in the logic, not words in a ROM: those of the Latency strategy and
            its like, or with a reuse factor of 1.
        looped: hls4ml's resource kernel, a pipelined loop even where it runs once.
        first: reads an input of the network.
        last: nothing of the design reads it.
        variant: a number that layers share only if they are equal, in designs that differ in layers alone.
        edges: which layer's result goes to which layer, (2, e): rows of the one, and rows of the other in
            ascending order.
        stream: io_stream.
        dsp: products may use DSP blocks.
        clock_ns: the clock period that the tool schedules for: the one asked for less its uncertainty.
        fast: an UltraScale or Versal device (16 nm and below), whose adders are twice as fast.
    """

    design: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    constant: Flags
    looped: Flags
    first: Flags
    last: Flags
    n_in: Numbers
    n_out: Numbers
    positions: Numbers
    steps: Numbers
    behind: Numbers
    parallel_positions: Numbers
    input_bits: Numbers
    weight_bits: Numbers
    accum_bits: Numbers
    result_bits: Numbers
    nonzero: Numbers
    digits: Numbers
    dsp_products: Numbers
    adder_bits: Numbers
    adder_levels: Numbers
    held_bits: Numbers
    reuse_factor: Numbers
    table_size: Numbers
    fifo_lut: Numbers
    fifo_18k: Numbers
    variant: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int64]
    stream: Flags
    dsp: Flags
    clock_ns: Numbers
    fast: Flags

    @property
    def n_designs(self) -> int:
        """How many designs, d."""
        return int(self.clock_ns.size)

    def is_kind(self, *kinds: LayerKind) -> Flags:
        """Which layers are of one of some kinds."""
        marks = np.zeros(len(_KINDS), bool)
        marks[[_KINDS[kind] for kind in kinds]] = True
        chosen: Flags = marks[self.kind]
        return chosen

    def total(self, values: Numbers) -> Numbers:
        """The sum over the layers of each design."""
        summed: Numbers = np.bincount(self.design, values, self.n_designs).astype(np.float64)
        return summed

    def designs_with(self, rows: Flags) -> Flags:
        """The designs (d,) that have some of the layers (n,) that ``rows`` marks."""
        found: Flags = np.bincount(self.design[rows], minlength=self.n_designs) > 0
        return found

    def largest(self, values: Numbers) -> Numbers:
        """The largest of each design's layers, 0 for a design without any."""
        result = np.zeros(self.n_designs)
        np.maximum.at(result, self.design, values)
        return result

    def select(self, rows: Flags) -> Layers:
        """The layers that ``rows`` marks and edges between them; every design stays, if without layers."""
        chosen = np.flatnonzero(rows)  # which a column is taken by three times as fast as by flags
        columns = {
            entry.name: getattr(self, entry.name)[chosen]
            for entry in fields(self)
            if entry.name not in _NOT_PER_LAYER
        }
        kept = self.edges[:, rows[self.edges].all(axis=0)]
        return replace(self, edges=(np.cumsum(rows) - 1)[kept], **columns)

    def take(self, rows: npt.NDArray[np.int64]) -> Layers:
        """Designs whose layers are these rows (d, m); all else is as in the first design, which has m."""
        n_designs, n_layers = rows.shape
        columns = {}
        for entry in fields(self):
            values = getattr(self, entry.name)
            if entry.name in _NOT_PER_LAYER:
                columns[entry.name] = np.repeat(values[:1], n_designs)
            else:
                columns[entry.name] = values[rows.ravel()]
        columns["design"] = np.repeat(np.arange(n_designs), n_layers)
        edges = self.edges[:, self.edges[1] < n_layers]
        shifted = edges[:, None, :] + n_layers * np.arange(n_designs)[:, None]
        columns["edges"] = shifted.reshape(2, -1)
        return Layers(**columns)

    def distinct(self) -> tuple[Layers, npt.NDArray[np.int64] | slice]:
        """One layer of each variant, and for each layer its row among these: what is to be computed once."""
        counts = np.bincount(self.variant)
        if counts.max(initial=0) <= 1:
            return self, slice(None)
        row_of = np.zeros(counts.shape, np.int64)
        row_of[self.variant] = np.arange(self.variant.size)
        chosen = np.zeros(self.variant.shape, bool)
        chosen[row_of[counts > 0]] = True
        return self.select(chosen), (np.cumsum(chosen) - 1)[row_of[self.variant]]

    def part(self, start: int, stop: int) -> Layers:
        """The designs from ``start`` to before ``stop`` with their layers."""
        rows = slice(*np.searchsorted(self.design, (start, stop)).tolist())
        ends = slice(*np.searchsorted(self.edges[1], (rows.start, rows.stop)).tolist())
        columns = {
            entry.name: getattr(self, entry.name)[
                slice(start, stop) if entry.name in _NOT_PER_LAYER else rows
            ]
            for entry in fields(self)
            if entry.name not in ("design", "edges")
        }
        edges = self.edges[:, ends] - rows.start
        return replace(self, design=self.design[rows] - start, edges=edges, **columns)

    @cached_property
    def block_factor(self) -> Numbers:
        """Products that one cycle computes: n_in n_out / RF, rounded up (hls4ml's ``block_factor``)."""
        return np.ceil(self.n_in * self.n_out / self.reuse_factor)

    @cached_property
    def sharing(self) -> Numbers:
        """Results that share a multiplier where the reuse factor exceeds n_in (``outscale``), at least 1."""
        return np.maximum(np.minimum(self.reuse_factor, self.n_in * self.n_out) // self.n_in, 1)

    @cached_property
    def spread(self) -> Flags:
        """Layers with RF < n_in, whose loop multiplies several inputs at once (hls4ml's ``rf_leq_nin``)."""
        spread: Flags = ~self.constant & (self.reuse_factor < self.n_in)
        return spread

    @cached_property
    def sum_bits(self) -> Numbers:
        """Width of the sums: ``accum_bits`` where it is known, else what never overflows."""
        exact = self.input_bits + np.maximum(self.weight_bits, 1) + ceil_log2(self.n_in)
        return np.where(self.accum_bits > 0, self.accum_bits, exact)

    @cached_property
    def stored_bits(self) -> Numbers:
        """Bits of a weight that differ from its sign, and one for that: what a ROM must hold.

        Where weights are known, these are all that the record counts. Where they are not, as in wa-hls4ml's
        designs, they are those of an untrained layer: ``lecun_uniform``, at most sqrt(3 / n_in), in
        ``quantized_bits(bits, 0)``, as ben-hawks/wa-hls4ml-search makes them (``gen_dense_models_v2.py``).
        Two bits are the least, since constant ROMs stay ROMs.
        """
        largest = np.floor(np.sqrt(3 / self.n_in) * 2 ** (self.weight_bits - 1) + 0.5)
        untrained = np.floor(np.log2(np.maximum(largest, 1))) + 2
        return np.where(self.nonzero < 0, np.minimum(self.weight_bits, untrained), self.weight_bits)


_NOT_PER_LAYER = frozenset({"edges", "stream", "dsp", "clock_ns", "fast"})


def measurements(rows: Iterable[Synthesis], target: str) -> Numbers:
    """What syntheses measured of a target, (n,), NaN where they did not."""
    return np.array([row.targets.get(target, np.nan) for row in rows], np.float64)


def from_records(designs: Sequence[DesignRecord]) -> Layers:
    """The columns of designs, in their order."""
    layers = [layer for design in designs for layer in design.layers]
    counts = [len(design.layers) for design in designs]
    size = len(layers) * len(_SIZES)
    sizes = np.fromiter(chain.from_iterable(map(_sizes, layers)), np.float64, size).reshape(-1, len(_SIZES))
    edges = _edges(designs)
    last = np.ones(len(layers), bool)
    last[edges[0]] = False
    return Layers(
        design=np.repeat(np.arange(len(designs)), counts),
        kind=np.fromiter((_NUMBERS[id(layer.kind)] for layer in layers), np.int64, len(layers)),
        constant=np.array(
            [layer.strategy in _CONSTANT_WEIGHTS or layer.reuse_factor == 1 for layer in layers], bool
        ),
        looped=np.array([layer.strategy in _LOOPED for layer in layers], bool),
        first=np.array([not layer.inputs for layer in layers], bool),
        last=last,
        variant=np.arange(len(layers)),
        edges=edges,
        **dict(zip(_SIZES, np.ascontiguousarray(sizes.T), strict=True)),
        stream=np.array([design.io_type == "io_stream" for design in designs], bool),
        dsp=np.array([design.dsp_multipliers for design in designs], bool),
        clock_ns=np.array(
            [design.clock_ns * (1 - design.clock_uncertainty_percent / 100) for design in designs], np.float64
        ),
        fast=np.array([not design.part.lower().startswith("xc7") for design in designs], bool),
    )


def _edges(designs: Sequence[DesignRecord]) -> npt.NDArray[np.int64]:
    """Pairs of rows, as `Layers.edges`; a name that no layer of the design has is an input from outside."""
    pairs: list[tuple[int, int]] = []
    row = 0
    for design in designs:
        start, before = row, ("",)
        rows: dict[str, int] | None = None
        for layer in design.layers:
            inputs = layer.inputs
            if inputs == before and row > start:  # as in a chain, which needs no look-up
                pairs.append((row - 1, row))
            elif inputs:
                if rows is None:
                    rows = {other.name: number for number, other in enumerate(design.layers, start)}
                pairs += [(rows[name], row) for name in inputs if name in rows]
            before = (layer.name,)
            row += 1
    return np.ascontiguousarray(np.array(pairs, np.int64).reshape(-1, 2).T)
