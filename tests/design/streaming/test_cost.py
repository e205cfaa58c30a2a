from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.streaming import Dataflow, automatic_depths, simulate
from accelgen.design.streaming.cost import FifoCost, fifo_cost, total_cost, trade_offs
from accelgen.design.streaming.depths import INFERENCES
from accelgen.design.streaming.walks import collect, regroup
from tests.design.streaming.dataflows import connect, dataflows, process


@pytest.mark.parametrize(
    ("depth", "bits", "cost"),
    [
        (2, 8, FifoCost(lut=4)),
        (16, 7, FifoCost(lut=4)),
        (17, 7, FifoCost(lut=7)),
        (33, 8, FifoCost(lut=16)),
        (128, 8, FifoCost(lut=32)),  # 1,024 bits
        (129, 8, FifoCost(bram_18k=1)),
        (2, 4000, FifoCost(lut=2000)),
        (512, 36, FifoCost(bram_18k=1)),
        (512, 37, FifoCost(bram_18k=2)),
        (2048, 8, FifoCost(bram_18k=1)),
        (2049, 9, FifoCost(bram_18k=2)),
    ],
)
def test_cost_of_a_fifo(depth: int, bits: int, cost: FifoCost) -> None:
    assert fifo_cost(depth, bits) == cost


@given(st.integers(1, 5000), st.integers(1, 2000))
def test_a_deeper_fifo_costs_no_less(depth: int, bits: int) -> None:
    assert fifo_cost(depth, bits).weight <= fifo_cost(depth + 1, bits).weight


def check_front(dataflow: Dataflow) -> None:
    points = trade_offs(dataflow)
    for cheap, cheaper in pairwise(points):
        assert cheaper.cost.weight < cheap.cost.weight
        assert cheaper.latency > cheap.latency or cheaper.interval > cheap.interval
    for point in points:
        run = simulate(dataflow, point.depths, INFERENCES)
        assert (run.latency, run.interval) == (point.latency, point.interval)
        assert total_cost(dataflow, point.depths) == point.cost


@given(dataflows())
def test_trade_offs_are_a_front(dataflow: Dataflow) -> None:
    check_front(dataflow)


@given(dataflows())
def test_fifos_of_one_depth(dataflow: Dataflow) -> None:
    """Those of a group are as deep as each other once they are not automatic; others stay as they are."""
    names = [fifo.name for fifo in dataflow.fifos]
    groups = [names[:2]] if names else []
    automatic = automatic_depths(dataflow)
    for point in trade_offs(dataflow, together=groups):
        assert all(point.depths[name] == automatic[name] for name in names[2:])
        together = {name: point.depths[name] for name in names[:2]}
        assert len(set(together.values())) == 1 or all(together[name] == automatic[name] for name in together)
        assert not simulate(dataflow, point.depths, INFERENCES).deadlock


def test_time_for_block_ram() -> None:
    """While the last layer computes, what comes of the next image waits, or the layer that gives it does."""
    last = process("dense", collect([64], 1), ["a"], ["y"])
    last.cycles[-1] = 100
    dataflow = connect(process("conv", regroup([64], 64), ["x"], ["a"], cycles=3), last, bits=64)
    points = trade_offs(dataflow)
    check_front(dataflow)
    assert points[0].cost.bram_18k > 0
    assert points[-1].cost.bram_18k == 0
    assert len(points) > 1
    assert len(trade_offs(dataflow, together=[])) == len(trade_offs(dataflow, stop=lambda: True)) == 1
