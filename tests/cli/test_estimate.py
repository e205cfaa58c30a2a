"""``accelgen estimate`` as its users meet it: tables, the JSON that scripts rely on, sweeps, exit codes."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import run, run_json

ROOT = Path(__file__).resolve().parents[2]
TAGGER = ROOT / "examples/jet_tagger/model.keras"
RESOURCE = ("--board", "zcu102", "--strategy", "resource")
LAYER_TARGETS = ["latency_cycles", "latency_max_cycles", "interval_cycles", "lut", "ff", "dsp", "bram_18k"]
REPORTED = [*LAYER_TARGETS, "clock_ns"]


def test_json(capsys):
    code, found = run_json(capsys, "estimate", TAGGER, *RESOURCE, "--reuse-factor", "8", "--name", "tagger")
    assert code == 0
    assert list(found) == [
        *("network", "part", "clock_ns", "io_type", "domain", "confidence", "total", "latency_us", "layers"),
        *("capacity", "shares", "fits", "certain", "in_domain", "reasons", "success_probability", "notes"),
    ]
    assert (found["network"], found["part"], found["clock_ns"]) == ("tagger", "xczu9eg-ffvb1156-2-e", 5.0)
    assert list(found["total"]) == REPORTED
    for figure in found["total"].values():
        assert list(figure) == ["value", "low", "high"]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert [layer["name"] for layer in found["layers"]] == ["fc1", "fc2", "fc3", "output", "softmax"]
    for layer in found["layers"]:
        assert list(layer) == ["name", "kind", "strategy", "reuse_factor", *LAYER_TARGETS]
    assert (found["layers"][0]["strategy"], found["layers"][0]["reuse_factor"]) == ("resource", 8)
    assert (found["layers"][-1]["strategy"], found["layers"][-1]["reuse_factor"]) == (None, None)
    assert set(found["capacity"]) == set(found["shares"]) == {"lut", "ff", "dsp", "bram_18k", "uram"}
    assert found["fits"] is True
    assert isinstance(found["in_domain"], bool)
    assert found["latency_us"] == found["total"]["latency_cycles"]["value"] * 0.005


def test_table(capsys):
    code, out, err = run(capsys, "estimate", TAGGER, *RESOURCE, "--reuse-factor", "8")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in ("fc1", "softmax", "total", "from", "to", "share"):
        assert name in rows
    assert "fits xczu9eg-ffvb1156-2-e" in out
    assert "so rules answer" not in out
    _, out, _ = run(capsys, "estimate", TAGGER, "--board", "zcu102", "--strategy", "latency")
    assert "so rules answer, with wide intervals:" in out
    assert "but of Vitis HLS 2021.1 c synthesis" in out


def test_a_project_is_estimated_as_its_model(capsys, tmp_path):
    options = (*RESOURCE, "--reuse-factor", "16", "--reuse-factor", "fc2=64")
    _, built = run_json(capsys, "build", TAGGER, *options, "-o", tmp_path / "p")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    _, of_model = run_json(capsys, "estimate", TAGGER, *options)
    _, of_project = run_json(capsys, "estimate", tmp_path / "p")
    of_model["notes"] = [note for note in of_model["notes"] if "became" not in note]
    assert of_project == of_model
    assert built["estimate"]["total"] == of_model["total"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_build_says_what_fits(capsys, tmp_path):
    few = ("--part", "xc7z007sclg225-1", "--strategy", "resource", "--reuse-factor", "2")
    code, out, _ = run(capsys, "build", TAGGER, *few, "-o", tmp_path / "p")
    assert code == 0
    assert "estimate before synthesis" in out
    assert "warning: does not fit xc7z007sclg225-1: LUT" in out


def test_exit_codes(capsys):
    small = ("--part", "xc7z007sclg225-1", "--strategy", "resource", "--reuse-factor", "2")
    unknown = ("--part", "xcku025-ffva1156-1-c")
    assert run(capsys, "estimate", TAGGER, *small)[0] == 0
    assert run(capsys, "estimate", TAGGER, *small, "--check-fit")[0] == 1
    assert run(capsys, "estimate", TAGGER, *RESOURCE, "--check-fit")[0] == 0
    code, out, _ = run(capsys, "estimate", TAGGER, *unknown, "--check-fit")
    assert code == 1
    assert "whether it fits xcku025-ffva1156-1-c is not known" in out


def test_sweep_of_every_legal_reuse_factor(capsys, tmp_path):
    table = tmp_path / "sweep.csv"
    code, found = run_json(
        capsys, "estimate", TAGGER, *RESOURCE, "--sweep", "reuse-factor=1..64", "--csv", table
    )
    assert code == 0
    assert list(found) == ["network", "part", "io_type", "swept", "designs", "refused", "notes"]
    assert found["swept"] == ["reuse_factor"]
    assert [design["choices"]["reuse_factor"] for design in found["designs"]] == [1, 2, 4, 8, 16, 32, 64]
    for design in found["designs"]:
        assert list(design) == ["choices", "total", "latency_us", "fits", "in_domain", "success_probability"]
    cycles = [design["total"]["latency_cycles"]["value"] for design in found["designs"]]
    assert cycles == sorted(cycles)
    _, alone = run_json(capsys, "estimate", TAGGER, *RESOURCE, "--reuse-factor", "16")
    assert found["designs"][4]["total"] == alone["total"]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["reuse_factor"]) for row in rows] == [1, 2, 4, 8, 16, 32, 64]
    assert float(rows[4]["lut"]) == alone["total"]["lut"]["value"]
    assert float(rows[4]["lut_high"]) == alone["total"]["lut"]["high"]
    assert rows[4]["fits"] == "true"


def test_sweep_of_several_choices(capsys):
    _, found = run_json(
        capsys,
        *("estimate", TAGGER, "--board", "zcu102", "--reuse-factor", "fc2=64"),
        *("--sweep", "strategy=latency,resource", "--sweep", "clock-ns=3,5", "--sweep", "reuse-factor=3,8"),
    )
    assert found["swept"] == ["strategy", "target_clock_ns", "reuse_factor"]
    assert [list(design["choices"].values()) for design in found["designs"]] == [
        [strategy, clock_ns, factor]
        for strategy in ("latency", "resource")
        for clock_ns in (3, 5)
        for factor in (3, 8)
    ]
    last = found["designs"][-1]
    assert last["total"]["interval_cycles"]["value"] == 64  # that of fc2, which was given its own
    assert last["latency_us"] == last["total"]["latency_cycles"]["value"] * 0.005


def test_combinations_that_cannot_be_are_left_out_and_said(capsys):
    sweep = ("--sweep", "strategy=distributed_arithmetic,resource", "--sweep", "reuse-factor=1,8")
    _, found = run_json(capsys, "estimate", TAGGER, "--board", "zcu102", *sweep)
    assert len(found["designs"]) == 3
    assert "distributed arithmetic has no multipliers to share" in found["refused"][0]
    _, out, _ = run(capsys, "estimate", TAGGER, "--board", "zcu102", *sweep)
    assert "left out: layer 'fc1': distributed arithmetic" in out


def test_a_sweep_says_which_strategies_layers_could_not_have(capsys):
    sweep = ("--sweep", "strategy=packed_folded,resource", "--reuse-factor", "8")
    _, found = run_json(capsys, "estimate", TAGGER, "--board", "zcu102", *sweep)
    assert len(found["notes"]) == 4  # one a layer with weights
    assert found["notes"][0].startswith("layer 'fc1': strategy packed_folded became resource (6-bit weights")
    _, out, _ = run(capsys, "estimate", TAGGER, "--board", "zcu102", *sweep)
    assert "note: layer 'fc1': strategy packed_folded became resource" in out


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot(capsys, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        sweep = ("--sweep", "reuse-factor=1..64", "--sweep", "strategy=latency,resource", "--plot", path)
        assert run(capsys, "estimate", TAGGER, "--board", "zcu102", *sweep)[0] == 0
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")


def test_a_plot_without_matplotlib(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    sweep = ("--sweep", "reuse-factor=1..64", "--plot", tmp_path / "a.png")
    code, out, err = run(capsys, "estimate", TAGGER, *RESOURCE, *sweep)
    assert (code, out) == (2, "")
    assert err == "accelgen: error: --plot needs matplotlib: pip install 'accelgen[plot]'\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--board"),
        ((*RESOURCE, "--csv", "a.csv"), "go with --sweep"),
        ((*RESOURCE, "--sweep", "reuse-factor"), "is no reuse factor"),
        ((*RESOURCE, "--sweep", "reuse-factor=0..4"), "whole numbers from 1"),
        ((*RESOURCE, "--sweep", "reuse-factor=8..4"), "8 is above 4"),
        ((*RESOURCE, "--sweep", "reuse-factor=65..127"), "no such design"),
        ((*RESOURCE, "--sweep", "strategy=fast"), "no strategy 'fast'"),
        ((*RESOURCE, "--sweep", "clock-ns=fast"), "no clock period"),
        ((*RESOURCE, "--sweep", "clock-ns=nan"), "clock_ns is from"),
        ((*RESOURCE, "--sweep", "depth=3"), "write reuse-factor=1..4096"),
        ((*RESOURCE, "--sweep", "clock-ns=3", "--sweep", "clock-ns=4"), "each choice once"),
        ((*RESOURCE, "--sweep", "clock-ns=3", "--plot", "a.pdf"), ".png or .svg"),
        ((*RESOURCE, "--sweep", "clock-ns=3", "--csv", "no/a.csv"), "no/a.csv cannot be written"),
        ((*RESOURCE, "--sweep", "clock-ns=3", "--reuse-factor", "fc9=2"), "'fc9'"),
    ],
)
def test_bad_usage_is_one_plain_line_and_code_2(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "estimate", TAGGER, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("accelgen: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_estimating_imports_no_code_generator_and_no_learner():
    script = (
        "import sys; from accelgen import cli; "
        f"cli.main(['estimate', {str(TAGGER)!r}, '--board', 'zcu102', '--json']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    assert (
        not {"hls4ml", "xgboost", "sklearn", "pandas", "scipy", "matplotlib", "tensorflow", "rich"} & loaded
    )


def test_completion_knows_the_command(capsys):
    code, script, _ = run(capsys, "completion", "bash")
    assert code == 0
    options = next(line for line in script.splitlines() if line.startswith("_shtab_accelgen_estimate_option"))
    assert {"--sweep", "--check-fit", "--csv", "--reuse-factor"} <= set(re.findall(r"--[a-z-]+", options))
