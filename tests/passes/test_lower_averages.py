import numpy as np
import pytest

from accelgen import real
from accelgen.ir import FixedType, Input, Merge, MergeKind, Network, Pool, PoolKind
from accelgen.passes.lower_averages import lower_averages


@pytest.mark.parametrize("count_padding", [True, False])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (0, 1))])
def test_average_pooling_stays_the_same_function(count_padding, padding):
    rng = np.random.default_rng(0)
    pool = Pool("p", ("x",), PoolKind.AVERAGE, (2, 3), (1, 2), padding, count_padding)
    network = Network((Input("x", (), (5, 6, 2), FixedType(8, 3)), pool), ("p",))
    lowered = lower_averages(network)
    data = {"x": rng.normal(size=(7, 5, 6, 2))}
    want, got = real.evaluate(network, data)["p"], real.evaluate(lowered, data)[lowered.outputs[0]]
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert lowered["p"].kind is PoolKind.SUM


def test_averaged_inputs_stay_the_same_function():
    inputs = [Input(name, (), (3,), FixedType(8, 3)) for name in "abc"]
    network = Network((*inputs, Merge("m", ("a", "b", "c"), MergeKind.AVERAGE)), ("m",))
    lowered = lower_averages(network)
    data = {name: np.random.default_rng(1).normal(size=(5, 3)) for name in "abc"}
    want, got = real.evaluate(network, data)["m"], real.evaluate(lowered, data)[lowered.outputs[0]]
    np.testing.assert_allclose(got, want, rtol=1e-12)
