from __future__ import annotations

import numpy as np

from accelgen.design import Design, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from tests.cells import make_cell, recurrent_network

NETWORK = recurrent_network(make_cell("lstm", 3, 4, np.random.default_rng(0)), 5, 3)


def test_each_matrix_takes_its_nearest_legal_reuse_factor() -> None:
    design, adjustments = legalize(NETWORK, Design(default=LayerDesign(Strategy.RESOURCE, 4)))
    assert design.layer("recurrent") == LayerDesign(Strategy.RESOURCE, 4)
    assert [(change.used, change.reason) for change in adjustments] == [
        ("3", "the nearest legal one for its 3 x 16 matrix")
    ]


def test_strategies_without_a_kernel_become_the_nearest_one() -> None:
    for asked, used in (
        (Strategy.RESOURCE_UNROLLED, Strategy.RESOURCE),
        (Strategy.DISTRIBUTED_ARITHMETIC, Strategy.LATENCY),
    ):
        design, adjustments = legalize(NETWORK, Design(default=LayerDesign(asked)))
        assert design.layer("recurrent").strategy is used
        assert [change.requested for change in adjustments] == [asked.value]
