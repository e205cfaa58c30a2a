from __future__ import annotations

import pytest

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.errors import DesignError
from accelgen.ir import Dense, EinsumDense
from tests.backend.conftest import Check, network_of
from tests.backend.test_exactness import BOTH, conv, image, quantized, weights

DA = LayerDesign(Strategy.DISTRIBUTED_ARITHMETIC)


@BOTH
def test_dense_and_convolution(check: Check, io_type: IoType) -> None:
    pytest.importorskip("da4ml")
    nodes = [
        image(5, 4, 2),
        conv("c", "x", (2, 3, 2, 3), padding=((0, 1), (1, 0))),
        quantized("c"),
        conv("point", "c_q", (1, 1, 3, 2)),
        quantized("point"),
        Dense("d", ("point_q",), weights(2, 4), weights(4)),
        quantized("d"),
    ]
    check(network_of(*nodes), Design(io_type=io_type, default=DA))


@BOTH
def test_chain(check: Check, io_type: IoType) -> None:
    pytest.importorskip("da4ml")
    nodes = [image(6), Dense("a", ("x",), weights(6, 5), weights(5)), quantized("a")]
    nodes += [Dense("b", ("a_q",), weights(5, 3)), quantized("b")]
    check(network_of(*nodes), Design(io_type=io_type, default=DA))


@BOTH
def test_einsum(check: Check, io_type: IoType) -> None:
    pytest.importorskip("da4ml")
    nodes = [image(3, 4), EinsumDense("e", ("x",), "ab,bc->ca", weights(4, 2), None), quantized("e")]
    check(network_of(*nodes), Design(io_type=io_type, default=DA))


def test_reuse_is_refused(check: Check) -> None:
    design = Design(default=LayerDesign(Strategy.DISTRIBUTED_ARITHMETIC, 2))
    with pytest.raises(DesignError, match=r"'d'.*reuse_factor 1"):
        check(network_of(image(4), Dense("d", ("x",), weights(4, 2))), design)


def test_missing_package_is_named(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelgen.backend.graph.find_spec", lambda _: None)
    with pytest.raises(DesignError, match="da4ml"):
        check(network_of(image(4), Dense("d", ("x",), weights(4, 2))), Design(default=DA))
