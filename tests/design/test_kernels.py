"""What building refuses is refused before."""

import numpy as np
import pytest

from accelgen.backend.kernels.registry import load_kernels
from accelgen.backend.layers import lower
from accelgen.backend.lowering import lowered_kinds
from accelgen.design import Design, IoType
from accelgen.design.kernels import KINDS, broadcast_loops, check_kernels
from accelgen.design.reuse import legalize
from accelgen.errors import AccelgenError, DesignError, UnsupportedError
from accelgen.estimation import estimate_design, estimate_designs
from accelgen.ir import FixedType, Input, Merge, MergeKind, Network, Pool, PoolKind, Relu, Unary
from accelgen.passes.infer_types import infer_types

STREAM = Design(io_type=IoType.STREAM)
X = Input("x", (), (2, 2, 2, 3), FixedType(6, 3))


def network(*nodes):
    return Network((X, *nodes), (nodes[-1].name,))


def test_kinds_are_those_that_the_backend_lowers():
    load_kernels()
    assert lowered_kinds() == KINDS


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (Unary("f", ("x",), "sigmoid"), "'f': there is no kernel for Unary .there is for Affine, Clip, "),
        (
            Pool("f", ("x",), PoolKind.MAX, (2, 2, 2), (1, 1, 1), ((0, 0),) * 3),
            "'f': pooling over 3 axes; 1 and 2 are supported",
        ),
        (Pool("f", ("x",), PoolKind.AVERAGE, (1, 1, 1), (1, 1, 1), ((0, 0),) * 3), "'f': an average is"),
        (Merge("f", ("x", "x"), MergeKind.AVERAGE), "'f': an average is lowered"),
    ],
)
def test_layers_without_a_kernel(refused, message):
    with pytest.raises(UnsupportedError, match=message):
        check_kernels(network(refused), Design())


def test_inputs_that_broadcast_along_too_many_axes():
    shapes = (2, 1, 2, 1, 2, 1), (1, 2, 1, 2, 1, 2)
    inputs = [Input(name, (), shape) for name, shape in zip("ab", shapes, strict=True)]
    with pytest.raises(UnsupportedError, match=r"'sum': inputs of shapes .* broadcast along too many axes"):
        check_kernels(Network((*inputs, Merge("sum", ("a", "b"))), ("sum",)), Design())
    assert broadcast_loops((4, 5, 3), ((4, 5, 3), (3,))) == ([20, 3], [[3, 1], [0, 1]])


def fan_out(readers):
    nodes = [Relu(f"relu{number}", ("x",)) for number in range(readers)]
    names = tuple(node.name for node in nodes)
    return infer_types(Network((Input("x", (), (4, 2), FixedType(6, 3)), *nodes), names))


def test_estimates_refuse_what_builds_do():
    many = fan_out(8)
    legal, _ = legalize(many, STREAM)
    refusals = []
    for attempt in (
        lambda: lower(many, legal),
        lambda: estimate_design(many, STREAM),
        lambda: estimate_designs(many, [Design(), STREAM]),
    ):
        with pytest.raises(AccelgenError) as refusal:
            attempt()
        refusals.append((refusal.type, str(refusal.value)))
    message = "layer 'x': 8 layers read its result, which io_stream can copy 7 times; use io_parallel"
    assert set(refusals) == {(DesignError, message)}
    assert estimate_design(fan_out(7), STREAM).total["latency_cycles"].value > 0
    assert np.all(estimate_designs(many, [Design()]).total["lut"].value >= 0)
