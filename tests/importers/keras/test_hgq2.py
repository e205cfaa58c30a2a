"""HGQ2 models saved here and now, against what HGQ2 itself computes: every bit, on inputs on a 2**-8 grid."""

import zipfile

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.passes.pipeline import exact_network

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
hgq = pytest.importorskip("hgq")

from hgq.config import HardSigmoidConfig, HardTanhConfig, QuantizerConfig  # noqa: E402
from hgq.layers import (  # noqa: E402
    QGRU,
    QAdd,
    QAffinedUnaryFunctionLUT,
    QAveragePooling1D,
    QAveragePow2,
    QBatchNormalization,
    QBatchNormDense,
    QConv1D,
    QConv2D,
    QDense,
    QDot,
    QEinsumDense,
    QEinsumDenseBatchnorm,
    QGlobalAveragePooling1D,
    QGlobalMaxPooling2D,
    QMaximum,
    QMaxPooling2D,
    QMeanPow2,
    QMinimum,
    QMultiply,
    QSoftmax,
    QSubtract,
    QSum,
    Quantizer,
    QUnaryFunctionLUT,
)
from hgq.quantizer.internal import FixedPointQuantizerKBI, FixedPointQuantizerKIF  # noqa: E402


def quantizers_of(layer):
    found = [part for part in layer._flatten_layers() if isinstance(part, _FIXED)]
    return list({id(part): part for part in found}.values())


_FIXED = (FixedPointQuantizerKBI, FixedPointQuantizerKIF)


def randomize(model, rng, flags=True):
    """Give every quantizer bits of its own for each element, and every other variable values that matter."""
    own = {}
    for quantizer in quantizers_of(model):
        shape = quantizer._k.shape
        own |= {id(variable): None for variable in quantizer.variables}
        if flags:
            quantizer._k.assign(rng.integers(0, 4, shape) > 0)
        quantizer._i.assign(rng.uniform(-1.0, 3.4, shape))
        if isinstance(quantizer, FixedPointQuantizerKBI):
            quantizer._b.assign(rng.uniform(-0.4, 7.4, shape))
        else:
            quantizer._f.assign(rng.uniform(-2.4, 6.4, shape))
    for variable in model.weights:
        if id(variable) in own or (variable.name in ("beta", "ebops") and variable.shape == ()):
            continue
        values = rng.normal(size=variable.shape)
        if "variance" in variable.name:
            values = 0.5 + np.abs(values)
        variable.assign(values.astype(np.float32))


def saved(tmp_path, *layers, shape=(6,), randomized=True, seed=7, flags=True):
    """A model of the layers in turn and its file."""
    model = keras.Sequential([keras.Input(shape), *layers])
    if randomized:
        randomize(model, np.random.default_rng(seed), flags)
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def check(model, path, samples=200, tolerance=0.0):
    """The imported network, and what the passes make of it, give what the framework computes."""
    rng = np.random.default_rng(3)
    inputs = [rng.integers(-2048, 2048, (samples, *x.shape[1:])) / 256 for x in model.inputs]
    feeds = [x.astype(np.float32) for x in inputs]
    expected = np.asarray(model(feeds if len(feeds) > 1 else feeds[0]), np.float64)
    assert np.any(expected)
    network = load(path)
    data = {node.name: x for node, x in zip(network.inputs, inputs, strict=True)}
    (result,) = real.evaluate(network, data).values()
    np.testing.assert_allclose(result.reshape(expected.shape), expected, rtol=0, atol=tolerance)
    exact = exact_network(network)
    (golden,) = reference.predict(exact, data).values()
    np.testing.assert_allclose(golden.reshape(expected.shape), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "SAT_SYM"])
@pytest.mark.parametrize("rounding", ["TRN", "RND", "RND_CONV", "S_RND", "S_RND_CONV"])
@pytest.mark.parametrize("kind", ["kbi", "kif"])
def test_quantizers_of_tensors(tmp_path, kind, rounding, overflow):
    config = QuantizerConfig(kind, "datalane", round_mode=rounding, overflow_mode=overflow)
    check(*saved(tmp_path, Quantizer(config), shape=(40,)))


