"""Rules for kernels against cases worked out by hand, most of them real rows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.factors import nearest
from accelgen.design.reuse import legal_reuse_factors
from accelgen.surrogates.features import from_records
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord, Stage
from accelgen.surrogates.rules import Domain, estimate_record, synthesises

LOGIC = Domain("Vitis HLS", "2023.2", Stage.LOGIC_SYNTHESIS)
REPORT = Domain("Vivado/Vitis HLS", "", Stage.C_SYNTHESIS)
STREAM = Domain("Vivado HLS", "2019.1", Stage.C_SYNTHESIS)
PROJECT = Domain("Vitis HLS", "2021.1", Stage.C_SYNTHESIS)


def chain(*widths, bits=8, reuse=1024):
    layers = []
    for n_in, n_out in pairwise(widths):
        layers.append(
            LayerRecord(
                f"fc{len(layers)}",
                LayerKind.DENSE,
                (layers[-1].name,) if layers else (),
                n_in=n_in,
                n_out=n_out,
                weight_bits=bits,
                accum_bits=16,
                strategy="resource",
                reuse_factor=nearest(legal_reuse_factors(n_in, n_out), reuse),
            )
        )
    return DesignRecord(tuple(layers), part="xcu250-figd2104-2L-e", clock_uncertainty_percent=12.5)


def whole(design, domain=LOGIC):
    return estimate_record(design, domain)[0]


def test_a_chain_takes_its_reuse_factors_and_two_cycles_a_layer():
    found = whole(chain(104, 96, 72, bits=10))
    assert found["latency_cycles"] == 832 + 1152 + 2 * 2 - 1
    assert found["latency_max_cycles"] == found["latency_cycles"] + 2
    assert found["interval_cycles"] == 1152


@pytest.mark.parametrize(
    ("widths", "bits", "saved"),
    [
        ((72, 32, 8), 8, 1),
        ((72, 32, 8), 10, 0),
        ((88, 16, 8), 16, 1),
        ((128, 40, 8), 4, 1),
        ((128, 40, 8), 6, 0),
        ((112, 8, 40), 2, 1),
        ((16, 48, 96, 8), 16, 0),
    ],
)
def test_a_short_loop_saves_a_cycle(widths, bits, saved):
    design = chain(*widths, bits=bits)
    factors = sum(layer.reuse_factor for layer in design.layers)
    assert whole(design)["latency_cycles"] == factors + 2 * len(design.layers) - 1 - saved


@pytest.mark.parametrize(
    ("widths", "bits", "domain", "blocks"),
    [
        ((104, 96, 72), 8, LOGIC, 12 + 6),
        ((104, 96, 72), 6, LOGIC, 0),
        ((112, 8, 40), 6, LOGIC, 1),  # eight inputs leave time for a DSP block
        ((104, 96, 72), 4, LOGIC, 0),
        ((32, 128), 6, REPORT, 4),
        ((64, 64), 6, REPORT, 3),
    ],
)
def test_products_of_a_cycle_take_dsp_blocks_by_their_bits(widths, bits, domain, blocks):
    assert whole(chain(*widths, bits=bits), domain)["dsp"] == blocks


@pytest.mark.parametrize(
    ("widths", "bits", "reuse", "tiles"),
    [
        ((104, 96, 72), 8, 1024, 19),  # 6 copies of 16K x 6 bits, and two tables
        ((104, 96, 72), 6, 1024, 13),
        ((56, 88, 128), 16, 1024, 57),
        ((104, 96, 72), 8, 2047, 1.5),  # tables alone
        ((40, 120, 48), 16, 4093, 7),  # 8K x 15 bits, and tables of 4800 x 7 and 2880 x 5
        ((88, 16, 8), 10, 1024, 0.5),
        ((112, 96, 80), 2, 1024, 9),
    ],
)
def test_block_rams_of_real_chains(widths, bits, reuse, tiles):
    assert whole(chain(*widths, bits=bits, reuse=reuse))["bram_18k"] == 2 * tiles


@given(st.sampled_from([16, 48, 96, 120]), st.sampled_from([16, 64, 88]), st.sampled_from([8, 12, 16]))
def test_more_products_a_cycle_never_cost_fewer_dsp_blocks_or_more_cycles(n_in, n_out, bits):
    factors = [factor for factor in legal_reuse_factors(n_in, n_out) if factor > 1]
    found = [whole(chain(n_in, n_out, bits=bits, reuse=factor)) for factor in factors]
    blocks, cycles = ([figures[name] for figures in found] for name in ("dsp", "latency_cycles"))
    assert blocks == sorted(blocks, reverse=True)
    assert cycles == sorted(cycles)


def constant(**fields):
    settings = {"n_in": 64, "n_out": 32, "weight_bits": 8, "input_bits": 8, "accum_bits": 16} | fields
    layer = LayerRecord("fc", LayerKind.DENSE, strategy="latency", **settings)
    return DesignRecord((layer,), part="xc7z007s-clg225-2", clock_uncertainty_percent=12.5)


@pytest.mark.parametrize(
    ("reuse", "blocks"),
    # 64 x 32 with 1472 weights: 2048 / 100 rounded up, less 576 / 100 rounded down
    [(1, 188), (2, 188), (100, 21 - 5)],
)
def test_a_reuse_factor_limits_the_multipliers_of_constant_weights(reuse, blocks):
    design = constant(nonzero=1472, digits=2746, dsp_products=188, reuse_factor=reuse)
    assert whole(design, PROJECT)["dsp"] == blocks


def test_multipliers_that_are_few_make_a_layer_wait_for_them():
    found = whole(constant(nonzero=1472, digits=2746, dsp_products=188, reuse_factor=100), PROJECT)
    assert found["latency_cycles"] == 14  # 188 / 16 rounded up, and 2
    assert found["interval_cycles"] == 15


def test_without_dsp_blocks_products_become_luts():
    record = constant(nonzero=1472, digits=2746, dsp_products=188)
    without = DesignRecord(
        record.layers, part=record.part, clock_uncertainty_percent=12.5, dsp_multipliers=False
    )
    assert whole(without, PROJECT)["dsp"] == 0
    more = whole(without, PROJECT)["lut"] - whole(record, PROJECT)["lut"]
    assert more == pytest.approx(188 * 62, rel=0.1)


def stream(kind, n_in, n_out, reuse, positions=1, strategy="resource"):
    layer = LayerRecord(
        "layer",
        kind,
        n_in=n_in,
        n_out=n_out,
        positions=positions,
        weight_bits=16,
        accum_bits=16,
        strategy=strategy,
        reuse_factor=reuse,
    )
    return DesignRecord((layer,), io_type="io_stream", part="xczu7ev-ffvc1156-2-e", clock_ns=4)


@pytest.mark.parametrize(
    ("n_in", "n_out", "reuse", "positions", "least", "most", "dsp", "bram"),
    [
        (3, 16, 12, 128, 780, 2990, 4, 0),
        (3, 32, 24, 256, 1548, 8772, 4, 2),
        (48, 16, 96, 16, 108, 1908, 8, 4),
        (96, 32, 4, 256, 1548, 3354, 768, 342),
    ],
)
def test_real_convolutions_of_streams(n_in, n_out, reuse, positions, least, most, dsp, bram):
    found = whole(stream(LayerKind.CONV1D, n_in, n_out, reuse, positions), STREAM)
    names = ("latency_cycles", "latency_max_cycles", "dsp", "bram_18k")
    assert [found[name] for name in names] == [least, most, dsp, bram]


@pytest.mark.parametrize(
    ("strategy", "reuse", "cycles"),
    [("resource", 12, 16 * (12 + 10) + 84 * 6), ("latency", 1, 100 + 8), ("latency", 4, 400 + 8)],
)
def test_convolutions_take_cycles_for_every_step_of_their_loop(strategy, reuse, cycles):
    record = stream(LayerKind.CONV2D, 9, 4, reuse, 16, strategy)
    known = replace(record, layers=(replace(record.layers[0], steps=100, behind=3),))
    found = whole(known, STREAM)
    assert found["latency_cycles"] == found["latency_max_cycles"] == found["interval_cycles"] == cycles


def test_layers_of_a_stream_add_what_they_do_after_their_input():
    first = LayerRecord("a", LayerKind.POOL, n_in=4, n_out=4, positions=16, steps=64, behind=1)
    conv = stream(LayerKind.CONV2D, 36, 4, 12, 16).layers[0]
    conv = replace(conv, inputs=("a",), steps=36, behind=6)
    dense = replace(stream(LayerKind.DENSE, 64, 2, 8).layers[0], name="fc", inputs=("layer",))
    dense = replace(dense, steps=17, behind=1)
    record = DesignRecord((first, conv, dense), io_type="io_stream", clock_ns=4)
    found = whole(record, STREAM)
    busy, fc = 16 * (12 + 11) + 20 * 6, 8 + 16 + 11
    assert found["interval_cycles"] == busy
    pool = 1 + 63  # of which 63 pass while its input comes
    assert found["latency_max_cycles"] == (pool - 63) + busy + (fc - 16)


@pytest.mark.parametrize(
    ("n_in", "units", "reuse", "dsp", "bram"),
    [(8, 8, 4, 152, 75), (16, 16, 2, 1072, 489), (16, 8, 512, 26, 21), (32, 32, 16, 608, 293)],
)
def test_real_lstms(n_in, units, reuse, dsp, bram):
    found = whole(stream(LayerKind.LSTM, n_in, units, reuse, 32), STREAM)
    assert (found["dsp"], found["bram_18k"]) == (dsp, bram)


@pytest.mark.parametrize(("classes", "dsp", "cycles"), [(2, True, 8), (6, False, 10), (10, True, 14)])
def test_real_softmaxes(classes, dsp, cycles):
    layer = LayerRecord("softmax", LayerKind.SOFTMAX, n_in=classes, n_out=classes)
    design = DesignRecord(
        (layer,), part="xc7z007s-clg225-2", clock_uncertainty_percent=12.5, dsp_multipliers=dsp
    )
    found = whole(design, PROJECT)
    assert found["latency_cycles"] == cycles
    assert (found["dsp"], found["bram_18k"]) == (classes * dsp, classes)


def test_branches_run_side_by_side():
    slow, fast = (
        LayerRecord(name, LayerKind.TABLE, ("start",), n_in=4, n_out=4, positions=1, table_size=1024)
        for name in ("slow", "fast")
    )
    layers = (
        LayerRecord("start", LayerKind.SOFTMAX, n_in=4, n_out=4),
        slow,
        fast,
        LayerRecord("end", LayerKind.MERGE, ("slow", "fast"), n_in=4, n_out=4),
    )
    straight = (layers[0], slow, LayerRecord("end", LayerKind.MERGE, ("slow",), n_in=4, n_out=4))
    branched = whole(DesignRecord(layers))
    assert branched["latency_cycles"] == whole(DesignRecord(straight))["latency_cycles"]


def test_layers_that_are_too_large_for_constants_fail():
    designs = [constant(n_in=32, n_out=32), constant(n_in=96, n_out=32), chain(256, 256, reuse=512)]
    assert synthesises(from_records(designs), REPORT).tolist() == [True, False, True]
    assert synthesises(from_records(designs), PROJECT).all()


def test_every_kind_of_layer_has_finite_costs():
    for kind in LayerKind:
        for strategy in ("latency", "resource"):
            for io_type in ("io_parallel", "io_stream"):
                layer = LayerRecord(
                    "x", kind, n_in=12, n_out=8, weight_bits=4, strategy=strategy, reuse_factor=3
                )
                found = whole(DesignRecord((layer,), io_type=io_type))
                assert all(np.isfinite(value) and value >= 0 for value in found.values()), (kind, strategy)


@pytest.mark.parametrize(
    ("n_in", "bits", "reuse", "cycles", "interval", "ff"),
    [  # real single layers of 32 units: what multipliers are shared, or one cycle holds the whole tree
        (32, 10, 512, 343, 344, 13429),
        (32, 14, 1024, 484, 485, 13582),
        (64, 14, 1024, 639, 640, 24967),
        (64, 12, 512, 425, 426, 24663),
        (64, 4, 512, 2, 3, 2309),
        (64, 10, 1, 1, 1, 6049),
    ],
)
def test_real_constant_layers(n_in, bits, reuse, cycles, interval, ff):
    layer = LayerRecord(
        "fc",
        LayerKind.DENSE,
        n_in=n_in,
        n_out=32,
        weight_bits=bits,
        accum_bits=16,
        strategy="latency",
        reuse_factor=reuse,
    )
    record = DesignRecord((layer,), part="xcu250-figd2104-2L-e", clock_uncertainty_percent=12.5)
    whole, _ = estimate_record(record, Domain("Vivado/Vitis HLS", "", Stage.C_SYNTHESIS))
    assert whole["latency_cycles"] == pytest.approx(cycles, rel=0.03)
    assert whole["interval_cycles"] == pytest.approx(interval, rel=0.03)
    assert whole["ff"] == pytest.approx(ff, rel=0.45)


def test_products_of_several_inputs_cost_what_sums_do():
    def lut(reuse):
        chain = LayerRecord(
            "fc",
            LayerKind.DENSE,
            n_in=64,
            n_out=32,
            weight_bits=8,
            accum_bits=16,
            strategy="resource",
            reuse_factor=reuse,
        )
        return estimate_record(DesignRecord((chain,)))[0]["lut"]

    assert lut(64) < lut(32) < lut(16) < lut(8)
    assert lut(8) / lut(16) == pytest.approx(2, rel=0.1)
