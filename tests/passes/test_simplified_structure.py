"""What the passes leave: where scales end up, and what is no longer there."""

import numpy as np
import pytest

from accelgen.ir import (
    Affine,
    Clip,
    Conv,
    Dense,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pad,
    Quantize,
    Relu,
    Reshape,
    Rounding,
    Transpose,
)
from accelgen.passes.fold_affine import fold_affine
from accelgen.passes.merge_affines import merge_affines
from accelgen.passes.push_scales import push_scales
from accelgen.passes.remove_redundant import remove_redundant

CAST = FixedType(4, 2, True, Rounding.RND_CONV, Overflow.SAT)
UNSIGNED = FixedType(4, 2, False, Rounding.RND_CONV, Overflow.SAT)
RNG = np.random.default_rng(5)
GRID = RNG.integers(-3, 4, (6, 6)) / 4
FLOATS = RNG.normal(size=(6, 6))


def chain(*nodes: Node, shape: tuple[int, ...] = (6,)) -> Network:
    return Network((Input("x", (), shape), *nodes), (nodes[-1].name,))


def kinds(network: Network) -> list[str]:
    return [type(node).__name__ for node in network.nodes[1:]]


def affine(name: str, source: str, scale: float, bias: float = 0.0) -> Affine:
    return Affine(name, (source,), np.array([scale]), np.array([bias]))


def test_scales_merge_and_identities_go():
    network = chain(affine("a", "x", 4.0, 2.0), affine("b", "a", 0.25, -0.5), Relu("r", ("b",)))
    assert kinds(merge_affines(network)) == ["Relu"]


def test_a_real_scale_moves_through_quantized_layers_to_the_cast():
    network = chain(
        Quantize("q", ("x",), CAST),
        affine("s", "q", 0.3),
        Dense("d", ("s",), GRID),
        affine("b", "d", 1.7, 0.2),
        Quantize("o", ("b",), CAST),
    )
    pushed = push_scales(network)
    assert kinds(pushed) == ["Quantize", "Dense", "Affine", "Quantize"]
    merged = pushed.nodes[3]
    assert isinstance(merged, Affine)
    assert merged.scale.item() == pytest.approx(0.51)


def test_powers_of_two_stay_where_they_are():
    network = chain(affine("s", "x", 0.5, 0.25), Dense("d", ("s",), GRID), Relu("r", ("d",)))
    assert push_scales(network) is network


def test_a_scale_after_a_rectifier_joins_the_one_before():
    network = chain(affine("s", "x", 0.3, 0.1), Relu("r", ("s",)), affine("t", "r", 7.0))
    assert kinds(push_scales(network)) == ["Affine", "Relu"]


def test_equal_scales_leave_a_sum_together():
    nodes = (affine("a", "x", 0.3), affine("b", "x", 0.6, 1.0), Merge("m", ("a", "b"), MergeKind.ADD))
    pushed = push_scales(chain(*nodes))
    last = pushed.nodes[-1]
    assert isinstance(last, Affine)
    assert (last.scale.item(), last.bias.item()) == (0.3, 1.0)


def test_different_scales_stay_before_a_sum():
    nodes = (affine("a", "x", 0.3), affine("b", "x", 0.7), Merge("m", ("a", "b"), MergeKind.ADD))
    assert kinds(push_scales(chain(*nodes))) == ["Affine", "Affine", "Merge"]


def test_a_bias_does_not_pass_a_padded_convolution():
    conv = Conv("c", ("a",), np.ones((3, 1, 1)), None, (1,), ((1, 1),), (1,))
    network = chain(affine("a", "x", 0.3, 0.1), conv, shape=(6, 1))
    assert kinds(push_scales(network)) == ["Affine", "Conv"]


def test_float_weights_take_scales_on_both_sides():
    network = chain(affine("a", "x", 0.3, 0.1), Dense("d", ("a",), FLOATS), affine("b", "d", 0.7, 0.1))
    assert kinds(fold_affine(network)) == ["Dense"]


def test_quantized_weights_take_a_bias_and_powers_of_two_only():
    by_two = chain(Dense("d", ("x",), GRID), affine("b", "d", 0.5, 0.1))
    by_three = chain(Dense("d", ("x",), GRID), affine("b", "d", 0.3, 0.1))
    assert kinds(fold_affine(by_two)) == ["Dense"]
    assert kinds(fold_affine(by_three)) == ["Dense", "Affine"]


def test_a_layer_that_others_use_keeps_its_weights():
    network = Network(
        (Input("x", (), (6,)), Dense("d", ("x",), FLOATS), affine("b", "d", 0.7), Relu("r", ("d",))),
        ("b", "r"),
    )
    assert fold_affine(network) is network


