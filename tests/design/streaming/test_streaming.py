from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.streaming import Dataflow, automatic_depths, simulate
from accelgen.design.streaming.depths import INFERENCES, least_depths, most_in_flight
from accelgen.design.streaming.schedule import earliest
from accelgen.design.streaming.walks import collect, regroup, windows
from tests.design.streaming.dataflows import by_cycle, connect, dataflows, process

DEPTHS = st.integers(1, 8)


def with_depths(draw: st.DataObject, dataflow: Dataflow) -> dict[str, int]:
    return {fifo.name: draw.draw(DEPTHS) for fifo in dataflow.fifos}


def residual(in_flight: int = 0) -> Dataflow:
    """A 4 x 4 image that meets itself after a window of 3 x 3 over its padded copy."""
    padded = windows((4, 4), (1, 1), (1, 1), ((1, 1), (1, 1)))
    return connect(
        process("clone", regroup([16], 16), ["x"], ["long", "short"]),
        process("pad", padded, ["long"], ["padded"]),
        process("conv", windows((6, 6), (3, 3), (1, 1)), ["padded"], ["sums"], in_flight=in_flight),
        process("add", regroup([16, 16], 16), ["sums", "short"], ["y"]),
    )


def test_two_processes_by_hand() -> None:
    """Tokens come in cycles 0 to 3; the first process takes one cycle for each, the second one three."""
    dataflow = connect(
        process("fast", regroup([4], 4), ["x"], ["a"]),
        process("slow", regroup([4], 4), ["a"], ["y"], cycles=3),
    )
    free = simulate(dataflow, {})
    assert free.finished == (13,)  # the slow one begins in cycle 1
    assert free.fullest == {"a": 3}  # tokens come in 1, 2, 3 and 4, and are read in 1, 4, 7 and 10
    assert free.empty_cycles == {"fast": 0, "slow": 1}
    assert free.full_cycles == {"fast": 0, "slow": 0}
    tight = simulate(dataflow, {"a": 1})
    # a place is free two cycles after its token was read: tokens come in 1, 3, 6 and 9
    assert tight.finished == (13,)
    assert tight.full_cycles == {"fast": 5, "slow": 0}
    assert automatic_depths(dataflow) == {"a": 2}


def test_one_place_passes_a_token_every_other_cycle() -> None:
    dataflow = connect(
        process("first", regroup([10], 10), ["x"], ["a"]), process("second", regroup([10], 10), ["a"], ["y"])
    )
    assert [simulate(dataflow, {"a": depth}).latency for depth in (1, 2, 3)] == [20, 11, 11]


def test_a_pipeline_holds_what_it_has_begun_until_it_moves_on() -> None:
    dataflow = connect(
        process("pipeline", regroup([4], 4), ["x"], ["a"], in_flight=2),
        process("last", regroup([4], 4), ["a"], ["y"]),
    )
    assert simulate(dataflow, {}).latency == 4 + 2 + 1


def test_a_reader_that_collects_an_image_takes_it_as_it_comes() -> None:
    """Neither a slow nor a fast layer before it leaves anything in the FIFO between them."""
    for cycles in (1, 9):
        dataflow = connect(
            process("conv", regroup([64], 64), ["x"], ["a"], cycles=cycles),
            process("dense", collect([64], 1), ["a"], ["y"]),
        )
        assert automatic_depths(dataflow)["a"] == 2


def test_a_fast_layer_waits_for_a_slow_one() -> None:
    """With FIFOs that are never full nearly a whole image waits; without them nothing is slower."""
    dataflow = connect(
        process("fast", regroup([100], 100), ["x"], ["a"]),
        process("slow", regroup([100], 100), ["a"], ["y"], cycles=10),
    )
    assert simulate(dataflow, {}).fullest["a"] == 90
    assert automatic_depths(dataflow) == {"a": 2}


def test_too_small_a_fifo_beside_a_window_stops_the_design() -> None:
    """The first sum needs pixel (1, 1) of the image, its sixth, so that five more wait beside it."""
    dataflow = residual()
    depths = {"long": 2, "padded": 2, "sums": 2}
    results = {depth: simulate(dataflow, {**depths, "short": depth}) for depth in range(1, 12)}
    stopped = [depth for depth, run in results.items() if run.deadlock]
    assert stopped == list(range(1, len(stopped) + 1))
    run = results[len(stopped)]
    assert {str(wait) for wait in run.deadlock} >= {"clone waits to write short", "add waits to read sums"}
    with pytest.raises(ValueError, match="no latency"):
        _ = run.latency
    assert automatic_depths(dataflow)["short"] > len(stopped)