@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "SAT_SYM"])
@pytest.mark.parametrize("rounding", ["TRN", "RND", "RND_CONV", "S_RND"])
@pytest.mark.parametrize("kind", ["kbi", "kif"])
@pytest.mark.parametrize("trainable", [True, False])
def test_quantizers_of_weights(tmp_path, kind, rounding, overflow, trainable):
    options = {"round_mode": rounding, "overflow_mode": overflow, "trainable": trainable}
    layer = QDense(
        16,
        kq_conf=QuantizerConfig(kind, "weight", **options),
        bq_conf=QuantizerConfig(kind, "bias", **options),
    )
    check(*saved(tmp_path, layer, flags=overflow != "WRAP"))


@pytest.mark.parametrize("axes", [(), (1,), (2,), (1, 2)])
def test_quantizers_along_axes(tmp_path, axes):
    config = QuantizerConfig("kif", "datalane", heterogeneous_axis=axes, homogeneous_axis=None)
    check(*saved(tmp_path, Quantizer(config), shape=(3, 4)))


@pytest.mark.parametrize(
    "config",
    [
        lambda: HardTanhConfig(),
        lambda: HardSigmoidConfig(),
        lambda: QuantizerConfig("kbi", "datalane", scaler=0.5, affine=(0.25, -1.5)),
        lambda: QuantizerConfig("dummy"),
    ],
)
def test_other_configurations(tmp_path, config):
    check(*saved(tmp_path, Quantizer(config())))


@pytest.mark.parametrize("overflow", ["WRAP_SM"])
def test_unsupported_overflow_is_named(tmp_path, overflow):
    config = QuantizerConfig("kif", "datalane", round_mode="RND", overflow_mode=overflow)
    _, path = saved(tmp_path, Quantizer(config), randomized=False)
    with pytest.raises(UnsupportedError, match="WRAP_SM"):
        load(path)


def test_float_quantizers_are_refused(tmp_path):
    _, path = saved(tmp_path, Quantizer(QuantizerConfig("kif", "datalane")), randomized=False)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(b'"q_type": "kif"', b'"q_type": "float"'))
    with pytest.raises(UnsupportedError, match="'float'"):
        load(path)


def test_unsaved_normalize_axes_are_refused(tmp_path):
    layer = QEinsumDenseBatchnorm("bnc,cnd->bnd", (4, 5), bias_axes="nd", normalize_axes="n")
    _, path = saved(tmp_path, layer, shape=(4, 6))
    with pytest.raises(UnsupportedError, match="does not save which"):
        load(path)


def test_other_layers_are_refused(tmp_path):
    _, path = saved(tmp_path, QGRU(2), shape=(3, 2), randomized=False)
    with pytest.raises(UnsupportedError, match="QGRU"):
        load(path)


def oq(**options):
    return {"enable_oq": True, "oq_conf": QuantizerConfig("kif", "datalane", **options)}


