"""The CSV files of wa-hls4ml and N-TORC, hand-made and real, whole and broken."""

import csv
import re

import pytest

from accelgen.design.reuse import legal_reuse_factors
from accelgen.errors import UsageError
from accelgen.surrogates.dataset import read
from accelgen.surrogates.record import LayerKind, Stage
from tests.surrogates.shared_data import DATA, SYNTHESIS, needs_data

CHAINS = """\
model_string,prec,rf,strategy,est_clk_ns,latency_min,latency_max,ii_min,bram_18k,dsp,ff,lut,uram,success
80-24-120,6,1024,resource,3.781,1923,1925,1923,1.5,0,10075,15596,0,TRUE
16-16,4,3,Resource,3.7,17,18,17,0,0,100,200,0,FALSE
"""
SINGLE = """\
d_in,d_out,prec,rf,strategy,hls_synth_success,EstimatedClockPeriod_hls,BestLatency_hls,WorstLatency_hls,\
IntervalMin_hls,IntervalMax_hls,FF_hls,LUT_hls,BRAM_18K_hls,DSP_hls,URAM_hls
32,64,8,512,latency,True,4.155,145.0,145.0,146.0,146.0,12028.0,34053.0,1.0,2.0,0.0
32,128,2,1,latency,False,,,,,,,,,,
"""
CONV1D = """\
n_chan,n_filt,sequence_length,reuse_factor_requested,reuse_factor_legal,latency_min,latency_max,bram_18k,lut,ff,dsp,runs
2,16,128,4,3,780.0,1690.0,0.0,4758.89,2594.43,16.0,8
2,16,64,1,1,70.0,70.0,0.0,4758.89,2594.43,16.0,1
"""
LSTM = """\
n_in,n_units,sequence_length,reuse_factor_requested,reuse_factor_legal,latency_min,latency_max,bram_18k,lut,ff,dsp,runs
8,16,32,512,256,201.0,209.0,131.0,79254.0,28834.33,279.67,1
"""
DENSE = """\
n_in,n_out,reuse_factor_requested,reuse_factor_legal,latency_min,latency_max,bram_18k,lut,ff,dsp,runs
16,1,2,2,6.0,7.0,0.0,3042.0,1950.81,8.0,8
16,1,512,16,21.0,22.0,,,,,0
"""


