"""Whole random networks: branches, merges, several inputs and outputs, every kind of node in any order."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from accelgen.design import Design, IoType, LayerDesign, RowSharing, Strategy
from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
    Embedding,
    FixedType,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    QuantizeArray,
    Relu,
    Reshape,
    Rounding,
    Softmax,
    Threshold,
    Transpose,
    UpSample,
)
from accelgen.ir.nodes import Shape, window_output
from accelgen.passes.bounds import bounds, type_of
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types
from tests.cells import CELLS, make_cell

MAX_ELEMENTS = 150
MAX_WIDTH = 28
"""A tensor wider than this is cast before it is used again, so that no network grows without end."""


class NetworkMaker:
    """Draws one network; every method of the table `STEPS` adds a layer to a tensor that it can take."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self.bounds: dict[str, object] = {}

    def draw(self, n_steps: int) -> Network:
        """A typed, exact network of about ``n_steps`` layers."""
        for index in range(self.int(1, 2)):
            kind = FixedType(self.int(2, 7), self.int(-1, 6), bool(self.int(0, 3)))
            self.add(Input(f"x{index}", (), self.input_shape(), kind))
        for _ in range(n_steps):
            names = list(STEPS)
            for step in self.rng.permutation(len(names)):
                source = self.source()
                if STEPS[names[step]](self, source):
                    break
        used = {source for node in self.nodes for source in node.inputs}
        ends = [node.name for node in self.nodes if node.name not in used]
        others = [node.name for node in self.nodes if node.name in used]
        extra = [str(self.rng.choice(others))] if others and self.int(0, 3) == 0 else []
        return infer_types(Network(tuple(self.nodes), (*ends, *extra)))

    def int(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def grid(self, *shape: int, bits: int = 4, fraction: int = 2) -> np.ndarray:
        """Constants of few bits, sometimes sparse, sometimes all alike."""
        values = self.rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape) / 2.0**fraction
        match self.int(0, 7):
            case 0:
                return values * (self.rng.random(shape) < 0.3)
            case 1:
                return np.full(shape, values.flat[0] if values.size else 0.0)
            case 2:
                return np.zeros(shape)
        return values

    def input_shape(self) -> Shape:
        """One to three axes."""
        rank = self.int(1, 3)
        return tuple(self.int(1, {1: 12, 2: 6, 3: 5}[rank]) for _ in range(rank))

    def modes(self) -> tuple[Rounding, Overflow]:
        """Modes of a cast."""
        return self.rng.choice(np.array(Rounding, object)), self.rng.choice(np.array(Overflow, object))

    def type_near(self, source: str, most_bits: int = 8) -> FixedType:
        """A type that keeps some of the tensor's bits, with any modes."""
        kind = type_of(self.bounds[source])  # type: ignore[arg-type]
        width = self.int(1, most_bits)
        rounding, overflow = self.modes()
        signed = bool(self.int(0, 4))
        if width == 1 and signed and overflow is Overflow.SAT_SYM:
            overflow = Overflow.SAT
        return FixedType(width, kind.integer + self.int(-2, 1), signed, rounding, overflow)

    def add(self, node: Node) -> str:
        """Append the node and return its name."""
        inputs = [self.bounds[source] for source in node.inputs]
        shape = node.output_shape(tuple(self.shapes[source] for source in node.inputs))
        self.shapes[node.name] = shape
        self.bounds[node.name] = bounds(node, inputs, shape)  # type: ignore[arg-type]
        self.nodes.append(node)
        return node.name

    def name(self) -> str:
        """The next node's name."""
        return f"n{len(self.nodes)}"

    def source(self) -> str:
        """A tensor to go on from: mostly a recent one, cast first where it is wide."""
        names = [node.name for node in self.nodes]
        index = len(names) - 1 - min(int(self.rng.geometric(0.6)) - 1, len(names) - 1)
        return self.narrow(names[index])

    def narrow(self, name: str) -> str:
        """The tensor, or a cast of it where it is wide."""
        if type_of(self.bounds[name]).width <= MAX_WIDTH:  # type: ignore[arg-type]
            return name
        return self.add(Quantize(self.name(), (name,), self.type_near(name)))

    def type_of(self, name: str) -> FixedType:
        """The type of a tensor as the network will have it."""
        node = next(node for node in self.nodes if node.name == name)
        own = node.type if isinstance(node, Input | Quantize | Softmax) else None
        return type_of(self.bounds[name]) if own is None else own.storage()  # type: ignore[arg-type]

    def windows(self, shape: Shape) -> dict[str, tuple] | None:
        """A kernel's size with strides, padding and dilation that fit the spatial axes of ``shape``."""
        axes = []
        for size in shape[:-1]:
            kernel, stride, dilation = self.int(1, 3), self.int(1, 3), self.int(1, 2)
            span = (kernel - 1) * dilation
            pads = (self.int(0, span), self.int(0, span)) if self.int(0, 1) else (0, 0)
            if window_output(size, kernel, stride, dilation, pads) < 1:
                return None
            axes.append((kernel, stride, dilation, pads))
        kernel, strides, dilation, padding = zip(*axes, strict=True)
        return {"kernel": kernel, "strides": strides, "dilation": dilation, "padding": padding}


