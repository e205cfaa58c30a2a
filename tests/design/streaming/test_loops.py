"""Steps of loops, counted by hand."""

import numpy as np
import pytest

from accelgen.design.streaming.loops import Loop, loops, tokens
from accelgen.ir import (
    Conv,
    Dense,
    DepthwiseConv,
    Input,
    Network,
    Pad,
    Pool,
    Relu,
    Reshape,
    Transpose,
    UpSample,
)

NONE = ((0, 0), (0, 0))
SAME = ((1, 1), (1, 1))
TWICE = (2, 2)
ONCE = (1, 1)


def loop_of(*nodes) -> Loop:
    """The loop of the last of some layers on an image of 8 x 6 pixels of 3 channels."""
    network = Network((Input("x", (), (8, 6, 3)), *nodes), (nodes[-1].name,))
    return loops(network)[nodes[-1].name]


def conv(strides=ONCE, padding=NONE, size=(3, 3), dilation=ONCE, source="x"):
    return Conv("conv", (source,), np.ones((*size, 3, 2)), None, strides, padding, dilation)


@pytest.mark.parametrize(
    ("node", "steps", "behind"),
    [
        (conv(), 48, 1),
        (conv(strides=TWICE), 48, 0),  # windows end at rows 2, 4, 6 and columns 2, 4
        (
            conv(padding=SAME),
            80,
            1 + 1 + 6 + 1,
        ),  # its row's end, the last row, one that padding holds
        (conv(strides=TWICE, padding=SAME), 80, 1 + 1),
        (conv(dilation=TWICE), 48, 1),
        (conv(size=(1, 3), strides=TWICE), 54, 0),  # a row of zeros behind the image, which ends no window
        (DepthwiseConv("depth", ("x",), np.ones((3, 3, 3, 1)), None, ONCE, NONE, ONCE), 48, 1),
        (Pool("pool", ("x",), size=TWICE, strides=TWICE, padding=NONE), 48, 1),
        (Pad("pad", ("x",), (*SAME, (0, 0))), 80, 1 + 1 + 8),
        (Pad("crop", ("x",), ((-1, -1), (0, 0), (0, 0))), 48, 0),
        (UpSample("up", ("x",), (2, 3)), 16 * 18, 3 + 18),
        (Relu("relu", ("x",)), 48, 1),
        (Dense("dense", ("x",), np.ones((3, 4))), 48, 1),
        (Transpose("turned", ("x",), (1, 0, 2)), 96, 48),
        (Transpose("same", ("x",), (0, 1, 2)), 48, 1),
    ],
)
def test_one_layer(node, steps, behind):
    assert loop_of(node) == Loop(steps, behind)


def test_a_dense_layer_reads_what_is_flattened_in_its_own_tokens():
    flat = Reshape("flat", ("x",), (144,))
    assert loop_of(flat, Dense("fc", ("flat",), np.ones((144, 2)))) == Loop(49, 1)


def test_activations_hold_tokens_before_a_window():
    assert loop_of(Relu("relu", ("x",)), Relu("more", ("relu",)), conv(source="more")) == Loop(48, 1 + 2)


def test_loops_are_kept_as_long_as_their_network():
    network = Network((Input("x", (), (4, 2)), Relu("relu", ("x",))), ("relu",))
    assert loops(network) is loops(network)
    assert tokens("x", network) == 4
