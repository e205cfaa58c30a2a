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
from typing import TypeVar

from accelgen.backend.expand import plain_convolution
from accelgen.backend.lowering import Context, HlsLayer
from accelgen.design import Strategy
from accelgen.design.packed_choice import PACKED
from accelgen.design.streaming import walks
from accelgen.design.streaming.walks import Pairs, Walk
from accelgen.ir import Conv, Dense, Node, Pad, Pool, Recurrent, UpSample
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import from_records
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.rules import estimate

_PIPELINED = frozenset({Strategy.LATENCY, Strategy.DISTRIBUTED_ARITHMETIC})
"""Strategies whose loops over positions hls4ml pipelines; the others end one position before the next."""

_CONVOLUTIONS = frozenset({LayerKind.CONV1D, LayerKind.CONV2D})


@dataclass(frozen=True)
class Timing:
    """Cycles of a step that only reads, and of one that writes; how many steps are in flight in the pipeline.

    The default is a loop that computes little: a step is read while the one before is written.
    """

    reading: int = 1
    writing: int = 1
    in_flight: int = 1


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
                return walks.regroup(inputs, result) if isinstance(node, Dense) else self._windows(node)
            case "pad":
                assert isinstance(node, Pad)
                return walks.pad(self._image(node.inputs[0]), _last_two(node.padding[:-1], (0, 0)))
            case "repeat":
                assert isinstance(node, UpSample)
                return walks.repeat(self._image(node.inputs[0]), _last_two(node.factors, 1))
            case "gather" | "dot" | "packed_dense" | "packed_dense_folded":
                return walks.collect(inputs, result)
            case "merge":
                return walks.collect_some(inputs, result)
            case "concatenate_rows":
                return walks.interleave(layer.attributes["n_outer"], inputs)
        if isinstance(node, Recurrent):
            return walks.recur(
                inputs[0],
                results=node.return_sequences,
                backwards=node.go_backwards,
                reordered=node.in_input_order,
            )
        return walks.regroup(inputs, result)

    def timing(self, layer: HlsLayer) -> Timing:
        """The cycles of a layer's steps."""
        node, design = self.node(layer), layer.design
        record = None if node is None else self._records.get(node.name)
        if record is None or design is None or (layer.node is None and layer.class_name != "Conv1D"):
            return Timing()
        latency, latency_max, interval = self._cycles[record.name]
        if design.strategy in PACKED and layer.costs is not None:
            depth = max(1, round(latency - interval + 1))
            cycles = max(1, layer.costs.cycles // record.positions)
            if layer.attributes["function"].startswith("packed_dense"):
                return Timing(1, cycles + depth, 0)
            return Timing(1, cycles, ceil(depth / cycles))
        if layer.class_name == "Dense":
            return Timing(1, max(1, round(latency_max)), 0)
        if layer.class_name.startswith(("Conv", "DepthwiseConv")):
            factor = design.reuse_factor
            if design.strategy in _PIPELINED:
                return Timing(factor, factor, max(1, ceil((latency_max - record.positions) / factor)))
            if record.kind in _CONVOLUTIONS:
                # the rules count the two positions that three taps read beside their own
                passed, computed = (cycles / (record.positions + 2) for cycles in (latency, latency_max))
                return Timing(max(1, round(min(passed, computed))), max(1, round(computed)), 0)
            return Timing(1, max(1, round(latency_max)), 0)
        if isinstance(node, Recurrent):
            return Timing(1, max(1, round(latency_max / record.positions)), 0)
        factor = design.reuse_factor if layer.attributes.get("multiplications", (0, 0))[0] else 1
        if layer.class_name == "BatchNormalization":
            factor = design.reuse_factor
        return Timing(factor, factor, 1 + max(0, ceil((latency - (record.positions - 1)) / factor)))

    @cached_property
    def _record(self) -> DesignRecord:
        return describe(self.context.network, self.context.design)

    @cached_property
    def _records(self) -> dict[str, LayerRecord]:
        return {layer.name: layer for layer in self._record.layers}

    @cached_property
    def _cycles(self) -> dict[str, tuple[float, float, float]]:
        """Least and most cycles, and interval, of each layer."""
        found = estimate(from_records([self._record])).layers
        columns = (found[name] for name in ("latency_cycles", "latency_max_cycles", "interval_cycles"))
        return dict(zip(self._records, zip(*columns, strict=True), strict=True))

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {safe: name for name, safe in self.context.names.items()}

    def node(self, layer: HlsLayer) -> Node | None:
        """The network node whose layer or step this is; None for a copy to a port."""
        name = self._owners.get(layer.name)
        if name is None and (step := re.match("step_[a-z]+[0-9]*_(.*)", layer.name)) is not None:
            name = self._owners.get(step[1])
        return None if name is None else self.context.network[name]

    def _image(self, node: str) -> tuple[int, int]:
        """Rows and columns of a result; a sequence has one row."""
        rows, columns = _last_two(self.context.shape(node)[:-1], 1)
        return rows, columns

    def _windows(self, node: Node | None) -> Walk:
        assert isinstance(node, Conv | Pool)
        size = node.size if isinstance(node, Pool) else plain_convolution(node).weight.shape[:-2]
        return walks.windows(
            self._image(node.inputs[0]),
            _last_two(size, 1),
            _last_two(node.strides, 1),
            _last_two(node.padding, (0, 0)),
        )


_AxisT = TypeVar("_AxisT")


def _last_two(axes: Sequence[_AxisT], filling: _AxisT) -> tuple[_AxisT, _AxisT]:
    """Something of rows and columns, from something of one or two axes, or none."""
    first, second = (filling, filling, *axes)[-2:]
    return first, second


def _pair(layer: HlsLayer, what: str) -> tuple[int, int]:
    """An hls4ml layer's attributes of rows and columns; what has none has one row."""
    return layer.attributes.get(f"{what}_height", 1), layer.attributes[f"{what}_width"]


def _pads(layer: HlsLayer) -> Pairs:
    top, bottom = (layer.attributes.get(f"pad_{side}", 0) for side in ("top", "bottom"))
    return (top, bottom), (layer.attributes["pad_left"], layer.attributes["pad_right"])