def _fits(maker: NetworkMaker, node: Node) -> bool:
    shape = node.output_shape(tuple(maker.shapes[source] for source in node.inputs))
    if prod(shape) > MAX_ELEMENTS:
        return False
    maker.add(node)
    return True


def _bias(maker: NetworkMaker, n_out: int) -> np.ndarray | None:
    return maker.grid(n_out, bits=6, fraction=4) if maker.int(0, 3) else None


def _dense(maker: NetworkMaker, source: str) -> bool:
    n_in, n_out = maker.shapes[source][-1], maker.int(1, 8)
    return _fits(
        maker, Dense(maker.name(), (source,), maker.grid(n_in, n_out), _bias(maker, n_out))
    ) and _activation(maker)


def _activation(maker: NetworkMaker) -> bool:
    """Mostly follow a linear layer with a rectifier and a cast, as networks do."""
    last = maker.nodes[-1].name
    if maker.int(0, 2):
        if maker.int(0, 1):
            last = maker.add(Relu(maker.name(), (last,)))
        maker.add(Quantize(maker.name(), (last,), maker.type_near(last)))
    return True


def _conv(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    if len(shape) not in (2, 3) or (window := maker.windows(shape)) is None:
        return False
    kernel = window.pop("kernel")
    groups = maker.int(1, 3)
    if shape[-1] % groups:
        groups = 1
    n_out = groups * maker.int(1, 2)
    weight = maker.grid(*kernel, shape[-1] // groups, n_out)
    node = Conv(maker.name(), (source,), weight, _bias(maker, n_out), groups=groups, **window)
    return _fits(maker, node) and _activation(maker)


def _depthwise(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    if len(shape) not in (2, 3) or (window := maker.windows(shape)) is None:
        return False
    multiplier = maker.int(1, 2)
    weight = maker.grid(*window.pop("kernel"), shape[-1], multiplier)
    node = DepthwiseConv(maker.name(), (source,), weight, _bias(maker, shape[-1] * multiplier), **window)
    return _fits(maker, node) and _activation(maker)


def _pool(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    if len(shape) not in (2, 3):
        return False
    if maker.int(0, 3) == 0:
        window = {"kernel": shape[:-1], "strides": shape[:-1], "padding": ((0, 0),) * (len(shape) - 1)}
    else:
        window = maker.windows(shape) or {}
        window.pop("dilation", None)
    if not window:
        return False
    size = window.pop("kernel")
    pads = tuple(
        (min(before, taps - 1), min(after, taps - 1))
        for (before, after), taps in zip(window.pop("padding"), size, strict=True)
    )
    kind = PoolKind.MAX if maker.int(0, 1) else PoolKind.SUM
    node = Pool(maker.name(), (source,), kind, size, padding=pads, **window)
    try:
        return _fits(maker, node)
    except Exception:
        return False


def _affine(maker: NetworkMaker, source: str) -> bool:
    shape = _part(maker, maker.shapes[source])
    return _fits(
        maker, Affine(maker.name(), (source,), maker.grid(*shape), maker.grid(*shape, bits=6, fraction=4))
    )


def _part(maker: NetworkMaker, shape: Shape) -> Shape:
    """The shape of a constant: one number, one a channel, or one an element."""
    return ((1,), shape[-1:], shape)[maker.int(0, 2)]


def _quantize(maker: NetworkMaker, source: str) -> bool:
    return _fits(maker, Quantize(maker.name(), (source,), maker.type_near(source)))


def _quantize_array(maker: NetworkMaker, source: str) -> bool:
    shape = _part(maker, maker.shapes[source])
    integer = type_of(maker.bounds[source]).integer  # type: ignore[arg-type]
    rounding, overflow = maker.modes()
    node = QuantizeArray(
        maker.name(),
        (source,),
        maker.rng.integers(0, 7, shape),
        maker.rng.integers(integer - 2, integer + 2, shape),
        maker.rng.integers(0, 2, shape) > 0,
        rounding,
        overflow,
    )
    return _fits(maker, node)


def _threshold(maker: NetworkMaker, source: str) -> bool:
    levels = maker.int(1, 4)
    shape = (maker.shapes[source][-1], levels) if maker.int(0, 1) else (levels,)
    top = max(abs(type_of(maker.bounds[source]).min), type_of(maker.bounds[source]).max)  # type: ignore[arg-type]
    edges = np.sort(maker.rng.uniform(-1.1 * top, 1.1 * top, shape), -1)
    if maker.int(0, 1):
        edges = np.sort(np.round(edges * 4) / 4, -1)
    values = maker.grid(*shape[:-1], levels + 1)
    if maker.int(0, 1):
        values = np.sort(values)
    return _fits(maker, Threshold(maker.name(), (source,), edges, values, bool(maker.int(0, 1))))


def _relu(maker: NetworkMaker, source: str) -> bool:
    slope = np.zeros(1) if maker.int(0, 1) else maker.grid(*_part(maker, maker.shapes[source]))
    upper = (None, 0.5, 1.25, 6.0)[maker.int(0, 3)]
    return _fits(maker, Relu(maker.name(), (source,), slope, upper))


def _clip(maker: NetworkMaker, source: str) -> bool:
    low, high = sorted(maker.rng.integers(-20, 20, 2) / 8)
    return _fits(maker, Clip(maker.name(), (source,), float(low), float(high)))


def _lookup(maker: NetworkMaker, source: str) -> bool:
    if maker.type_of(source).width > 8:
        source = maker.add(Quantize(maker.name(), (source,), maker.type_near(source)))
    index = maker.type_of(source)
    return _fits(maker, Lookup(maker.name(), (source,), index, maker.grid(1 << index.width, bits=6)))


def _softmax(maker: NetworkMaker, source: str) -> bool:
    width = maker.int(4, 16)
    kind = FixedType(width, maker.int(0, 1), False, Rounding.RND, Overflow.SAT)
    if maker.type_of(source).width > 16:
        source = maker.add(Quantize(maker.name(), (source,), maker.type_near(source)))
    return _fits(maker, Softmax(maker.name(), (source,), kind))


def _merge(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    same = [name for name, other in maker.shapes.items() if other == shape]
    wide = [name for name, other in maker.shapes.items() if _broadcasts(other, shape)]
    kinds = [kind for kind in MergeKind if kind is not MergeKind.AVERAGE]
    kind = kinds[maker.int(0, len(kinds) - 1)]
    others = [str(maker.rng.choice(same if maker.int(0, 1) else wide))]
    if kind is not MergeKind.SUBTRACT and maker.int(0, 2) == 0:
        others.append(str(maker.rng.choice(same)))
    sources = [source, *map(maker.narrow, others)]
    if kind is not MergeKind.SUBTRACT:
        sources = [sources[i] for i in maker.rng.permutation(len(sources))]
    return _fits(maker, Merge(maker.name(), tuple(sources), kind))


def _broadcasts(shape: Shape, target: Shape) -> bool:
    try:
        return len(shape) == len(target) and prod(np.broadcast_shapes(shape, target)) <= MAX_ELEMENTS
    except ValueError:
        return False


def _concatenate(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    axis = maker.int(0, len(shape) - 1)
    rest = np.delete(shape, axis).tolist()
    fitting = [
        name
        for name, other in maker.shapes.items()
        if len(other) == len(shape) and np.delete(other, axis).tolist() == rest
    ]
    others = [maker.narrow(str(maker.rng.choice(fitting))) for _ in range(maker.int(1, 3))]
    given = axis - len(shape) if maker.int(0, 1) else axis
    return _fits(maker, Concatenate(maker.name(), (source, *others), given))


def _reshape(maker: NetworkMaker, source: str) -> bool:
    size = prod(maker.shapes[source])
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    first = int(maker.rng.choice(divisors))
    second = int(maker.rng.choice([d for d in divisors if (size // first) % d == 0]))
    shape = ((size,), (first, size // first), (first, second, size // first // second))[maker.int(0, 2)]
    return _fits(maker, Reshape(maker.name(), (source,), shape))


def _transpose(maker: NetworkMaker, source: str) -> bool:
    axes = maker.rng.permutation(len(maker.shapes[source]))
    return _fits(maker, Transpose(maker.name(), (source,), tuple(int(axis) for axis in axes)))


def _pad(maker: NetworkMaker, source: str) -> bool:
    low = maker.int(-1, 0)
    padding = tuple((maker.int(low, 1), maker.int(low, 1)) for _ in maker.shapes[source])
    if min(size + sum(pair) for size, pair in zip(maker.shapes[source], padding, strict=True)) < 1:
        return False
    return _fits(maker, Pad(maker.name(), (source,), padding))


def _upsample(maker: NetworkMaker, source: str) -> bool:
    rank = len(maker.shapes[source]) - 1
    if rank not in (1, 2):
        return False
    return _fits(maker, UpSample(maker.name(), (source,), tuple(maker.int(1, 3) for _ in range(rank))))


def _einsum(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    n_out = maker.int(1, 3)
    if len(shape) == 3:
        equations = {
            "abc,cd->abd": (shape[2], n_out),
            "abc,cde->adbe": (shape[2], n_out, 2),
            "abc,abd->adbc": (shape[0], shape[1], n_out),
            "abc,bcd->ad": (*shape[1:], n_out),
        }
    elif len(shape) == 2:
        equations = {"ab,bc->ac": (shape[1], n_out), "ab,ac->cb": (shape[0], n_out)}
    else:
        return False
    equation = str(maker.rng.choice(list(equations)))
    return _fits(
        maker, EinsumDense(maker.name(), (source,), equation, maker.grid(*equations[equation]), None)
    ) and _activation(maker)


def _dot(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    axis = maker.int(0, len(shape) - 1)
    fitting = [
        (name, position)
        for name, other in maker.shapes.items()
        for position, size in enumerate(other)
        if size == shape[axis] and len(other) <= 2
    ]
    if not fitting or len(shape) > 2:
        return False
    other, position = fitting[maker.int(0, len(fitting) - 1)]
    other = maker.narrow(other)
    return _fits(maker, Dot(maker.name(), (source, other), (axis, position)))


def _embedding(maker: NetworkMaker, source: str) -> bool:
    if len(maker.shapes[source]) > 1:
        return False
    bits = maker.int(1, 3)
    index = FixedType(bits, bits, False, Rounding.TRN, Overflow.SAT)
    codes = maker.add(Quantize(maker.name(), (source,), index))
    return _fits(maker, Embedding(maker.name(), (codes,), maker.grid(1 << bits, maker.int(1, 4))))


def _recurrent(maker: NetworkMaker, source: str) -> bool:
    shape = maker.shapes[source]
    if len(shape) != 2 or shape[0] > 6:
        return False
    if maker.type_of(source).width > 8:
        source = maker.add(Quantize(maker.name(), (source,), maker.type_near(source)))
    kind = maker.type_of(source)
    cell = make_cell(str(maker.rng.choice(CELLS)), shape[1], maker.int(1, 3), maker.rng)
    options = {name: bool(maker.int(0, 1)) for name in ("return_sequences", "go_backwards", "in_input_order")}
    alone = Network(
        (Input(source, (), shape, kind), cell.repeated(maker.name(), source, **options)), (maker.name(),)
    )
    for node in make_exact(alone).nodes[1:]:
        maker.add(node)
    return True


STEPS: dict[str, Callable[[NetworkMaker, str], bool]] = {
    "dense": _dense,
    "conv": _conv,
    "depthwise": _depthwise,
    "pool": _pool,
    "affine": _affine,
    "quantize": _quantize,
    "quantize_array": _quantize_array,
    "threshold": _threshold,
    "relu": _relu,
    "clip": _clip,
    "lookup": _lookup,
    "softmax": _softmax,
    "merge": _merge,
    "concatenate": _concatenate,
    "reshape": _reshape,
    "transpose": _transpose,
    "pad": _pad,
    "upsample": _upsample,
    "einsum": _einsum,
    "dot": _dot,
    "embedding": _embedding,
    "recurrent": _recurrent,
}


def random_network(seed: int) -> Network:
    """An exact, typed network of 3 to 14 layers; the same for the same seed."""
    maker = NetworkMaker(seed)
    return maker.draw(maker.int(3, 14))


def random_design(network: Network, seed: int) -> Design:
    """Choices of any kind, illegal reuse factors among them, some for single layers."""
    rng = np.random.default_rng(seed)
    # distributed arithmetic needs an optional package, and a reuse factor of 1
    strategies = [strategy for strategy in Strategy if strategy is not Strategy.DISTRIBUTED_ARITHMETIC]
    sharings = (RowSharing.AUTO, RowSharing.NONE, RowSharing.SPANNING_TREE, RowSharing.SUBEXPRESSIONS)

    def layer() -> LayerDesign:
        reuse, positions = (int(rng.choice([1, 2, 3, 4, 7, 16, 1000])) for _ in range(2))
        sharing = sharings[rng.integers(len(sharings))]
        return LayerDesign(strategies[rng.integers(len(strategies))], reuse, positions, row_sharing=sharing)

    chosen = [node.name for node in network if rng.random() < 0.3]
    io_type = IoType.STREAM if rng.integers(2) else IoType.PARALLEL
    return Design(io_type=io_type, default=layer(), layers={name: layer() for name in chosen})
