"""QKeras' quantizers: how files write them, what they make of weights, their nodes, and qkeras itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_activation
from accelgen.importers.keras.layer import KerasLayer
from accelgen.importers.keras.quantizers import QUANTIZERS, parse_quantizer, quantize_weights
from accelgen.importers.keras.quantizers.functions import as_qkeras
from accelgen.importers.keras.quantizers.scales import ScaleGroups
from accelgen.ir import FixedType, Input, Overflow, Quantize, Rounding
from accelgen.ir.grid import constant_type
from accelgen.passes.pipeline import exact_network
from tests.importers.keras.qkeras_module import import_qkeras

LAYER = KerasLayer("QDense", "d", {}, ("x",), {}, "model.h5")

OF_BOTH = [
    "quantized_bits(4,0,1)",
    "quantized_bits(6,2,0,alpha=1)",
    "quantized_bits(8,-2,alpha=1)",
    "quantized_bits(4,1,1,alpha=0.7)",
    "quantized_bits(1,0,alpha=1)",
    "quantized_bits(4,0,0,False,alpha=2.0)",
    "quantized_linear(4)",
    "quantized_linear(4,1,0,keep_negative=False)",
    "quantized_linear(5,1,alpha=0.7)",
    "quantized_linear(3,1,0,alpha=4)",
    "quantized_linear(1,1)",
    "binary()",
    "binary(True,alpha=0.5)",
    "stochastic_binary(alpha=1.0)",
    "ternary()",
    "ternary(alpha=0.5,threshold=0.2)",
    "stochastic_ternary()",
    "quantized_po2(4)",
    "quantized_po2(4,1)",
    "quantized_po2(6,max_value=3)",
    "quantized_po2(4,quadratic_approximation=True)",
    "quantized_po2(4,log2_rounding='floor')",
    "quantized_relu_po2(4)",
    "quantized_relu_po2(4,2,negative_slope=0.25)",
    "quantized_relu_po2(6,quadratic_approximation=True)",
    "quantized_relu(4,1)",
    "quantized_relu(1)",
    "quantized_tanh(4)",
    "quantized_tanh(4,symmetric=True)",
]
OF_WEIGHTS = [
    "quantized_bits(4,0,1,alpha='auto')",
    "quantized_bits(4,2,1,alpha='auto_po2')",
    "quantized_bits(4,0,1,False,alpha='auto')",
    "quantized_bits(5,0,1,alpha='auto_po2',scale_axis=0)",
    "quantized_bits(4,0,1,alpha='auto_po2',min_po2_exponent=-2,max_po2_exponent=-1)",
    "quantized_linear(4,alpha='auto')",
    "quantized_linear(4,alpha='auto_po2')",
    "quantized_linear(1,alpha='auto_po2')",
    "binary(alpha='auto')",
    "binary(alpha='auto_po2')",
    "ternary(alpha='auto')",
    "ternary(alpha='auto_po2')",
    "stochastic_binary(alpha='auto_po2')",
    "stochastic_ternary(alpha='auto')",
]
OF_ACTIVATIONS = [
    "quantized_relu(6,2,negative_slope=0.25)",
    "quantized_relu(6,2,negative_slope=2.0)",
    "quantized_relu(6,2,0,1.0)",
    "quantized_relu(4,1,1)",
    "quantized_relu(6,3,relu_upper_bound=6,is_quantized_clip=False)",
    "quantized_relu(6,3,relu_upper_bound=5.3,is_quantized_clip=False)",
    "quantized_tanh(4,use_real_tanh=True)",
    "quantized_sigmoid(4)",
    "quantized_sigmoid(4,True)",
    "quantized_sigmoid(4,use_real_sigmoid=True)",
    "quantized_hswish(6,2)",
    "quantized_hswish(6,2,1,relu_shift=2,relu_upper_bound=5)",
    "hard_sigmoid",
    "hard_tanh",
    "smooth_sigmoid",
    "smooth_tanh",
    "binary_sigmoid",
    "binary_tanh",
]


def weights_of(text, values):
    return quantize_weights(LAYER, np.asarray(values, np.float64), parse_quantizer(LAYER, text))


def network_of(value, shape):
    builder = Builder("model.h5")
    builder.add(Input("x", (), shape))
    return builder.build((add_activation(LAYER, builder, "act", "x", as_qkeras(value)),), "net")


def activation_of(value, x):
    network = network_of(value, x.shape[1:])
    return real.evaluate(network, {"x": x})[network.outputs[0]]


def grid_inputs():
    """All of [-8, 8) in steps of 2**-8, which holds every tie, and powers of two beyond."""
    po2 = 2.0 ** np.arange(-9, 6)
    return np.concatenate([np.arange(-2048, 2048) / 256, po2, -po2])[:, None]


@pytest.mark.parametrize("text", OF_BOTH)
@given(numbers=st.lists(st.floats(-20, 20, width=32, allow_subnormal=False), min_size=1, max_size=20))
def test_nodes_compute_what_weights_become(text, numbers):
    x = np.array(numbers)[:, None]
    expected = weights_of(text, x).product
    np.testing.assert_allclose(activation_of(text, x), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("text", [text for text in OF_WEIGHTS + OF_BOTH if "_po2(" not in text])
def test_weights_lie_on_a_narrow_grid(text):
    values = weights_of(text, np.random.default_rng(0).normal(size=(6, 5))).values
    assert constant_type(values).width <= 10


def test_a_scale_that_is_no_power_of_two_is_factored_out():
    weights = weights_of("quantized_bits(4,0,1,alpha='auto')", [[0.7, 0.25], [-0.35, 1.0]])
    np.testing.assert_array_equal(weights.values * 8, [[7, 2], [-4, 7]])
    np.testing.assert_allclose(weights.scale, [[0.8, 8 / 7]], rtol=1e-6)


def test_bits_round_half_to_even_and_saturate():
    x = np.array([[-9.0], [-0.1875], [-0.0625], [0.0625], [0.1875], [9.0]])
    expected = np.array([[-1.0], [-0.25], [0.0], [0.0], [0.25], [0.875]])
    np.testing.assert_array_equal(activation_of("quantized_bits(4,0,alpha=1)", x), expected)


def test_a_relu_is_one_cast():
    (node,) = network_of("quantized_relu(4,1)", (3,)).nodes[1:]
    assert isinstance(node, Quantize)
    assert node.type == FixedType(4, 1, False, Rounding.RND_CONV, Overflow.SAT)


def test_ternary_reaches_both_thresholds():
    edge = float(np.float32(0.33))
    x = np.array([-edge, np.nextafter(-edge, 0), 0.0, np.nextafter(edge, 0), edge])[:, None]
    np.testing.assert_array_equal(activation_of("ternary()", x).ravel(), [-1, 0, 0, 0, 1])


def test_a_linear_scale_for_each_channel():
    x = np.linspace(-3, 3, 26).reshape(13, 2)
    value = {"class_name": "quantized_linear", "config": {"bits": 3, "alpha": [0.7, 3.0]}}
    together = activation_of(value, x)
    apart = [
        activation_of(f"quantized_linear(3,alpha={a})", x[:, i : i + 1]) for i, a in ((0, 0.7), (1, 3.0))
    ]
    np.testing.assert_array_equal(together, np.concatenate(apart, 1))


@pytest.mark.parametrize("elements", [2, (3, 2)])
def test_blocks_have_scales_of_their_own(elements):
    rng = np.random.default_rng(0)
    x, q = rng.normal(size=(6, 4)).astype(np.float32), rng.normal(size=(6, 4)).astype(np.float32)
    axis, rows = (1, 6) if elements == 2 else ((0, 1), 3)
    scale = np.broadcast_to(ScaleGroups(axis, elements).least_squares(x, q, po2=False), x.shape)
    for top in range(0, 6, rows):
        for left in (0, 2):
            block = np.s_[top : top + rows, left : left + 2]
            expected = np.mean(x[block] * q[block]) / np.mean(q[block] * q[block])
            np.testing.assert_allclose(scale[block], expected, rtol=1e-5)


def test_the_ways_to_write_a_quantizer():
    config = {"bits": 5, "integer": 1, "symmetric": 1, "alpha": "auto_po2"}
    keras3 = {
        "module": "qkeras.quantizers",
        "class_name": "quantized_bits",
        "config": {**config, "keep_negative": True, "qnoise_factor": 1.0, "post_training_scale": None},
        "registered_name": "qkeras>quantized_bits",
    }
    array = {"class_name": "__numpy__", "config": {"value": [2.0, 4.0], "dtype": "float32"}}
    x = np.random.default_rng(0).normal(size=(4, 2))
    expected = weights_of("quantized_bits(5,1,1,alpha='auto_po2')", x).product
    for value in (
        {"class_name": "quantized_bits", "config": config},
        keras3,
        "quantized_bits(5, 1, alpha='auto_po2')",
    ):
        np.testing.assert_array_equal(weights_of(value, x).product, expected)
    scaled = weights_of({"class_name": "quantized_bits", "config": {"bits": 5, "alpha": array}}, x)
    np.testing.assert_array_equal(scaled.product, weights_of("quantized_bits(5,alpha=1)", x).product * [2, 4])
    assert parse_quantizer(LAYER, None) is None


def test_kernels_get_a_scale_where_none_is_given():
    for name in ("quantized_bits", "quantized_linear", "binary", "ternary", "stochastic_binary"):
        assert parse_quantizer(LAYER, name).for_kernel().alpha == "auto_po2"
        assert parse_quantizer(LAYER, f"{name}(alpha=1)").for_kernel().alpha == 1


@pytest.mark.parametrize(
    "value",
    [
        "quantized_bits(4,0,1",
        "quantized_bits(__import__('os'))",
        "quantized_bits(4)(5)",
        "quantized_bits(*[4])",
        "quantized_bits(**{'bits': 4})",
        "quantized_bits(" + "(" * 500 + ")" * 500 + ")",
        "quantized_bits(4,0,1,True,None,False,None,1.0,None,True,False,None,None,None,None,1)",
        "quantized_bits(0)",
        "quantized_bits('four')",
        "quantized_bits(4.5)",
        "quantized_bits(1e400)",
        "quantized_bits(4,alpha='best')",
        "quantized_bits(4,alpha=[1,'x'])",
        "quantized_bits(4,keep_negative=2)",
        "quantized_relu(4,negative_slope=0.3)",
        "quantized_relu(1,negative_slope=0.5)",
        "ternary(threshold=0)",
        "quantized_po2(1)",
        "quantized_po2(4,log2_rounding='up')",
        7,
        ["quantized_bits"],
        {"class_name": 5, "config": {}},
        {"class_name": "quantized_bits", "config": 4},
    ],
)
def test_malformed_quantizers(value):
    with pytest.raises(ModelError, match=r"model\.h5: layer 'd' \(QDense\)") as caught:
        weights_of(value, np.ones((2, 2)))
    assert not isinstance(caught.value, UnsupportedError)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("mystery(4)", "quantizer 'mystery' is not supported; these are: bernoulli, binary"),
        ("quantized_bits(4,color=3)", "quantized_bits has no option 'color'; it has bits, integer"),
        ("quantized_bits(4,qnoise_factor=0.5)", "a mix of quantized and float values"),
        ("quantized_ulaw(4)", "use quantized_bits"),
        ("bernoulli()", "use binary"),
        ("quantized_sigmoid(4)", "quantized_sigmoid is supported for activations, not for weights"),
        ("quantized_po2(12)", "12 bits|11 bits"),
    ],
)
def test_unsupported_quantizers(value, cause):
    with pytest.raises(UnsupportedError, match=cause):
        weights_of(value, np.ones((2, 2)))


@pytest.mark.parametrize("text", OF_BOTH + OF_ACTIVATIONS)
def test_hardware_computes_what_the_nodes_say(text):
    x = np.arange(-2048, 2048)[:, None] / 256
    exact = exact_network(network_of(text, (1,)), input_type=FixedType(12, 4))
    result = reference.predict(exact, {"x": x})[exact.outputs[0]]
    np.testing.assert_allclose(result, activation_of(text, x), rtol=0, atol=4e-7)


@pytest.mark.parametrize("text", OF_WEIGHTS)
def test_a_scale_from_the_data_is_refused_for_activations(text):
    with pytest.raises(UnsupportedError, match="scales its activations by the data of each batch"):
        network_of(text, (3,))


def test_weights_that_the_framework_makes_nan():
    with pytest.raises(ModelError, match="infinite or NaN"):
        weights_of("quantized_bits(1,alpha='auto')", np.ones((2, 2)))


def test_every_quantizer_is_tried():
    tried = {text.partition("(")[0] for text in OF_BOTH + OF_WEIGHTS + OF_ACTIVATIONS}
    assert tried >= set(QUANTIZERS) - {"bernoulli", "quantized_ulaw"}


@pytest.mark.tensorflow
@pytest.mark.parametrize("text", OF_BOTH + OF_WEIGHTS)
def test_weights_against_qkeras(text):
    qkeras = import_qkeras()
    rng = np.random.default_rng(1)
    for shape in ((7, 5), (3, 3, 4, 6), (9,)):
        values = (rng.normal(size=shape) * rng.choice([0.2, 1, 3])).astype(np.float32)
        expected = np.asarray(qkeras.get_quantizer(text)(values))
        np.testing.assert_allclose(weights_of(text, values).product, expected, rtol=3e-7, atol=0)


@pytest.mark.tensorflow
def test_a_scale_found_after_training_against_qkeras():
    qkeras = import_qkeras()
    values = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    scale = np.array([[0.5, 0.7, 1.25]])
    quantizer = qkeras.quantized_bits(4, 0, 1, alpha="auto", post_training_scale=scale)
    config = {"class_name": "quantized_bits", "config": quantizer.get_config()}
    np.testing.assert_allclose(weights_of(config, values).product, np.asarray(quantizer(values)), rtol=3e-7)


@pytest.mark.tensorflow
@pytest.mark.parametrize("text", OF_BOTH + OF_ACTIVATIONS)
def test_activations_against_qkeras(text):
    qkeras = import_qkeras()
    x = grid_inputs()
    expected = np.asarray(qkeras.get_quantizer(text)(x.astype(np.float32)))
    np.testing.assert_allclose(activation_of(text, x), expected, rtol=1e-6, atol=0)
