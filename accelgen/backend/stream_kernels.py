"""How the kernels of io_stream move tokens: their order from the loops, cycles from the estimator's rules.

The loops are those of hls4ml 1.3 (nnet_dense_stream.h, nnet_conv_stream.h, nnet_padding_stream.h ...) and of
the headers in templates/nnet_utils.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from accelgen.backend.lowering import Context, HlsLayer
from accelgen.design import Strategy
from accelgen.design.packed_choice import PACKED
from accelgen.design.streaming import walks
from accelgen.design.streaming.loops import pad_walk, recurrent_walk, repeat_walk, window_walk
from accelgen.design.streaming.walks import Pairs, Timing, Walk
from accelgen.ir import Conv, Dense, Node, Pad, Pool, Recurrent, UpSample
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import from_records
from accelgen.surrogates.record import DesignRecord, LayerRecord
from accelgen.surrogates.rules import estimate
from accelgen.surrogates.rules.estimate import step_cycles

_PIPELINED = frozenset({Strategy.LATENCY, Strategy.DISTRIBUTED_ARITHMETIC})
"""Strategies whose loops over positions hls4ml pipelines; the others end one position before the next."""


@dataclass(frozen=True, eq=False)
class StreamKernels:
    """The kernels of one design, made legal."""

    context: Context

    def walk(self, layer: HlsLayer, inputs: Sequence[int], result: int) -> Walk:
        """The order in which a layer reads inputs of so many tokens and writes its result of so many."""
        kind = layer.class_name
        if kind.startswith(("Conv", "DepthwiseConv")):
            return walks.windows(_pair(layer, "in"), _pair(layer, "filt"), _pair(layer, "stride"))
        if kind.startswith("ZeroPadding"):
            return walks.pad(_pair(layer, "in"), _pads(layer))
        if kind == "Dense":
            return walks.collect(inputs, result)
        node = self.node(layer)
        match layer.attributes.get("function"):
            case "packed_conv" | "packed_conv_folded" | "pool":
                if isinstance(node, Dense):
                    return walks.regroup(inputs, result)
                assert isinstance(node, Conv | Pool)
                return window_walk(node, self.context.network)
            case "pad":
                assert isinstance(node, Pad)
                return pad_walk(node, self.context.network)
            case "repeat":
                assert isinstance(node, UpSample)
                return repeat_walk(node, self.context.network)
            case "gather" | "dot" | "packed_dense" | "packed_dense_folded":
                return walks.collect(inputs, result)
            case "merge":
                return walks.collect_some(inputs, result)
            case "concatenate_rows":
                return walks.interleave(layer.attributes["n_outer"], inputs)
        if isinstance(node, Recurrent):
            return recurrent_walk(node, inputs[0])
        return walks.regroup(inputs, result)

    def timing(self, layer: HlsLayer) -> Timing:
        """The cycles of a layer's steps."""
        node, design = self.node(layer), layer.design
        record = None if node is None else self._records.get(node.name)
        if record is None or design is None or (layer.node is None and layer.class_name != "Conv1D"):
            return Timing()
        latency, latency_max, interval, passed, computed = self._cycles[record.name]
        if design.strategy in PACKED and layer.costs is not None:
            depth = max(1, round(latency - interval + 1))
            cycles = max(1, layer.costs.cycles // record.positions)
            if layer.attributes["function"].startswith("packed_dense"):
                return Timing(1, cycles + depth, 0)
            return Timing(1, cycles, ceil(depth / cycles))
        if layer.class_name == "Dense":
            return Timing(1, max(1, round(latency_max) - (record.steps - 1)), 0)
        if layer.class_name.startswith(("Conv", "DepthwiseConv")):
            if design.strategy in _PIPELINED:
                depth = ceil((latency_max - record.steps * computed) / computed)
                return Timing(round(computed), round(computed), max(1, depth))
            return Timing(round(passed), round(computed), 0)
        if isinstance(node, Recurrent):
            return _recurrent_timing(node, record, round(computed))
        factor = design.reuse_factor if layer.attributes.get("multiplications", (0, 0))[0] else 1
        if layer.class_name == "BatchNormalization":
            factor = design.reuse_factor
        return Timing(factor, factor, 1 + max(0, ceil((latency - (record.steps - 1)) / factor)))

    @cached_property
    def _record(self) -> DesignRecord:
        return describe(self.context.network, self.context.design)

    @cached_property
    def _records(self) -> dict[str, LayerRecord]:
        return {layer.name: layer for layer in self._record.layers}

    @cached_property
    def _cycles(self) -> dict[str, tuple[float, float, float, float, float]]:
        """Of each layer, least and most cycles and interval; then those of steps that read and compute."""
        layers = from_records([self._record])
        found = estimate(layers).layers
        columns = (found[name] for name in ("latency_cycles", "latency_max_cycles", "interval_cycles"))
        return dict(zip(self._records, zip(*columns, *step_cycles(layers), strict=True), strict=True))

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {safe: name for name, safe in self.context.names.items()}

    def node(self, layer: HlsLayer) -> Node | None:
        """The network node whose layer or step this is; None for a copy to a port."""
        name = self._owners.get(layer.name)
        if name is None and (step := re.match("step_[a-z]+[0-9]*_(.*)", layer.name)) is not None:
            name = self._owners.get(step[1])
        return None if name is None else self.context.network[name]


def _recurrent_timing(node: Recurrent, record: LayerRecord, computed: int) -> Timing:
    """Without a sequence of results only the last step writes, which takes all others that read nothing."""
    if node.return_sequences:
        return Timing(1, computed, 0)
    if node.go_backwards:
        return Timing(1, computed * record.positions, 0)
    return Timing(computed, computed, 0)


def _pair(layer: HlsLayer, what: str) -> tuple[int, int]:
    """An hls4ml layer's attributes of rows and columns; what has none has one row."""
    return layer.attributes.get(f"{what}_height", 1), layer.attributes[f"{what}_width"]


def _pads(layer: HlsLayer) -> Pairs:
    top, bottom = (layer.attributes.get(f"pad_{side}", 0) for side in ("top", "bottom"))
    return (top, bottom), (layer.attributes["pad_left"], layer.attributes["pad_right"])
