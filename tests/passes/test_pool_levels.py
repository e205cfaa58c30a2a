"""Max pools behind thresholds: the same codes, an OR where there was a maximum of sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.ir import (
    Affine,
    Conv,
    Dense,
    FixedType,
    Input,
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
from accelgen.passes.pipeline import exact_network

SIGN = (np.zeros(1), np.array([-1.0, 1.0]))
TERNARY = (np.array([-0.5, 0.5]), np.array([-1.0, 0.0, 1.0]))
FOUR = (np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0, 3.0]))
UNEVEN = (np.array([-1.0, 1.0]), np.array([0.0, 1.0, 4.0]))
ROUNDED = FixedType(2, 2, True, Rounding.RND_CONV, Overflow.SAT_SYM)


def _signs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape)


def _network(
    steps: tuple[np.ndarray, np.ndarray] | FixedType,
    seed: int,
    *,
    pool_first: bool,
    pad: int = 0,
    next_pad: int = 0,
    flatten: bool = False,
) -> Network:
    rng = np.random.default_rng(seed)
    scale = rng.choice([-1.0, 1.0, 0.0], 6, p=[0.45, 0.45, 0.1]) * rng.uniform(0.01, 3, 6)
    kernel = _signs(rng, 3, 3, 2, 6)
    nodes: list[Node] = [
        Input("x", (), (8, 8, 2), FixedType(3, 3)),
        Conv("conv", ("x",), kernel, rng.normal(size=6), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ]

    def pool(source: str) -> Node:
        return Pool("pool", (source,), PoolKind.MAX, (2, 2), (2, 2), ((pad, pad), (0, 0)))

    def scaled(source: str) -> list[Node]:
        affine = Affine("bn", (source,), scale, rng.normal(size=6) * 3)
        step = Quantize("step", ("bn",), steps) if isinstance(steps, FixedType) else None
        return [affine, step or Threshold("step", ("bn",), *steps)]  # type: ignore[misc]

    nodes += [pool("conv"), *scaled("pool")] if pool_first else [*scaled("conv"), pool("step")]
    last = nodes[-1].name
    if flatten:
        positions = Network(tuple(nodes), (last,)).shapes[last]
        size = int(np.prod(positions))
        nodes += [Reshape("flat", (last,), (size,)), Dense("next", ("flat",), _signs(rng, size, 3))]
    else:
        pads = ((next_pad, next_pad), (0, 0))
        nodes.append(Conv("next", (last,), _signs(rng, 2, 2, 6, 3), None, (1, 1), pads, (1, 1)))
    return Network(tuple(nodes), ("next",))


def _check(network: Network) -> list[str]:
    """The kinds of the exact network's nodes; its outputs equal the real function's."""
    exact = exact_network(network)
    data = {"x": np.random.default_rng(0).integers(-4, 4, (8, 8, 8, 2)).astype(float)}
    got, want = reference.predict(exact, data), real.evaluate(network, data)
    np.testing.assert_array_equal(got[exact.outputs[0]], want["next"])
    return [type(node).__name__ for node in exact.nodes[1:]]


@given(
    st.sampled_from([SIGN, TERNARY, FOUR, UNEVEN, ROUNDED]),
    st.integers(0, 2**32),
    st.booleans(),
    st.integers(0, 1),
    st.integers(0, 1),
    st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_pooling_levels_changes_no_result(steps, seed, pool_first, pad, next_pad, flatten):
    _check(_network(steps, seed, pool_first=pool_first, pad=pad, next_pad=next_pad, flatten=flatten))


@pytest.mark.parametrize("steps", [SIGN, TERNARY, ROUNDED])
@pytest.mark.parametrize("pool_first", [True, False])
@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("pad", [0, 1])
def test_pools_of_bipolar_and_ternary_levels_follow_the_thresholds(steps, pool_first, flatten, pad):
    kinds = _check(_network(steps, 3, pool_first=pool_first, pad=pad, next_pad=pad, flatten=flatten))
    between = ["Reshape", "Dense"] if flatten else ["Conv"]
    assert kinds == ["Conv", "Threshold", "Pool", *between]


def test_levels_from_zero_give_the_next_layer_an_offset():
    assert _check(_network(FOUR, 3, pool_first=True)) == ["Conv", "Threshold", "Pool", "Conv"]


@pytest.mark.parametrize(("steps", "next_pad"), [(FOUR, 1), (UNEVEN, 0)])
def test_a_pool_stays_where_no_layer_can_take_the_offset(steps, next_pad):
    kinds = _check(_network(steps, 3, pool_first=True, next_pad=next_pad))
    assert kinds == ["Conv", "Pool", "Threshold", "Conv"]


def test_a_pool_of_padding_alone_stays():
    nodes = (
        Input("x", (), (4, 4, 1), FixedType(3, 3)),
        Pool("pool", ("x",), PoolKind.MAX, (1, 1), (1, 1), ((1, 1), (1, 1))),
        Threshold("step", ("pool",), *SIGN),
    )
    exact = exact_network(Network(nodes, ("step",)))
    assert [type(node).__name__ for node in exact.nodes] == ["Input", "Pool", "Threshold"]
