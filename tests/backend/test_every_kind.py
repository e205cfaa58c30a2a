"""Random networks of every kind of node under random designs: compiled C++ equals the golden model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.ir import Network, Node
from accelgen.passes.infer_types import infer_types
from tests.backend.conftest import Check
from tests.networks import KINDS, one_layer


def every_kind(rng: np.random.Generator) -> Network:
    """One network of every kind, side by side, since compiling takes longest."""
    nodes: list[Node] = []
    outputs: list[str] = []
    for kind in KINDS:
        network = one_layer(kind, rng)
        for node in network:
            inputs = tuple(f"{name}/{kind}" for name in node.inputs)
            nodes.append(replace(node, name=f"{node.name}/{kind}", inputs=inputs))
        outputs += [f"{name}/{kind}" for name in network.outputs]
    return infer_types(Network(tuple(nodes), tuple(outputs)))


@pytest.mark.parametrize("io_type", list(IoType))
@pytest.mark.parametrize(
    ("strategy", "reuse", "positions"),
    [(Strategy.LATENCY, 1, 1), (Strategy.RESOURCE, 3, 2), (Strategy.RESOURCE_UNROLLED, 4, 1)],
)
def test_every_kind(check: Check, io_type: IoType, strategy: Strategy, reuse: int, positions: int) -> None:
    design = Design(io_type=io_type, default=LayerDesign(strategy, reuse, positions))
    check(every_kind(np.random.default_rng(reuse)), design)
