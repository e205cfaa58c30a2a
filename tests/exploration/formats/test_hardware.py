from dataclasses import replace

import pytest

from accelgen.choices import Choices
from accelgen.design import Strategy
from accelgen.errors import InfeasibleError
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.hardware import HardwareSearch
from accelgen.exploration.formats.search import FormatSearch
from accelgen.exploration.goals import Goals
from tests.exploration.formats.small import DESIGN, classifier, format_search, samples

FAST, SLOW = replace(DESIGN, clock_ns=4.0), replace(DESIGN, clock_ns=10.0)
LUT = Goals.of({"latency": "100"}, "lut")


@pytest.fixture(scope="module")
def network():
    return format_search().task.space.apply([2, 2, 2, 2])


def test_the_best_design_costs_what_was_promised(network):
    search = HardwareSearch(LUT, (DESIGN,))
    cost, excess = search.least_cost(*network)
    design, estimate = search.best(*network)
    assert (search.figure, excess) == ("lut", 0.0)
    assert search.cost(estimate) == pytest.approx(cost, rel=1e-6)
    assert design.types == network[1].types
    assert estimate.total["latency_max_cycles"].value <= 100


def test_the_better_of_several_devices_is_taken(network):
    goals = Goals.of({"lut": "50%"}, "latency")
    each = [
        HardwareSearch(goals, (device,)).least_cost(*network)[0] * device.clock_ns / 1000
        for device in (FAST, SLOW)
    ]
    both = HardwareSearch(goals, (FAST, SLOW))
    assert both.figure == "latency_max_us"
    assert both.least_cost(*network) == (pytest.approx(min(each)), 0.0)
    design, estimate = both.best(*network)
    assert both.cost(estimate) == pytest.approx(min(each))
    assert design.clock_ns == (4.0 if each[0] < each[1] else 10.0)
    assert both.limits["lut"] == HardwareSearch(goals, (FAST,)).limits["lut"]
    in_time = HardwareSearch(Goals.of({"latency": "1us"}, "lut"), (FAST, SLOW))
    assert "latency_max_cycles" not in in_time.limits  # 250 cycles of the one, 100 of the other


def test_what_users_fix_stays_fixed(network):
    search = HardwareSearch(LUT, (DESIGN,), Choices(strategy="latency", reuse_factor=2))
    design, _ = search.best(*network)
    assert {choice.strategy for choice in design.layers.values()} == {Strategy.LATENCY}
    assert {choice.reuse_factor for choice in design.layers.values()} == {2}


def test_what_misses_limits_says_by_how_much(network):
    least, _ = HardwareSearch(LUT, (DESIGN,)).least_cost(*network)
    most = least / 2
    search = HardwareSearch(Goals.of({"latency": "100", "lut": int(most)}, "lut", margin=0), (DESIGN,))
    _, excess = search.least_cost(*network)
    assert 0 < excess <= 1 + 1 / most
    with pytest.raises(InfeasibleError):
        search.best(*network)


def test_the_first_hardware_that_is_possible_is_searched():
    tight = HardwareSearch(Goals.of({"lut": 10}, "lut"), (DESIGN,))
    ample = HardwareSearch(LUT, (DESIGN,))
    x, labels = samples()
    for hardware, chosen in (([tight, ample], ample), ([ample, tight], ample), ([tight, tight], tight)):
        found = FormatSearch.of(
            classifier(),
            DESIGN,
            Bits.parse("4..8"),
            hardware,
            data={"x": x},
            labels=labels,
            calibration={"x": x},
        )
        assert found.task.hardware is chosen
