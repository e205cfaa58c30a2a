"""EinsumDense as matrix products wherever it is one, and Dot."""

import numpy as np
import pytest

from accelgen import real
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.ir import Dense, EinsumDense
from tests.importers.keras.saved import entry, functional, layer, sequential, write_h5

RNG = np.random.default_rng(0)
SHAPE = (4, 3)


def read(tmp_path, equation, kernel, bias=None, bias_axes=None):
    spec = layer("EinsumDense", "e", equation=equation, bias_axes=bias_axes, activation="linear")
    variables = {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}
    net = sequential(entry(shape=SHAPE), spec)
    return load(write_h5(tmp_path / "model.h5", net, {"e": variables}))


@pytest.mark.parametrize(
    ("equation", "kernel", "bias", "matrix"),
    [
        ("abc,cd->abd", (3, 5), (5,), True),
        ("abc,dc->abd", (5, 3), (5,), True),
        ("abc,cd->adb", (3, 5), (5, 1), True),
        ("abc,bd->acd", (4, 5), (5,), True),
        ("abc,cde->adbe", (3, 5, 2), None, True),
        ("abc,bcd->ad", (4, 3, 5), (5,), True),
        ("abc,cbde->aed", (3, 4, 5, 2), None, True),
        ("abc,cd->abd", (3, 5), (4, 1), False),
        ("abc,bcd->abd", (4, 3, 5), (5,), False),
        ("abc,c->abc", (3,), (4, 3), False),
    ],
)
def test_equations(tmp_path, equation, kernel, bias, matrix):
    kernel = RNG.normal(size=kernel)
    bias = None if bias is None else RNG.normal(size=bias)
    network = read(tmp_path, equation, kernel, bias, None if bias is None else "x")
    x = RNG.normal(size=(6, *SHAPE))
    expected = np.einsum(equation, x, kernel) + (0 if bias is None else bias)
    result = real.evaluate(network, {"x": x})[network.outputs[0]]
    np.testing.assert_allclose(result, expected, atol=1e-12)
    assert any(isinstance(node, Dense if matrix else EinsumDense) for node in network)


def test_a_last_axis_product_is_one_node(tmp_path):
    network = read(tmp_path, "...x,xy->...y", RNG.normal(size=(3, 5)), RNG.normal(size=5), "y")
    assert [type(node) for node in network.nodes[1:]] == [Dense]


@pytest.mark.parametrize(
    ("equation", "kernel", "error"),
    [
        ("abc,cd", (3, 5), ModelError),
        ("abc,cd->abdd", (3, 5), UnsupportedError),
        ("abc,cd->bad", (3, 5), UnsupportedError),
        ("abc,acd->abd", (6, 3, 5), UnsupportedError),
        ("abc,cd->ad", (3, 5), UnsupportedError),
        ("abc,c...->ab...", (3, 5), UnsupportedError),
        ("abc,cd->abd", (7, 5), ModelError),
        ("abc,cde->abd", (3, 5, 2), ModelError),
        ("a1c,cd->a1d", (3, 5), UnsupportedError),
        ("abcd,de->abce", (3, 5), UnsupportedError),
    ],
)
def test_equations_that_are_refused(tmp_path, equation, kernel, error):
    with pytest.raises(error) as caught:
        read(tmp_path, equation, RNG.normal(size=kernel))
    assert "layer 'e'" in str(caught.value)


def dot(tmp_path, shapes, **config):
    layers = [entry("a", shapes[0]), entry("b", shapes[1]), layer("Dot", "d", **config)]
    net = functional(layers, {"d": [[("a", 0, 0), ("b", 0, 0)]]}, [("d", 0, 0)], inputs=("a", "b"))
    return load(write_h5(tmp_path / "model.h5", net, {"none": {}}))


@pytest.mark.parametrize(
    ("axes", "shapes", "equation"),
    [
        (1, ((4,), (4,)), "na,na->n"),
        (-1, ((5, 4), (3, 4)), "nac,nbc->nab"),
        ([2, 1], ((5, 4), (4, 3)), "nac,ncb->nab"),
        ([1, 1], ((4,), (4, 3)), "nc,ncb->nb"),
    ],
)
def test_dot(tmp_path, axes, shapes, equation):
    network = dot(tmp_path, shapes, axes=axes)
    feeds = {name: RNG.normal(size=(6, *shape)) for name, shape in zip("ab", shapes, strict=True)}
    result = real.evaluate(network, feeds)["d"]
    expected = np.einsum(equation, *feeds.values())
    np.testing.assert_allclose(result, expected.reshape(result.shape), atol=1e-12)


def test_dots_that_are_refused(tmp_path):
    with pytest.raises(UnsupportedError, match="normalize"):
        dot(tmp_path, ((4,), (4,)), axes=1, normalize=True)
    with pytest.raises(ModelError, match="axes 0 is no axis"):
        dot(tmp_path, ((4,), (4,)), axes=0)
    with pytest.raises(ModelError, match="do not match"):
        dot(tmp_path, ((4,), (5,)), axes=1)
