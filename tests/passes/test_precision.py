import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import PrecisionError
from accelgen.ir import Affine, Dense, FixedType, Input, Network, Overflow, Relu, Rounding, Softmax, Unary
from accelgen.ir.grid import constant_type
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types
from accelgen.passes.precision import ChoosePrecision, float_layers, is_float

INPUT = FixedType(16, 8, True, Rounding.RND_CONV, Overflow.SAT)


def _float_network(rng: np.random.Generator) -> Network:
    first = rng.normal(size=(8, 16)).astype(np.float32).astype(float)
    second = (rng.normal(size=(16, 4)) / 4).astype(np.float32).astype(float)
    return Network(
        (
            Input("x", (), (8,), INPUT),
            Dense("d1", ("x",), first, rng.normal(size=16).astype(np.float32).astype(float)),
            Relu("r1", ("d1",)),
            Dense("d2", ("r1",), second, None),
            Softmax("s", ("d2",)),
        ),
        ("s",),
    )


def test_float_weights_need_a_precision():
    network = _float_network(np.random.default_rng(0))
    assert float_layers(network) == ("d1", "d2")
    with pytest.raises(PrecisionError, match=r"'d1'.*--precision.*--calibration"):
        ChoosePrecision()(network)


def test_given_precision_types_weights_and_results():
    precision = FixedType(12, 5)
    exact = infer_types(
        make_exact(ChoosePrecision(precision)(_float_network(np.random.default_rng(0))), precision)
    )
    for name in ("d1", "d2"):
        assert precision.holds(constant_type(exact[name].weight))
    assert exact.types["r1/result"] == precision
    assert exact.types["d2/result"] == precision


def test_calibrated_ranges_cover_the_data_closely():
    rng = np.random.default_rng(1)
    network = _float_network(rng)
    data = {"x": np.rint(rng.normal(size=(300, 8)) * 256) / 256}
    exact = infer_types(make_exact(ChoosePrecision(calibration=data)(network)))
    seen = real.evaluate(network, data, keep=["r1", "d2"])
    for name in ("r1", "d2"):
        kind = exact.types[f"{name}/result"]
        assert kind.width == 16
        assert kind.max * 1.01 >= seen[name].max() > kind.max / 2.1
    golden = reference.evaluate(exact, reference.quantize_inputs(exact, data), keep=["d2/result"])
    assert np.max(np.abs(golden["d2/result"].values - seen["d2"])) < 0.02


def test_quantized_networks_are_left_alone():
    weight = np.random.default_rng(0).integers(-8, 8, (4, 4)) / 8
    network = Network((Input("x", (), (4,), INPUT), Dense("d", ("x",), weight)), ("d",))
    assert ChoosePrecision()(network) is network


def test_a_scale_between_float_layers_is_cast_once():
    rng = np.random.default_rng(2)
    network = _float_network(rng)
    nodes = list(network.nodes)
    nodes.insert(3, Unary("u", ("r1",), "tanh"))
    nodes[4] = Affine("a", ("u",), np.full(16, 0.3), np.zeros(16))
    nodes.insert(5, Dense("d2", ("a",), rng.normal(size=(16, 4))))
    chosen = ChoosePrecision(FixedType(16, 6))(Network(tuple(nodes), ("s",)))
    assert chosen["u"].type is not None
    assert "a/result" in chosen
    assert "u/result" not in chosen


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0.1, 0.7]), True),
        (np.array([0.5, 2.0**-30, -4.0, 0]), False),
        (np.array([0.125, -0.875]), False),
        (np.zeros(3), False),
        (None, False),
    ],
)
def test_is_float(values, expected):
    assert is_float(values) is expected