@pytest.mark.parametrize(
    ("nodes", "left"),
    [
        ([Relu("r", ("x",)), Quantize("q", ("r",), UNSIGNED)], ["Quantize"]),
        ([Relu("r", ("x",)), Quantize("q", ("r",), CAST)], ["Relu", "Quantize"]),
        ([Relu("r", ("x",), upper=3.0), Quantize("q", ("r",), UNSIGNED)], ["Relu", "Quantize"]),
        ([Relu("r", ("x",), upper=4.0), Quantize("q", ("r",), UNSIGNED)], ["Quantize"]),
        ([Relu("r", ("x",)), affine("s", "r", 0.3), Quantize("q", ("s",), UNSIGNED)], ["Affine", "Quantize"]),
        ([Clip("c", ("x",), -2, 2), Quantize("q", ("c",), CAST)], ["Quantize"]),
        ([Clip("c", ("x",), -1, 2), Quantize("q", ("c",), CAST)], ["Clip", "Quantize"]),
        ([Quantize("p", ("x",), CAST), Clip("c", ("p",), -2, 2)], ["Quantize"]),
        ([Quantize("p", ("x",), CAST), Quantize("q", ("p",), FixedType(6, 3))], ["Quantize"]),
        ([Quantize("p", ("x",), CAST), Quantize("q", ("p",), UNSIGNED)], ["Quantize", "Quantize"]),
        ([Quantize("p", ("x",), UNSIGNED), Relu("r", ("p",))], ["Quantize"]),
        (
            [Reshape("p", ("x",), (2, 3)), Reshape("q", ("p",), (3, 2)), Relu("r", ("q",))],
            ["Reshape", "Relu"],
        ),
        ([Reshape("p", ("x",), (2, 3)), Transpose("t", ("p",), (1, 0))], ["Reshape", "Transpose"]),
        ([Reshape("p", ("x",), (1, 6)), Transpose("t", ("p",), (1, 0))], ["Reshape"]),
    ],
)
def test_what_is_redundant(nodes, left):
    assert kinds(remove_redundant(chain(*nodes))) == left


def test_two_transposes_cancel():
    network = chain(
        Transpose("t", ("x",), (2, 0, 1)),
        Transpose("u", ("t",), (1, 2, 0)),
        Relu("r", ("u",)),
        shape=(2, 3, 4),
    )
    assert kinds(remove_redundant(network)) == ["Relu"]


def test_padding_goes_into_the_convolution():
    conv = Conv("c", ("p",), np.ones((3, 1, 1)), None, (1,), ((1, 0),), (1,))
    network = remove_redundant(chain(Pad("p", ("x",), ((2, 1), (0, 0))), conv, shape=(6, 1)))
    (only,) = network.nodes[1:]
    assert isinstance(only, Conv)
    assert only.padding == ((3, 1),)


def test_weights_undo_a_transpose_before_them():
    network = chain(
        Transpose("t", ("x",), (2, 0, 1)),
        Reshape("f", ("t",), (24,)),
        Affine("a", ("f",), RNG.normal(size=24), np.zeros(1)),
        Dense("d", ("a",), RNG.normal(size=(24, 3))),
        shape=(2, 3, 4),
    )
    assert kinds(remove_redundant(network)) == ["Reshape", "Affine", "Dense"]


def _signs(*values: float) -> Affine:
    return Affine("s", ("x",), np.array(values), np.zeros(1))


def test_signs_behind_a_layer_go_into_its_columns():
    layer = Dense("d", ("x",), np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([0.5, 0.25]))
    signs = Affine("s", ("d",), np.array([2.0, -2.0]), np.zeros(1))
    folded = fold_affine(chain(layer, signs, shape=(2,)))
    assert kinds(folded) == ["Dense"]
    assert np.array_equal(folded["d"].weight, [[2, 2], [2, -2]])
    assert np.array_equal(folded["d"].bias, [1, -0.5])


def test_signs_before_layers_go_into_their_rows():
    flat = Reshape("f", ("s",), (4,))
    layer = Dense("d", ("f",), np.ones((4, 1)))
    folded = fold_affine(chain(_signs(1.0, -1.0), flat, layer, shape=(2, 2)))
    assert kinds(folded) == ["Reshape", "Dense"]
    assert np.array_equal(folded["d"].weight.ravel(), [1, -1, 1, -1])


def test_bits_before_a_layer_give_it_a_bias():
    levels = Affine("s", ("x",), np.array([0.5]), np.array([0.5]))
    folded = fold_affine(chain(levels, Dense("d", ("s",), np.array([[1.0], [-3.0]])), shape=(2,)))
    assert kinds(folded) == ["Dense"]
    assert np.array_equal(folded["d"].bias, [-1])


@pytest.mark.parametrize(
    ("scale", "bias", "padding"),
    [((1.0, 2.0**-6), 0.0, 0), ((0.3, 0.3), 0.0, 0), ((1.0, -1.0), 1.0, 1)],
    ids=["too wide", "no power of two", "a bias that padding has not"],
)
def test_other_scales_before_a_layer_stay(scale, bias, padding):
    layer = Conv("d", ("s",), np.ones((3, 2, 1)), None, (1,), ((padding, padding),), (1,))
    affine_before = Affine("s", ("x",), np.array(scale), np.array([bias]))
    network = chain(affine_before, layer, shape=(5, 2))
    assert fold_affine(network) is network
