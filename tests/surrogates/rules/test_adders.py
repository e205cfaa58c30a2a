"""Distributed arithmetic: figures follow from the adders, and are of no measurement."""

from dataclasses import replace

import pytest

from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn.scope import FAMILIES, families, family_name, weighted
from accelgen.surrogates.predict import predict
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.rules import estimate_record

LAYER = LayerRecord(
    "fc",
    LayerKind.DENSE,
    n_in=4,
    n_out=2,
    input_bits=4,
    weight_bits=3,
    accum_bits=9,
    nonzero=8,
    digits=11,
    adder_bits=40,
    adder_levels=5,
    held_bits=60,
    strategy="distributed_arithmetic",
)
# scheduled at the pace of a level of a sum: a cycle a level
FPGA = {"part": "xc7z020clg400-1", "clock_ns": 4.375, "clock_uncertainty_percent": 0.0}


def figures(layer, **more):
    return estimate_record(DesignRecord((layer,), **{**FPGA, **more}))[1]["fc"]


def test_figures_of_a_layer_are_those_of_its_adders():
    found = figures(LAYER)
    assert found["lut"] == 40
    assert found["ff"] == 60 + 2 * 9
    assert (found["dsp"], found["bram_18k"]) == (0, 0)
    assert (found["latency_cycles"], found["latency_max_cycles"], found["interval_cycles"]) == (5, 5, 1)


def test_levels_share_cycles_and_registers_where_there_is_time():
    found = figures(LAYER, clock_ns=8.75)
    assert found["latency_cycles"] == 2
    assert found["ff"] == 30 + 2 * 9
    assert found["lut"] == 40


def test_positions_at_once_are_copies():
    pixels = replace(LAYER, kind=LayerKind.CONV1D, positions=6, parallel_positions=3)
    assert figures(pixels)["lut"] == 3 * 40
    assert figures(pixels)["latency_cycles"] == 5 + 1
    assert figures(pixels)["interval_cycles"] == 6


def test_layers_whose_adders_are_not_known_are_as_latency():
    unknown = replace(LAYER, adder_bits=-1, adder_levels=0, held_bits=0)
    assert figures(unknown) == figures(replace(unknown, strategy="latency"))
    assert figures(LAYER, io_type="io_stream") == figures(unknown, io_type="io_stream")


def test_no_measurement_is_like_them():
    layers = from_records([DesignRecord((LAYER,), **FPGA)])
    (family,) = families(layers).tolist()
    assert family_name(family) == "distributed dense"
    assert FAMILIES["distributed dense"] == family
    assert weighted(family)
    found = predict(layers)
    assert not found.in_domain[0]
    assert "distributed dense" in found.reasons(0)[0]
    assert found.designs["lut"].high[0] > 2 * found.designs["lut"].value[0] > 0


@pytest.mark.parametrize("strategy", ["latency", "resource"])
def test_other_families_keep_their_numbers(strategy):
    layers = from_records([DesignRecord((replace(LAYER, strategy=strategy, adder_bits=-1),), **FPGA)])
    assert family_name(int(families(layers)[0])) in ("constant dense", "folded dense")
    assert families(layers)[0] < 4 * len(LayerKind)
