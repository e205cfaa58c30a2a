"""Predictions: what holds for any design, whatever was learned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.errors import ModelError
from accelgen.surrogates.features import from_records
from accelgen.surrogates.predict import Surrogates, load_surrogates, predict, read_surrogates
from accelgen.surrogates.record import TARGETS, DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.rules import estimate, load_prices

STRATEGIES = {
    LayerKind.DENSE: ("latency", "resource", "resource_unrolled", "distributed_arithmetic"),
    LayerKind.CONV1D: ("latency", "resource"),
    LayerKind.CONV2D: ("latency", "resource"),
    LayerKind.DEPTHWISE: ("latency",),
    LayerKind.LSTM: ("latency", "resource"),
    LayerKind.GRU: ("latency", "resource"),
    LayerKind.PACKED: ("packed_unrolled", "packed_folded"),
}
SIZES = st.sampled_from([1, 2, 3, 8, 31, 64, 784])


@st.composite
def layers(draw, name="fc", inputs=()):
    kind = draw(st.sampled_from(LayerKind))
    n_in, n_out = draw(SIZES), draw(SIZES)
    weighted = kind in STRATEGIES
    return LayerRecord(
        name,
        kind,
        inputs,
        n_in=n_in,
        n_out=n_out,
        positions=draw(st.sampled_from([1, 10, 676])),
        input_bits=draw(st.sampled_from([1, 6, 16, 32])),
        weight_bits=draw(st.sampled_from([1, 2, 8, 18])) if weighted else 0,
        accum_bits=draw(st.sampled_from([0, 16, 40])),
        nonzero=draw(st.sampled_from([-1, 0, n_in * n_out])),
        digits=draw(st.sampled_from([-1, 0, 2 * n_in * n_out])),
        dsp_products=draw(st.sampled_from([-1, 0, n_in])),
        strategy=draw(st.sampled_from(STRATEGIES[kind])) if weighted else "",
        reuse_factor=draw(st.sampled_from([1, n_in, n_in * n_out])) if weighted else 1,
        table_size=draw(st.sampled_from([0, 1024])),
    )


@st.composite
def designs(draw):
    count = draw(st.integers(0, 4))
    return DesignRecord(
        tuple(draw(layers(f"l{n}", (f"l{n - 1}",) if n else ())) for n in range(count)),
        io_type=draw(st.sampled_from(["io_parallel", "io_stream"])),
        part=draw(st.sampled_from(["xc7z020clg400-1", "xcu250-figd2104-2L-e", ""])),
        clock_ns=draw(st.sampled_from([1.5, 5.0, 20.0])),
        dsp_multipliers=draw(st.booleans()),
    )


@pytest.mark.filterwarnings("error")
@settings(max_examples=60, deadline=None)
@given(st.lists(designs(), min_size=1, max_size=5))
def test_any_design_has_a_finite_estimate_within_its_interval(records):
    columns = from_records(records)
    found = predict(columns)
    assert set(found.designs) == set(TARGETS)
    for target, figures in found.designs.items():
        for values in (figures.value, figures.low, figures.high):
            assert values.shape == (len(records),)
            assert np.isfinite(values).all(), target
        assert (figures.low >= 0).all()
        assert (figures.low <= figures.value).all()
        assert (figures.value <= figures.high).all()
    for target in ("lut", "ff", "dsp", "bram_18k"):
        inside = columns.total(found.layers[target])
        assert (found.designs[target].value >= inside - 1e-6 * (1 + inside)).all()
    for row in range(len(records)):
        assert bool(found.reasons(row)) != found.in_domain[row]
    chances = found.success[~np.isnan(found.success)]
    assert ((chances >= 0) & (chances <= 1)).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(designs(), min_size=1, max_size=4))
def test_designs_do_not_depend_on_their_neighbours(records):
    together = predict(from_records(records))
    for row, record in enumerate(records):
        alone = predict(from_records([record]))
        for target in TARGETS:
            assert alone.designs[target].value[0] == pytest.approx(
                together.designs[target].value[row], rel=1e-6
            )
        assert alone.in_domain[0] == together.in_domain[row]


def test_where_nothing_was_learned_rules_answer_and_say_so():
    record = DesignRecord(
        (LayerRecord("fc", LayerKind.DENSE, n_in=16, n_out=8, weight_bits=8, strategy="latency"),)
    )
    columns = from_records([record])
    found = predict(columns, surrogates=Surrogates(load_prices()))
    ruled = estimate(columns)
    assert not found.in_domain[0]
    assert np.isnan(found.success[0])
    for target in TARGETS:
        assert found.designs[target].value[0] == ruled.designs[target][0]


def test_trained_parts_are_read_once():
    assert load_surrogates() is load_surrogates()


def test_a_folder_without_trained_parts_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_surrogates(tmp_path)
