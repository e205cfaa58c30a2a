"""Networks drawn by hypothesis: a chain of nodes, some with a branch, around scales of every kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    Relu,
    Reshape,
    Rounding,
    Softmax,
    Threshold,
    Transpose,
    Unary,
    UpSample,
)

_CAST = FixedType(6, 3, True, Rounding.RND_CONV, Overflow.SAT)
_FEW = FixedType(3, 2, True, Rounding.TRN, Overflow.SAT)
_UNSIGNED = FixedType(5, 3, False, Rounding.RND_CONV, Overflow.SAT)
_IMAGE = ("conv", "padded_conv", "grouped", "depthwise", "max", "average", "sum", "up", "pad", "transpose")
_ANY = (
    "affine",
    "scale",
    "shift",
    "relu",
    "relu6",
    "leaky",
    "clip",
    "cast",
    "unsigned",
    "few",
    "sign",
    "tanh",
    "add",
    "join",
)
_FLAT = ("dense", "quantized_dense", "reshape", "softmax")


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A network on an input "x" of shape (4, 6, 2)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    nodes: list[Node] = [Input("x", (), (4, 6, 2))]
    shape: tuple[int, ...] = (4, 6, 2)
    for index in range(draw(st.integers(1, 8))):
        kinds = _ANY + (_IMAGE if len(shape) == 3 and min(shape[:2]) > 2 and max(shape) < 20 else _FLAT)
        more = _nodes(draw(st.sampled_from((*kinds, "affine", "scale"))), f"n{index}", nodes, shape, rng)
        for node in more:
            nodes.append(node)
            shapes = Network(tuple(nodes), (node.name,)).shapes
        shape = shapes[nodes[-1].name]
    names = [node.name for node in nodes]
    extra = draw(st.lists(st.sampled_from(names), max_size=1)) if draw(st.booleans()) else []
    return Network(tuple(nodes), (names[-1], *extra))


def _nodes(
    kind: str, name: str, nodes: list[Node], shape: tuple[int, ...], rng: np.random.Generator
) -> list[Node]:
    x = (nodes[-1].name,)
    channels = shape[-1]
    ones = (1, 1)
    none = ((0, 0), (0, 0))

    def weight(*size: int) -> np.ndarray:
        floats = rng.normal(size=size)
        return np.round(floats * 4) / 4 if rng.integers(2) else floats

    match kind:
        case "affine":
            sizes = [(1,), (channels,), shape]
            return [Affine(name, x, *(rng.normal(size=sizes[rng.integers(3)]) for _ in range(2)))]
        case "scale":
            return [Affine(name, x, np.abs(rng.normal(size=(1,))) + 0.1, np.zeros(1))]
        case "shift":
            return [Affine(name, x, np.array([0.5]), np.array([0.25]))]
        case "relu" | "relu6" | "leaky":
            slope = np.array([0.125 if kind == "leaky" else 0.0])
            return [Relu(name, x, slope, 6.0 if kind == "relu6" else None)]
        case "clip":
            return [Clip(name, x, -8.0, 8.0)]
        case "cast" | "unsigned":
            return [Quantize(name, x, _CAST if kind == "cast" else _UNSIGNED)]
        case "few":  # and "sign": no step where the order of additions would decide
            offset = Affine(name + "o", x, np.ones(1), rng.normal(size=(1,)))
            return [offset, Quantize(name, (offset.name,), _FEW)]
        case "sign":
            edges = np.sort(rng.normal(size=(channels, 2)), -1)
            return [Threshold(name, x, edges, np.array([-1.0, 0.0, 1.0]) * rng.choice([-1.0, 1.0]))]
        case "tanh":
            return [Unary(name, x, "tanh")]
        case "softmax":
            return [Softmax(name, x)]
        case "add" | "join":
            scale = np.abs(rng.normal(size=(1,))) + 0.1
            first = Affine(name + "a", x, scale, np.zeros(1))
            second = Affine(name + "b", x, scale * 0.5, rng.normal(size=(1,)))
            inputs = (first.name, second.name)
            joins = Concatenate(name, inputs, 0), Merge(name, inputs, rng.choice(np.array(MergeKind, object)))
            return [first, second, joins[kind == "add"]]
        case "conv" | "padded_conv":
            pads = ((1, 0), (0, 1)) if kind == "padded_conv" else none
            return [Conv(name, x, weight(2, 2, channels, 3), weight(3), (1, 1), pads, ones)]
        case "grouped":
            return [Conv(name, x, weight(1, 2, 1, 2 * channels), None, (1, 2), none, ones, channels)]
        case "depthwise":
            return [DepthwiseConv(name, x, weight(2, 1, channels, 2), weight(2 * channels), ones, none, ones)]
        case "max" | "average" | "sum":
            return [Pool(name, x, PoolKind(kind), (2, 2), (1, 2), ((0, 1), (0, 0)))]
        case "up":
            return [UpSample(name, x, (2, 1))]
        case "pad":
            return [Pad(name, x, ((1, 0), (0, 2), (0, 0)))]
        case "transpose":
            flat = [Reshape(name + "f", (name + "t",), (int(np.prod(shape)),))] if rng.integers(2) else []
            return [Transpose(name + "t", x, tuple(rng.permutation(3).tolist())), *flat]
        case "reshape":
            return [Reshape(name, x, (int(np.prod(shape)),))]
        case _:
            matrix = weight(channels, 3)
            return [Dense(name, x, np.round(matrix) if kind == "quantized_dense" else matrix, weight(3))]