def table(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def test_chains_have_legal_reuse_factors_and_blocks_of_18_kb(tmp_path):
    done, failed = table(tmp_path, CHAINS)
    assert [(layer.n_in, layer.n_out, layer.inputs) for layer in done.design.layers] == [
        (80, 24, ()),
        (24, 120, ("fc1",)),
    ]
    assert [layer.requested_reuse_factor for layer in done.design.layers] == [1024, 1024]
    assert [layer.reuse_factor for layer in done.design.layers] == [960, 960]
    assert {(layer.input_bits, layer.weight_bits) for layer in done.design.layers} == {(16, 6)}
    assert (done.tool, done.version, done.resource_stage) == ("Vitis HLS", "2023.2", Stage.LOGIC_SYNTHESIS)
    assert done.targets == {
        "clock_ns": 3.781,
        "latency_cycles": 1923,
        "latency_max_cycles": 1925,
        "bram_18k": 3,  # 1.5 tiles of 36 Kb
        "dsp": 0,
        "ff": 10075,
        "lut": 15596,
        "uram": 0,
    }
    assert (done.success, failed.success, failed.targets) == (True, False, {})
    assert (done.group, failed.group) == ("80-24-120", "16-16")


def test_single_layers_keep_failures_and_latency_reuse_factors(tmp_path):
    done, failed = table(tmp_path, SINGLE)
    (layer,) = done.design.layers
    assert (layer.strategy, layer.reuse_factor, layer.weight_bits) == ("latency", 512, 8)
    assert (done.targets["interval_cycles"], done.targets["bram_18k"]) == (146, 1)
    assert done.resource_stage is Stage.C_SYNTHESIS
    assert (failed.success, failed.targets, failed.group) == (False, {}, "32-128")


def test_ntorc_layers(tmp_path):
    (first, second) = table(tmp_path, CONV1D)
    (layer,) = first.design.layers
    # a second convolution follows a pooling of two
    assert (layer.kind, layer.n_in, layer.n_out, layer.positions) == (LayerKind.CONV1D, 6, 16, 64)
    assert (layer.strategy, layer.reuse_factor, layer.requested_reuse_factor) == ("resource", 3, 4)
    assert (first.design.io_type, first.design.clock_ns, first.runs) == ("io_stream", 4, 8)
    assert second.design.layers[0].strategy == "latency"
    assert first.group == second.group  # the length of the sequence makes no architecture
    (lstm,) = table(tmp_path, LSTM)
    (layer,) = lstm.design.layers
    assert (layer.kind, layer.n_in, layer.n_out, layer.positions) == (LayerKind.LSTM, 8, 16, 32)
    assert lstm.targets["dsp"] == 279.67
    whole, partial = table(tmp_path, DENSE)
    assert (whole.runs, partial.runs) == (8, 1)
    assert partial.targets == {"latency_cycles": 21, "latency_max_cycles": 22}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("80-24,6,1024,resource,3.7,1,2,3,0,0,1,1,0", "13 values in 14 columns"),
        ("80,6,1024,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "model_string is '80'"),
        ("80--24,6,1024,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "model_string is '80--24'"),
        ("80-999999,6,1024,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "model_string is"),
        ("80-24,6.5,1024,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "prec is 6.5, not a whole number"),
        ("80-24,6,0,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "rf is '0', not a number from 1"),
        ("80-24,6,1e99,resource,3.7,1,2,3,0,0,1,1,0,TRUE", "rf is '1e99', not a number from 1"),
        ("80-24,6,4,fast,3.7,1,2,3,0,0,1,1,0,TRUE", "strategy is 'fast'"),
        ("80-24,6,4,resource,nan,1,2,3,0,0,1,1,0,TRUE", "est_clk_ns is 'nan'"),
        ("80-24,6,4,resource,3.7,1,2,3,0,-1,1,1,0,TRUE", "dsp is '-1'"),
        ("80-24,6,4,resource,3.7,1,2,3,0,0,1,1,0,maybe", "success is 'maybe'"),
    ],
)
def test_a_bad_row_is_skipped_with_its_reason(tmp_path, row, reason):
    found = table(tmp_path, f"{CHAINS}{row}\n{CHAINS.splitlines()[1]}\n")
    assert len(found) == 3
    (skipped,) = found.skipped
    assert skipped.row == 3
    assert skipped.source.endswith("table.csv")
    assert re.search(reason, skipped.reason)


def test_damage_costs_no_other_row(tmp_path):
    row = CHAINS.splitlines()[1]
    (tmp_path / "a.csv").write_bytes(f"{CHAINS}".encode() + b"80-24,6,\xff\xfe,resource\n" + row.encode())
    (tmp_path / "b.csv").write_text(CHAINS + '80-24,"6')
    found = read(tmp_path)
    assert [row.source[-5:] for row in found] == ["a.csv"] * 3 + ["b.csv"] * 2
    assert [(skipped.source[-5:], skipped.row) for skipped in found.skipped] == [("a.csv", 3), ("b.csv", 3)]
    assert "damaged from here on" in found.skipped[1].reason


def without(text, *names):
    """A table in CSV with its columns in reverse, less some."""
    rows = list(csv.DictReader(text.splitlines()))
    left = [name for name in reversed(rows[0]) if name not in names]
    lines = [left, *([row[name] for name in left] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


def test_columns_may_stand_in_any_order_and_what_was_measured_may_be_missing(tmp_path):
    whole = table(tmp_path, CHAINS).rows
    assert table(tmp_path, without(CHAINS)).rows == whole
    done, _ = table(tmp_path, without(CHAINS, "bram_18k", "latency_min", "lut", "success")).rows
    left = dict(whole[0].targets)
    del left["bram_18k"], left["latency_cycles"], left["lut"]
    assert (done.success, done.targets) == (True, left)
    first, second = table(tmp_path, without(CONV1D, "reuse_factor_requested", "runs", "lut")).rows
    assert (first.runs, first.design.layers[0].requested_reuse_factor) == (1, 3)
    assert second.design.layers[0].strategy == "latency"


def test_an_attempt_of_which_nothing_is_known_is_skipped(tmp_path):
    found = table(tmp_path, without(SINGLE, "hls_synth_success"))
    assert len(found) == 1
    assert "hls_synth_success is missing, and nothing was measured" in found.skipped[0].reason


def test_a_file_in_no_known_format_is_refused_alone_and_ignored_in_a_folder(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "chains.csv").write_text(CHAINS)
    found = read(tmp_path)
    assert len(found) == 2
    assert [path.rpartition("/")[2] for path in found.ignored] == ["empty.csv", "other.csv"]
    for name in ("other.csv", "notes.txt", "empty.csv"):
        with pytest.raises(UsageError, match=r"in no known format: .*N-TORC lstm"):
            read(tmp_path / name)
    (tmp_path / "short.csv").write_text("n_chan,n_filt,sequence_length,lut\n1,16,128,3\n")
    with pytest.raises(UsageError, match="of N-TORC conv1d it lacks reuse_factor_legal; known are"):
        read(tmp_path / "short.csv")
    with pytest.raises(UsageError, match="is no file and no folder"):
        read(tmp_path / "missing.csv")


def raw_rows(name):
    with (SYNTHESIS / name).open() as file:
        return list(csv.DictReader(file))


@needs_data
def test_every_real_row_is_read():
    found = read(DATA)
    assert found.skipped == ()
    counts = {path.rpartition("/")[2]: 0 for path in found.formats}
    for row in found:
        counts[row.source.rpartition("/")[2]] += 1
    assert counts == {path.name: len(raw_rows(path.name)) for path in SYNTHESIS.glob("*.csv")}
    assert sum(not row.success for row in found) == sum(
        row["hls_synth_success"] == "False" for row in raw_rows("wa_hls4ml_single_dense.csv")
    )


@needs_data
def test_real_chains_have_the_latency_that_their_legal_reuse_factors_give():
    """Which shows that the factors are the right ones: the sum of them, and 2 n - 1 (off by one at times)."""
    rows = read(SYNTHESIS / "wa_hls4ml_dense_chains.csv").rows
    for row in rows:
        for layer in row.design.layers:
            assert layer.reuse_factor in legal_reuse_factors(layer.n_in, layer.n_out)
    exact = [
        row.targets["latency_cycles"]
        == sum(layer.reuse_factor for layer in row.design.layers) + 2 * len(row.design.layers) - 1
        for row in rows
    ]
    assert sum(exact) / len(exact) > 0.9


@needs_data
def test_the_interval_of_real_chains_was_never_measured():
    """The reason why it is no target: it is the latency in every row."""
    assert all(row["ii_min"] == row["latency_min"] for row in raw_rows("wa_hls4ml_dense_chains.csv"))
