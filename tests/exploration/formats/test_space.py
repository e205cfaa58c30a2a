from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.api import Model
from accelgen.design import Design
from accelgen.errors import PrecisionError, UsageError
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.knobs import fit_type
from accelgen.exploration.formats.space import FormatSpace
from accelgen.ir import (
    Dense,
    FixedType,
    Input,
    Network,
    Overflow,
    Quantize,
    QuantizeArray,
    Rounding,
    Threshold,
)
from accelgen.ir.fixed import from_real
from tests.cells import make_cell, recurrent_network
from tests.exploration.formats.small import DESIGN, classifier, samples

MODES = (Rounding.RND_CONV, Overflow.SAT)


def space(bits="4..8", network=None, design=DESIGN) -> FormatSpace:
    return FormatSpace.of(network or classifier(), design, Bits.parse(bits), {"x": samples()[0]})


def quantized() -> Network:
    """6 bits of weights and results, an input that the model quantizes, and what has no knob."""
    rng = np.random.default_rng(0)
    result = FixedType(6, 3, False, *MODES)
    nodes = (
        Input("x", (), (4,)),
        Quantize("cast", ("x",), FixedType(6, 2, True, *MODES)),
        Dense("first", ("cast",), rng.integers(-31, 32, (4, 6)) / 32),
        Quantize("relu", ("first",), result),
        Dense("second", ("relu",), rng.integers(-1, 2, (6, 5)).astype(float)),
        Threshold("sign", ("second",), np.zeros(1), np.array([-1.0, 1.0])),
        Dense("third", ("sign",), rng.integers(-127, 128, (5, 3)) / 64),
        QuantizeArray("each", ("third",), np.array([4, 5, 6]), np.array([3, 3, 3]), np.ones(3, bool)),
    )
    return Network(nodes, ("each",), "quantized")


def test_float_layers_have_a_width_of_weights_and_one_of_results():
    knobs = [(knob.layer, knob.part, knob.widths, knob.narrows) for knob in space().knobs]
    every = (4, 5, 6, 7, 8)
    assert knobs == [
        ("hidden", "weights", every, False),
        ("relu", "result", every, False),
        ("readout", "weights", every, False),
        ("readout", "result", every, False),
    ]
    assert space().combinations == 5**4


def test_an_input_that_nobody_types_has_a_width_too():
    assert space(design=Design()).knobs[0].layer == "x"


def test_an_input_without_a_range_keeps_its_type():
    given = space().apply([4, 4, 4, 4])[1]
    types = {name: own for name, own in given.types.items() if name != "x"}
    own = FormatSpace.of(classifier(), Design(types=types), Bits.parse("4..8"))
    assert "x" not in {knob.layer for knob in own.knobs}
    assert own.kept[0].startswith("input 'x' stays fixed<16,8")
    assert own.apply([0] * 4)[0].inputs[0].type.width == 16


def test_layers_may_have_widths_of_their_own():
    own = space(["4..8", "readout=6"])
    assert [knob.widths for knob in own.knobs if knob.layer == "readout"] == [(6,), (6,)]
    with pytest.raises(
        UsageError, match="'read' has no width to choose; those that have: hidden, relu, readout"
    ):
        space(["4..8", "read=6"])


def test_quantized_layers_keep_their_bits_or_lose_some():
    own = FormatSpace.of(quantized(), Design(), Bits.parse("2..5"))
    knobs = {(knob.layer, knob.part): knob for knob in own.knobs}
    assert {key: knob.widths for key, knob in knobs.items()} == {
        ("cast", "result"): (2, 3, 4, 5),
        ("first", "weights"): (2, 3, 4, 5),
        ("relu", "result"): (2, 3, 4, 5),
        ("third", "weights"): (2, 3, 4, 5),
    }
    assert all(knob.narrows for knob in own.knobs)
    assert FormatSpace.of(quantized(), Design(), Bits.parse("4..6")).knobs[0].widths == (4, 5, 6)
    assert FormatSpace.of(quantized(), Design(), Bits.parse("4..6")).knobs[0].types[-1] == {}
    assert own.narrowed_layers() == ("cast", "first", "relu", "third")
    assert [note.split()[1] for note in own.kept] == ["'sign'", "'each'"]


