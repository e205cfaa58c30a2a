"""Random networks of few bits: packed layers with every kind of neighbour."""

from __future__ import annotations

from math import prod

import numpy as np

from accelgen.ir import (
    Concatenate,
    Conv,
    Dense,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pool,
    PoolKind,
    Quantize,
    Reshape,
    Rounding,
    Threshold,
)
from accelgen.ir.nodes import Shape, window_output
from accelgen.passes.infer_types import infer_types


def weights(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Binary, ternary or 3- to 4-bit weights, at times on another grid, never all 0."""
    match rng.integers(4):
        case 0:
            values = rng.choice([-1.0, 1.0], shape)
        case 1:
            values = rng.choice([-1.0, 0.0, 1.0], shape)
        case 2:
            values = rng.integers(-2, 2, shape).astype(float)
        case _:
            values = rng.integers(-4, 4, shape).astype(float)
    values.flat[0] = 1.0
    return values * float(rng.choice([1, 1, 0.25, 2]))


ACTIVATIONS = ([-1, 1], [0, 1], [-1, 0, 1], [-3, -1, 1, 3], [0, 0.5, 1, 1.5, 2], list(range(-8, 8)))


def threshold(rng: np.random.Generator, name: str, source: str, n_out: int, reach: float) -> Threshold:
    """A few-bit activation whose channels rise, fall or stay, with thresholds on the sums and beyond them."""
    values = np.array(ACTIVATIONS[rng.integers(len(ACTIVATIONS))], float)
    per_channel = bool(rng.integers(4))
    edges = np.sort(rng.integers(-8, 9, (n_out if per_channel else 1, len(values) - 1)) / 8 * reach, -1)
    if rng.integers(2):
        edges = np.sort(np.round(edges), -1)
    edges[0, -1] = reach * 100
    if not per_channel:
        return Threshold(name, (source,), edges[0], values, bool(rng.integers(2)))
    own = np.where(rng.integers(2, size=(n_out, 1)), values, values[::-1])
    if rng.integers(3) == 0:
        own[0] = values[rng.integers(len(values))]  # a channel whose scale is 0
    return Threshold(name, (source,), edges, own, bool(rng.integers(2)))


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}

    def add(self, node: Node) -> str:
        self.shapes[node.name] = node.output_shape(tuple(self.shapes[source] for source in node.inputs))
        self.nodes.append(node)
        return node.name

    def name(self, kind: str) -> str:
        return f"{kind}{len(self.nodes)}"

    def int(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def start(self) -> str:
        """An input of few bits, or one whose few-bit activation is a layer of its own, or a wide one."""
        shape = ((self.int(1, 40),), (self.int(2, 7), self.int(1, 4)), (5, self.int(3, 6), self.int(1, 3)))
        kind = (FixedType(2, 2), FixedType(3, 1, False), FixedType(8, 4))[self.int(0, 2)]
        x = self.add(Input("x", (), shape[self.int(0, 2)], kind))
        if self.int(0, 1):
            return self.add(threshold(self.rng, self.name("t"), x, self.shapes[x][-1], kind.max))
        return x

    def linear(self, source: str) -> str:
        shape = self.shapes[source]
        n_out = self.int(1, 7)
        bias = self.rng.integers(-9, 9, n_out) / 4.0 if self.int(0, 1) else None
        if len(shape) == 1 or self.int(0, 3) == 0:
            return self.add(Dense(self.name("d"), (source,), weights(self.rng, (shape[-1], n_out)), bias))
        axes = []
        for size in shape[:-1]:
            taps, stride, dilation = self.int(1, min(size, 3)), self.int(1, 2), self.int(1, 2)
            span = (taps - 1) * dilation
            pads = (self.int(0, span), self.int(0, span))
            if window_output(size, taps, stride, dilation, pads) < 1:
                pads = (span, span)
            axes.append((taps, stride, pads, dilation))
        kernel, strides, padding, dilation = zip(*axes, strict=True)
        weight = weights(self.rng, (*kernel, shape[-1], n_out))
        return self.add(Conv(self.name("c"), (source,), weight, bias, strides, padding, dilation))

    def activation(self, source: str) -> str:
        shape = self.shapes[source]
        if self.int(0, 5) == 0:
            modes = Rounding.RND_CONV, Overflow.SAT_SYM
            kind = FixedType(self.int(2, 4), self.int(2, 5), True, *modes)
            return self.add(Quantize(self.name("q"), (source,), kind))
        return self.add(threshold(self.rng, self.name("t"), source, shape[-1], float(self.int(1, 12))))

    def neighbour(self, source: str) -> str:
        """Mostly nothing; else a pool, a reshape, a merge or a concatenation."""
        shape = self.shapes[source]
        name = self.name("n")
        match self.int(0, 7):
            case 0 | 1 if len(shape) > 1:
                size = tuple(self.int(1, min(2, extent)) for extent in shape[:-1])
                pads = tuple((self.int(0, taps - 1), 0) for taps in size)
                return self.add(Pool(name, (source,), PoolKind.MAX, size, (1,) * len(size), pads))
            case 2 | 3 if len(shape) > 1:
                return self.add(Reshape(name, (source,), (prod(shape),)))
            case 4:
                return self.add(Reshape(name, (source,), (1, prod(shape[:-1]), shape[-1])))
            case 5 if len(shape) > 1 and shape[-2] > 1:
                return self.add(Reshape(name, (source,), (*shape[:-2], shape[-2] * shape[-1])))
            case 6:
                same = [other for other, size in self.shapes.items() if size == shape]
                other = str(self.rng.choice(same))
                return self.add(Merge(name, (source, other), MergeKind.MAXIMUM))
            case 7:
                fitting = [other for other, size in self.shapes.items() if size[:-1] == shape[:-1]]
                return self.add(Concatenate(name, (source, str(self.rng.choice(fitting))), -1))
        return source


def few_bit_network(seed: int, blocks: int = 3) -> Network:
    """A typed, exact network of ``blocks`` linear layers, its result and at times others its outputs."""
    maker = _Maker(seed)
    current = maker.start()
    for _ in range(blocks):
        current = maker.neighbour(maker.activation(maker.linear(current)))
    last = maker.linear(current)
    used = {source for node in maker.nodes for source in node.inputs}
    others = [
        node.name for node in maker.nodes if isinstance(node, Threshold | Pool) and maker.int(0, 5) == 0
    ]
    ends = [node.name for node in maker.nodes if node.name not in used and node.name != last]
    outputs = tuple(dict.fromkeys([last, *ends, *others]))
    return infer_types(Network(tuple(maker.nodes), outputs))