LAYERS = {
    "dense": ((6,), lambda: QDense(5)),
    "dense_relu": ((6,), lambda: QDense(5, activation="relu", use_bias=False, **oq())),
    "dense_sequence": ((3, 6), lambda: QDense(5, **oq(overflow_mode="SAT"))),
    "dense_without_input_quantizer": ((6,), lambda: QDense(5, enable_iq=False, **oq())),
    "dense_tanh": ((6,), lambda: QDense(5, activation="tanh", **oq())),
    "batch_norm_dense": ((6,), lambda: QBatchNormDense(5)),
    "batch_norm_dense_no_scale": ((6,), lambda: QBatchNormDense(5, scale=False)),
    "conv1d": ((9, 3), lambda: QConv1D(4, 3, padding="same", activation="relu")),
    "conv2d": ((6, 7, 2), lambda: QConv2D(4, (3, 2), strides=(2, 1))),
    "conv2d_groups": ((6, 7, 4), lambda: QConv2D(6, 2, groups=2, use_bias=False, **oq())),
    "einsum": ((4, 6), lambda: QEinsumDense("bnc,cd->bnd", (4, 5), bias_axes="d")),
    "einsum_no_bias": ((4, 6), lambda: QEinsumDense("bnc,nm->bmc", (5, 6))),
    "einsum_heads": ((4, 6), lambda: QEinsumDense("bnc,chd->bnhd", (4, 2, 3), bias_axes="hd")),
    "einsum_ellipsis": ((4, 6), lambda: QEinsumDense("...c,cd->...d", (5,), bias_axes="d")),
    "einsum_own_weights": ((4, 6), lambda: QEinsumDense("bnc,ncd->bnd", (4, 5), bias_axes="nd")),
    "einsum_bn": ((4, 6), lambda: QEinsumDenseBatchnorm("bnc,cd->bnd", (4, 5), bias_axes="d")),
    "einsum_bn_no_scale": (
        (4, 6),
        lambda: QEinsumDenseBatchnorm("bnc,cd->bnd", (4, 5), bias_axes="d", scale=False, center=False),
    ),
    "einsum_bn_axes": (
        (4, 6),
        lambda: QEinsumDenseBatchnorm("bnc,cnd->bnd", (4, 5), bias_axes="nd"),
    ),
    "einsum_bn_first": (
        (4, 6),
        lambda: QEinsumDenseBatchnorm("bnc,nm->bmc", (5, 6), bias_axes="m", activation="relu"),
    ),
    "batch_norm": ((4, 6), lambda: QBatchNormalization()),
    "batch_norm_axis": ((4, 6), lambda: QBatchNormalization(axis=1)),
    "batch_norm_plain": ((6,), lambda: QBatchNormalization(center=False, scale=False)),
    "sum": ((4, 6), lambda: QSum(axes=1)),
    "sum_all": ((4, 6), lambda: QSum(axes=(1, 2), scale=0.25, keepdims=True)),
    "sum_apart": ((4, 6, 3), lambda: QSum(axes=(1, 3))),
    "mean": ((5, 6), lambda: QMeanPow2(axes=-1)),
    "max_pool2d": ((6, 7, 2), lambda: QMaxPooling2D(2, **oq())),
    "average_pool1d": ((8, 3), lambda: QAveragePooling1D(4)),
    "global_average": ((8, 3), lambda: QGlobalAveragePooling1D()),
    "global_max": ((4, 3, 5), lambda: QGlobalMaxPooling2D()),
    "tanh_table": ((6,), lambda: QUnaryFunctionLUT("tanh")),
    "sigmoid_table": ((4, 6), lambda: QUnaryFunctionLUT("sigmoid", allow_heterogeneous_input=False)),
    "relu_table": ((6,), lambda: QUnaryFunctionLUT("relu")),
    "affine_table": ((6,), lambda: QAffinedUnaryFunctionLUT("tanh")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(tmp_path, name):
    shape, layer = LAYERS[name]
    check(*saved(tmp_path, layer(), shape=shape))


@pytest.mark.parametrize("kind", ["kbi", "kif"])
def test_a_table_with_a_type_for_every_element(tmp_path, kind):
    config = QuantizerConfig(kind, "datalane", overflow_mode="SAT")
    check(*saved(tmp_path, QUnaryFunctionLUT("tanh", oq_conf=config), shape=(30,)))


@pytest.mark.parametrize(
    "layer", [QAdd, QSubtract, QMultiply, QMaximum, QMinimum, QAveragePow2, lambda **own: QDot(axes=1, **own)]
)
def test_merges(tmp_path, layer):
    inputs = [keras.Input((6,)), keras.Input((6,))]
    model = keras.Model(inputs, layer(**oq())(inputs))
    randomize(model, np.random.default_rng(5))
    path = tmp_path / "model.keras"
    model.save(path)
    check(model, path)


@pytest.mark.parametrize("shape", [(6,), (3, 6)])
@pytest.mark.parametrize("options", [{}, {"stable": False, "enable_iq": True}, {"input_scaler": 0.3}])
def test_softmax(tmp_path, shape, options):
    model, path = saved(tmp_path, QSoftmax(**options), shape=shape, randomized=False)
    for quantizer in quantizers_of(model):
        if isinstance(quantizer, FixedPointQuantizerKBI):
            quantizer._b.assign(quantizer._b + 3)
    model.save(path)
    check(model, path)


def test_training_and_its_traces(tmp_path):
    """A model that has been trained and traced, as users save it, operations on tensors included."""
    entry = keras.Input((6,))
    hidden = QEinsumDenseBatchnorm("bc,cd->bd", (8,), bias_axes="d", activation="relu")(entry)
    skip = QDense(8, activation="relu")(hidden)
    merged = QAdd()([hidden, skip])
    model = keras.Model(entry, QDense(3)(merged))
    rng = np.random.default_rng(0)
    x = rng.integers(-1024, 1024, (256, 6)) / 256
    y = rng.integers(0, 3, 256)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, epochs=3, batch_size=32, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    check(model, path)


def test_missing_quantizer_variables_are_named(tmp_path):
    model, _ = saved(tmp_path, QDense(3))
    path = tmp_path / "model.h5"
    model.save(path)
    with pytest.raises(ModelError, match=r"save the model as a \.keras file"):
        load(path)