@pytest.mark.parametrize("bits", ["2..6", "3,6", "7,8"])
def test_every_assignment_has_the_widths_that_it_says(bits):
    for own in (space(bits), FormatSpace.of(quantized(), Design(), Bits.parse("2..5"))):
        rng = np.random.default_rng(1)
        for _ in range(8):
            genes = [int(rng.integers(len(knob.widths))) for knob in own.knobs]
            network, design = own.apply(genes)
            for knob, width in zip(own.knobs, own.widths(genes), strict=True):
                if knob.narrows:
                    assert all(kind.width == width for kind in design.narrowed[knob.layer].values())
                else:
                    types = design.types[knob.layer]
                    assert types["weight" if knob.part == "weights" else "result"].width == width
            again = Design.from_yaml(design.to_yaml())
            assert again.types == design.types
            assert again.narrowed == design.narrowed
            assert set(network.types) == {node.name for node in network}


def test_a_design_repeats_its_network():
    for imported, own in (
        (classifier(), space()),
        (quantized(), FormatSpace.of(quantized(), Design(), Bits.parse("2..5"))),
    ):
        rng = np.random.default_rng(2)
        for _ in range(4):
            network, design = own.apply([int(rng.integers(len(knob.widths))) for knob in own.knobs])
            path_free = Model(imported, {})._choose_for(Design.from_yaml(design.to_yaml()), {}, None)
            assert path_free.types == design.types
            assert path_free.network.types == network.types
            assert [repr(vars(node)) for node in path_free.network] == [repr(vars(node)) for node in network]


def test_uniform_assignments_have_one_width_for_weights_and_one_for_results():
    own = space()
    found = list(own.uniform())
    assert len(found) == len(set(found)) == 25
    assert [set(own.widths(genes)) for genes in found[:5]] == [{4}, {5}, {6}, {7}, {8}]
    for genes in found:
        widths = own.widths(genes)
        assert (
            len({width for width, knob in zip(widths, own.knobs, strict=True) if knob.part == "weights"}) == 1
        )


def test_nothing_to_choose_is_refused():
    with pytest.raises(UsageError, match="no choice of widths"):
        FormatSpace.of(quantized(), Design(), Bits.parse("12"))
    with pytest.raises(UsageError, match="no choice of widths"):
        space("8")


def test_float_layers_need_ranges():
    with pytest.raises(PrecisionError, match="calibration"):
        FormatSpace.of(classifier(), DESIGN, Bits.parse("4..8"))


def test_types_of_a_design_file_give_ranges_too():
    given = space().apply([4, 4, 4, 4])[1]
    own = FormatSpace.of(
        classifier(), replace(given, input_precision=DESIGN.input_precision), Bits.parse("4..8")
    )
    assert own.knobs[0].types[0]["weight"].integer <= given.types["hidden"]["weight"].integer


@given(st.lists(st.floats(-8, 7.9), min_size=1, max_size=20), st.integers(2, 8))
def test_no_clipped_type_has_a_smaller_error_than_the_chosen_one(values, width):
    array = np.array(values)
    kind = FixedType(16, 4, True, *MODES)
    chosen = fit_type(array, kind, width)
    errors = {
        integer: np.square(from_real(array, replace(kind, width=width, integer=integer)).values - array).sum()
        for integer in range(1, 5)
    }
    assert chosen.width == width
    assert errors[chosen.integer] == min(errors.values())


def test_types_that_wrap_keep_their_integer_bits():
    kind = FixedType(12, 4)
    assert fit_type(np.array([0.1, 0.2]), kind, 6) == FixedType(6, 4)
    assert fit_type(None, kind.with_modes(*MODES), 6) == FixedType(6, 4, True, *MODES)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_layers_have_widths_of_weights_and_of_states(kind):
    rng = np.random.default_rng(5)
    network = recurrent_network(make_cell(kind, 3, 4, rng, quantized=False), 5, 3)
    layer = network["recurrent"]
    trained = [
        replace(step, weight=step.weight * rng.normal(size=step.weight.shape))
        if isinstance(step, Dense)
        else step
        for step in layer.cell
    ]
    network = network.with_nodes([network["x"], replace(layer, cell=tuple(trained))])
    own = FormatSpace.of(network, Design(), Bits.parse("6..8"), {"x": rng.normal(size=(50, 5, 3))})
    assert [(knob.layer, knob.part) for knob in own.knobs] == [
        ("recurrent", "weights"),
        ("recurrent", "result"),
    ]
    _, design = own.apply([0, 2])
    widths = {what.rpartition(".")[2]: kind.width for what, kind in design.types["recurrent"].items()}
    assert (widths["weight"], widths["state"]) == (6, 8)