@pytest.mark.parametrize("in_flight", [0, 1, 5])
def test_what_a_pipeline_holds_has_room_beside_it(in_flight: int) -> None:
    """The pipeline is taken to be as deep as expected, or to have nothing in flight, or twice as much."""
    depths = automatic_depths(residual(in_flight))
    assert depths["short"] <= 16
    for actual in range(2 * in_flight + 3):
        assert not simulate(residual(actual), depths, 2).deadlock


def test_ends_of_a_channel_agree() -> None:
    reader = process("reader", regroup([4], 4), ["a"], ["y"])
    with pytest.raises(ValueError, match="do not move 4 tokens"):
        connect(process("writer", regroup([5], 5), ["x"], ["a"]), reader)
    with pytest.raises(ValueError, match="leads backwards"):
        connect(reader, process("writer", regroup([4], 4), ["x"], ["a"]))


@given(dataflows(), st.integers(1, 2), st.data())
def test_simulation_is_that_of_single_cycles(
    dataflow: Dataflow, inferences: int, data: st.DataObject
) -> None:
    depths = with_depths(data, dataflow)
    run = simulate(dataflow, depths, inferences)
    finished, stopped = by_cycle(dataflow, depths, inferences)
    assert bool(run.deadlock) == stopped
    assert list(run.finished) == finished
    assert all(run.fullest[name] <= depth for name, depth in depths.items())


@given(dataflows())
def test_fifos_that_are_never_full_give_the_earliest_schedule(dataflow: Dataflow) -> None:
    assert simulate(dataflow, {}, 2).finished == tuple(earliest(dataflow, 2).finished)


@given(dataflows())
def test_automatic_depths_slow_nothing_down(dataflow: Dataflow) -> None:
    run = simulate(dataflow, automatic_depths(dataflow), INFERENCES)
    assert not run.deadlock
    assert run.finished == tuple(earliest(dataflow, INFERENCES).finished)


def other_pipelines(data: st.DataObject, dataflow: Dataflow) -> Mapping[str, int]:
    return {name: data.draw(st.integers(0, most)) for name, most in most_in_flight(dataflow).items()}


@given(dataflows(), st.data())
def test_least_depths_stop_no_design_whatever_is_in_flight(dataflow: Dataflow, data: st.DataObject) -> None:
    other = dataflow.with_in_flight(other_pipelines(data, dataflow))
    assert not simulate(other, least_depths(dataflow), 2).deadlock


@given(dataflows(), st.data())
def test_whether_a_design_stops_depends_on_no_cycles(dataflow: Dataflow, data: st.DataObject) -> None:
    depths = with_depths(data, dataflow)
    processes = [
        type(each)(
            each.name,
            np.array([data.draw(st.integers(1, 9)) for _ in each.cycles], np.int64),
            each.reads,
            each.writes,
            each.in_flight,
        )
        for each in dataflow.processes
    ]
    other = simulate(Dataflow(tuple(processes), dataflow.channels), depths)
    assert bool(other.deadlock) == bool(simulate(dataflow, depths).deadlock)


@given(dataflows(), st.data())
def test_deeper_fifos_are_never_slower(dataflow: Dataflow, data: st.DataObject) -> None:
    depths = with_depths(data, dataflow)
    deeper = {name: depth + data.draw(st.integers(0, 3)) for name, depth in depths.items()}
    run, other = simulate(dataflow, depths, 2), simulate(dataflow, deeper, 2)
    assert run.deadlock or other.finished <= run.finished


@given(dataflows(6))
def test_reconvergent_fifos_are_those_between_processes_that_are_connected_without_them(
    dataflow: Dataflow,
) -> None:
    def connected(without: str) -> bool:
        ends = [{fifo.source, fifo.target} for fifo in dataflow.fifos if fifo.name != without]
        (removed,) = (fifo for fifo in dataflow.fifos if fifo.name == without)
        reached = {removed.source}
        for _ in dataflow.processes:
            reached |= {name for pair in ends if pair & reached for name in pair}
        return removed.target in reached

    assert dataflow.reconvergent == {fifo.name for fifo in dataflow.fifos if connected(fifo.name)}
