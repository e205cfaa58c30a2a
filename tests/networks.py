"""Small random networks of every kind of node, for tests that must hold for any network."""

from __future__ import annotations

import numpy as np

from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
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
    Threshold,
    Transpose,
    UpSample,
)

INPUT_TYPE = FixedType(7, 3, True, Rounding.RND_CONV, Overflow.SAT)


def grid(rng: np.random.Generator, shape: tuple[int, ...], bits: int = 4, fraction: int = 2) -> np.ndarray:
    """Random constants of ``bits`` signed bits on the grid ``2**-fraction``."""
    return rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape) / 2.0**fraction


def any_type(rng: np.random.Generator, overflow: Overflow | None = None) -> FixedType:
    """A random small type with random modes."""
    modes = rng.choice(np.array(Rounding, object)), overflow or rng.choice(np.array(Overflow, object))
    width = int(rng.integers(2, 9))
    return FixedType(width, int(rng.integers(-1, width + 2)), bool(rng.integers(2)), *modes)


def one_layer(kind: str, rng: np.random.Generator) -> Network:
    """A network of one node (with what it needs) on a (4, 4, 3) or (6,) input."""
    image = Input("x", (), (4, 4, 3), INPUT_TYPE)
    other = Input("y", (), (4, 4, 3), FixedType(5, 4))
    flat = Input("x", (), (6,), INPUT_TYPE)
    x = ("x",)
    ones = (1, 1)
    same = ((1, 1), (0, 1))
    node: Node
    inputs: tuple[Input, ...] = (flat,)
    match kind:
        case "dense":
            node = Dense("n", x, grid(rng, (6, 4)), grid(rng, (4,), 6, 4))
        case "einsum":
            inputs, node = (
                (image,),
                EinsumDense("n", x, "abc,cd->bad", grid(rng, (3, 2)), grid(rng, (4, 4, 2))),
            )
        case "conv":
            inputs, node = (
                (image,),
                Conv("n", x, grid(rng, (3, 2, 3, 4)), grid(rng, (4,)), (2, 1), same, ones),
            )
        case "grouped_conv":
            node = Conv("n", ("w",), grid(rng, (2, 3, 4)), None, (1,), ((1, 0),), (2,), 2)
            return Network((Input("w", (), (7, 6), INPUT_TYPE), node), ("n",))
        case "depthwise":
            inputs, node = (
                (image,),
                DepthwiseConv("n", x, grid(rng, (2, 2, 3, 2)), grid(rng, (6,)), ones, same, ones),
            )
        case "affine":
            node = Affine("n", x, grid(rng, (6,)), grid(rng, (6,), 6, 5))
        case "quantize":
            node = Quantize("n", x, any_type(rng))
        case "quantize_array":
            width = rng.integers(0, 6, (6,))
            modes = rng.choice(np.array(Rounding, object)), rng.choice(np.array(Overflow, object))
            node = QuantizeArray(
                "n", x, width, rng.integers(-1, 5, (6,)), rng.integers(0, 2, (6,)) > 0, *modes
            )
        case "threshold":
            edges = np.sort(rng.normal(size=(6, 3)) * 3, -1)
            values = np.array([-1.0, 0.5, 0.0, 2.0])
            own = np.where(rng.integers(2, size=(6, 1)), values, values[::-1])
            node = Threshold("n", x, edges, own, bool(rng.integers(2)))
        case "relu":
            node = Relu("n", x, grid(rng, (6,)), 2.5)
        case "clip":
            node = Clip("n", x, -1.5, 0.75)
        case "lookup":
            node = Lookup("n", x, INPUT_TYPE.storage(), grid(rng, (128,), 6, 3))
        case "max_pool" | "sum_pool":
            how = PoolKind.MAX if kind == "max_pool" else PoolKind.SUM
            inputs, node = (image,), Pool("n", x, how, (2, 3), (2, 1), same)
        case "concatenate":
            inputs, node = (image, other), Concatenate("n", ("x", "y"), 1)
        case "dot":
            inputs, node = (image, other), Dot("n", ("a", "b"), (1, 0))
            shapes = Reshape("a", x, (4, 12)), Reshape("b", ("y",), (12, 4))
            return Network((*inputs, *shapes, node), ("n",))
        case "reshape":
            inputs, node = (image,), Reshape("n", x, (2, 24))
        case "transpose":
            inputs, node = (image,), Transpose("n", x, (2, 0, 1))
        case "pad":
            inputs, node = (image,), Pad("n", x, ((1, 0), (-1, 2), (0, 1)))
        case "upsample":
            inputs, node = (image,), UpSample("n", x, (2, 3))
        case _:
            inputs, node = (image, other), Merge("n", ("x", "y", "x"), MergeKind(kind))
    return Network((*inputs, node), ("n",))


KINDS = (
    *("dense", "einsum", "conv", "grouped_conv", "depthwise", "affine", "quantize", "quantize_array"),
    *("threshold", "relu", "clip", "lookup", "max_pool", "sum_pool", "concatenate", "dot", "reshape"),
    *("transpose", "pad", "upsample", "add", "subtract", "multiply", "maximum", "minimum"),
)


def random_inputs(network: Network, rng: np.random.Generator, samples: int) -> dict[str, np.ndarray]:
    """Real inputs a little beyond the input types' ranges."""
    data = {}
    for node in network.inputs:
        assert node.type is not None
        span = 1.2 * max(-node.type.min, node.type.max)
        data[node.name] = rng.uniform(-span, span, (samples, *node.shape))
    return data
