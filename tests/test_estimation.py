"""Estimates from Python: of models, projects, networks and records, one or many."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accelgen
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, UsageError
from accelgen.estimation import RESOURCES
from accelgen.surrogates.describe import describe
from accelgen.surrogates.record import TARGETS, DesignRecord, LayerKind, LayerRecord
from tests.cells import exact, make_cell, recurrent_network

ROOT = Path(__file__).resolve().parents[1]
TAGGER = ROOT / "examples/jet_tagger/model.keras"
OPTIONS = {"board": "zcu102", "strategy": "resource", "reuse_factor": 8}


@pytest.fixture(scope="module")
def tagger():
    """The exact network of the shipped jet tagger."""
    return accelgen.load(TAGGER).exact()


def known(reuse_factor=400, part="xcu250-figd2104-2L-e"):
    """A chain like those of wa-hls4ml, which estimates were learned from."""
    common = {
        "kind": LayerKind.DENSE,
        "input_bits": 16,
        "weight_bits": 8,
        "accum_bits": 16,
        "result_bits": 16,
        "strategy": "resource",
        "reuse_factor": reuse_factor,
        "requested_reuse_factor": reuse_factor,
    }
    first = LayerRecord("fc1", n_in=80, n_out=40, **common)
    second = LayerRecord("fc2", inputs=("fc1",), n_in=40, n_out=40, **common)
    return DesignRecord((first, second), part=part, clock_uncertainty_percent=12.5, backend="Vitis")


def test_a_model_and_its_project_have_the_same_estimate(tmp_path):
    from_path = accelgen.estimate(TAGGER, **OPTIONS)
    model = accelgen.load(TAGGER)
    build = model.build(tmp_path / "p", **OPTIONS)
    assert from_path.total == accelgen.estimate(model, **OPTIONS).total == model.estimate(**OPTIONS).total
    assert from_path.total == build.estimate().total == accelgen.estimate(tmp_path / "p").total
    assert from_path.layers == build.estimate().layers


def test_options_win_over_a_projects_design(tmp_path):
    accelgen.load(TAGGER).build(tmp_path / "p", **OPTIONS)
    other = accelgen.estimate(tmp_path / "p", reuse_factor=64, board="pynq-z2")
    assert (
        other.total
        == accelgen.estimate(
            TAGGER, **{**OPTIONS, "reuse_factor": 64, "board": "pynq-z2", "clock_ns": 5}
        ).total
    )
    assert other.record.part == "xc7z020clg400-1"


def test_every_figure_lies_in_its_interval():
    found = accelgen.estimate(TAGGER, **OPTIONS)
    assert set(found.total) == set(TARGETS)
    for figure in found.total.values():
        assert 0 <= figure.low <= figure.value <= figure.high
    assert [entry.layer.name for entry in found.layers] == ["fc1", "fc2", "fc3", "output", "softmax"]
    for resource in ("dsp", "bram_18k"):
        assert sum(entry.figures[resource] for entry in found.layers) == pytest.approx(
            found.total[resource].value
        )
    assert found.latency_us == found.total["latency_cycles"].value * 0.005


def test_fitting():
    large = accelgen.estimate(TAGGER, **OPTIONS)
    assert large.fits is True
    assert large.shares["dsp"] == large.total["dsp"].value / 2520
    assert large.shares["uram"] is None
    small = accelgen.estimate(
        TAGGER, **{**OPTIONS, "board": None, "part": "xc7z007sclg225-1", "reuse_factor": 2}
    )
    assert (small.fits, small.capacity.lut) == (False, 14400)


def test_whether_a_verdict_is_certain():
    found = accelgen.estimate(known())
    held = {name: round(found.total[name].high) + 1 for name in RESOURCES}
    for change, fits, certain in (
        ({}, True, True),
        ({"lut": int(found.total["lut"].high) - 1}, True, False),
        ({"lut": int(found.total["lut"].low) + 1}, False, False),
        ({"lut": int(found.total["lut"].low) - 1}, False, True),
    ):
        other = replace(found, capacity=type(found.capacity)(**{**held, **change}))
        assert (other.fits, other.certain) == (fits, certain), change


def test_an_unknown_part_is_said_to_be_so():
    found = accelgen.estimate(TAGGER, **{**OPTIONS, "board": None, "part": "xcku025-ffva1156-1-c"})
    assert (found.fits, found.certain, found.capacity) == (None, None, None)
    assert set(found.shares.values()) == {None}
    assert any("resources of xcku025-ffva1156-1-c are not known" in note for note in found.notes)


def test_what_is_like_the_data_and_what_is_not():
    inside = accelgen.estimate(known())
    assert (inside.in_domain, inside.reasons) == (True, ())
    assert inside.total["lut"].high < 2 * inside.total["lut"].low
    beyond = accelgen.estimate(TAGGER, **{**OPTIONS, "reuse_factor": 64})
    assert (beyond.in_domain, beyond.reasons) == (True, ())
    assert beyond.total["lut"].high < 2 * beyond.total["lut"].low
    outside = accelgen.estimate(TAGGER, **{**OPTIONS, "strategy": "latency"})
    assert not outside.in_domain
    assert any("but of Vitis HLS 2021.1" in reason for reason in outside.reasons)
    assert outside.total["lut"].high > 2 * outside.total["lut"].low


def test_intervals_are_of_a_cycle_at_least():
    for strategy in ("latency", "resource"):
        total = accelgen.estimate(TAGGER, **{**OPTIONS, "strategy": strategy, "reuse_factor": 1}).total
        assert total["interval_cycles"].low >= 1
        assert all(figure.low <= figure.value <= figure.high for figure in total.values())


def test_another_tool():
    unrolled = {"part": "xc7z020clg400-1", "strategy": "latency"}
    found = accelgen.estimate(TAGGER, **unrolled, tool="vitis hls 2021.1")
    assert found.domain.name == "Vitis HLS 2021.1 c_synthesis"
    assert all("Vitis HLS 2021.1" in reason for reason in found.reasons)
    assert (
        found.total["latency_cycles"].high
        < accelgen.estimate(TAGGER, **unrolled).total["latency_cycles"].high
    )
    with pytest.raises(
        UsageError, match=r"no measurements with 'Vitis HLS 1999'; known: .*Vitis HLS 2023\.2"
    ):
        accelgen.estimate(TAGGER, **OPTIONS, tool="Vitis HLS 1999")


def test_requests_that_became_others_are_noted():
    found = accelgen.estimate(TAGGER, **{**OPTIONS, "reuse_factor": 3})
    assert any("reuse_factor 3 became" in note for note in found.notes)


def test_intervals_begin_without_copies_of_weights_that_no_data_show():
    few = accelgen.estimate(TAGGER, **OPTIONS)
    (note,) = [note for note in few.notes if "copies of weights" in note]
    blocks = few.total["bram_18k"]
    copies = int(note.removeprefix("up to ").split()[0].replace(",", ""))
    assert 0 < copies < blocks.value
    assert blocks.low <= blocks.value - copies < blocks.value <= blocks.high
    for proven in (accelgen.estimate(known()), accelgen.estimate(TAGGER, **OPTIONS, tool="Vitis HLS 2021.1")):
        assert not proven.notes


@pytest.mark.parametrize("cell", ["simple", "gru", "lstm"])
@pytest.mark.parametrize("io_type", list(IoType))
def test_recurrent_layers(cell, io_type):
    network = exact(recurrent_network(make_cell(cell, 4, 8, np.random.default_rng(0)), 10, 4))
    found = accelgen.estimate(network, Design(io_type=io_type, default=LayerDesign(Strategy.RESOURCE, 8)))
    assert not found.in_domain
    assert found.total["latency_cycles"].value >= 10 * 8
    assert found.total["lut"].value > 100


def test_layers_of_few_bits():
    model = accelgen.load(ROOT / "tests/models/qonnx_binary_mlp/model.onnx")
    unrolled, folded = (
        model.estimate(board="zcu102", strategy=strategy, reuse_factor=factor)
        for strategy, factor in (("packed_unrolled", 1), ("packed_folded", 8))
    )
    assert not unrolled.in_domain
    assert not folded.in_domain
    assert unrolled.total["lut"].value > 100
    assert (unrolled.total["interval_cycles"].value, folded.total["interval_cycles"].value) == (1, 8)


def test_many_designs_equal_each_by_itself(tagger):
    designs = [
        Design(part=part, clock_ns=clock_ns, io_type=io_type, default=LayerDesign(strategy, factor))
        for part in ("xc7z020clg400-1", "xcku025-ffva1156-1-c")
        for clock_ns in (4.0, 10.0)
        for io_type in IoType
        for strategy, factor in ((Strategy.LATENCY, 1), (Strategy.RESOURCE, 4), (Strategy.RESOURCE, 32))
    ]
    found = accelgen.estimate(tagger, designs)
    assert len(found) == len(designs)
    for row, design in enumerate(designs):
        alone = accelgen.estimate(tagger, design)
        for target in TARGETS:
            together = found.total[target]
            np.testing.assert_allclose(
                [together.value[row], together.low[row], together.high[row]],
                list(vars(alone.total[target]).values()),
                rtol=1e-6,
            )
        assert found.in_domain[row] == alone.in_domain
        assert (found.fits[row] if found.capacity_known[row] else None) == alone.fits
        assert found.latency_us[row] == pytest.approx(alone.latency_us)
        data = found.as_json(row)
        assert data == {name: value for name, value in alone.as_json().items() if name in data}


def test_many_records():
    records = [known(factor) for factor in (200, 400, 800)]
    found = accelgen.estimate(records)
    assert found.total["dsp"].value.tolist() == [accelgen.estimate(one).total["dsp"].value for one in records]
    assert found.in_domain.all()
    assert len(accelgen.estimate([])) == 0


def test_a_data_sets_own_name_of_a_part_is_no_error():
    found = accelgen.estimate([known(part="Alveo U250")])
    assert not found.capacity_known[0]


def test_a_record_is_what_a_network_is_described_as(tagger):
    design = Design(default=LayerDesign(Strategy.RESOURCE, 16))
    record = describe(tagger, legalize(tagger, design)[0])
    assert accelgen.estimate(record).total == accelgen.estimate(tagger, design).total


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (TAGGER, {}, UsageError, "--board"),
        (TAGGER, {"board": "zcu103"}, UsageError, "did you mean"),
        (TAGGER, {**OPTIONS, "layer_reuse_factors": {"fc9": 2}}, DesignError, "fc9"),
        (TAGGER, {**OPTIONS, "designs": Design()}, UsageError, "exact network"),
        (ROOT, OPTIONS, UsageError, "no accelgen project"),
        (3, OPTIONS, UsageError, "no path"),
    ],
)
def test_what_cannot_be_estimated(source, options, error, message):
    with pytest.raises(error, match=message):
        accelgen.estimate(source, **options)


def test_a_projects_numbers_stay(tmp_path):
    accelgen.load(TAGGER).build(tmp_path / "p", **OPTIONS)
    for change in ({"precision": "8,4"}, {"weights": "w.h5"}, {"calibration": "x.npz"}, {"config": "d.yaml"}):
        with pytest.raises(UsageError, match="are decided"):
            accelgen.estimate(tmp_path / "p", **change)
