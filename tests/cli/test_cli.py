"""The command line as its users meet it: exit codes, messages, and the JSON that scripts rely on."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelgen import __version__, cli
from accelgen.cli import design_options, explore, format_options, goal_options, results
from accelgen.design import IoType, RowSharing, Strategy, WeightMemory
from accelgen.doctor import diagnose
from accelgen.exploration import goals
from accelgen.exploration.formats.accuracy import Metric
from accelgen.surrogates.record import Stage
from tests.cli.commands import run, run_json

ROOT = Path(__file__).resolve().parents[2]
TAGGER = ROOT / "examples/jet_tagger/model.keras"
TEST_JETS = ROOT / "examples/jet_tagger/test.npz"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The shipped jet tagger, built once."""
    directory = tmp_path_factory.mktemp("built") / "tagger"
    assert cli.main(["build", str(TAGGER), "--board", "pynq-z2", "-o", str(directory), "--json"]) == 0
    return directory


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"accelgen {__version__}\n")


def test_starting_imports_nothing_heavy():
    script = "import sys, accelgen.cli; accelgen.cli.make_parser(accelgen.cli.COMMANDS); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"numpy", "hls4ml", "h5py", "onnx", "rich", "yaml", "shtab"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("biuld",), "invalid choice: 'biuld'"),
        (("build", TAGGER), "required: -o/--output"),
        (("build", TAGGER, "-o", "out"), "give --board NAME or --part NAME"),
        (("build", TAGGER, "-o", "out", "--board", "pynqz2"), "did you mean pynq-z2"),
        (("build", TAGGER, "-o", "out", "--board", "kv260", "--part", "xc7z020clg400-1"), "not allowed with"),
        (("build", TAGGER, "-o", "out", "--part", "xc7z020"), "such as xc7z020clg400-1"),
        (("build", TAGGER, "-o", "out", "--board", "kv260", "--reuse-factor", "fc1=0"), "above 0"),
        (("build", TAGGER, "-o", "out", "--board", "kv260", "--reuse-factor", "fcx=2"), "'fcx'"),
        (("build", TAGGER, "-o", "out", "--board", "kv260", "--precision", "wide"), "not a number type"),
        (("build", TAGGER, "-o", "out", "--board", "kv260", "--clock-ns", "-1"), "clock_ns"),
        (
            ("build", TAGGER, "-o", "out", "--board", "kv260", "--calibration", "no.npz"),
            "no.npz cannot be read",
        ),
        (("build", TAGGER, "-o", "out", "--config", "no.yaml"), "no.yaml cannot be read"),
        (("build", "no.h5", "-o", "out", "--board", "kv260"), "no.h5"),
        (("verify", "."), "no accelgen project"),
        (("verify", "nowhere"), "no accelgen project"),
        (("boards", "zc104"), "did you mean zcu104"),
    ],
)
def test_bad_usage_is_one_plain_line_and_code_2(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("accelgen: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_unforeseen_is_one_line_too_and_debug_shows_where(capsys, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("accelgen.cli.doctor.run", broken)
    code, _, err = run(capsys, "doctor")
    assert code == 1
    assert err.startswith("accelgen: error: unexpected ZeroDivisionError: on purpose; please report")
    assert "Traceback" in run(capsys, "doctor", "--debug")[2]


def test_interrupting_ends_with_130(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("accelgen.cli.doctor.run", interrupted)
    assert run(capsys, "doctor")[::2] == (130, "accelgen: error: interrupted\n")


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m accelgen boards --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_build_json(capsys, tmp_path):
    code, built = run_json(
        capsys,
        *("build", TAGGER, "--part", "xcvu13p-flga2577-2-e", "-o", tmp_path / "p", "--clock-ns", "4"),
        *("--strategy", "resource", "--reuse-factor", "5", "--reuse-factor", "fc2=64", "--name", "tagger"),
    )
    assert code == 0
    assert {key: built[key] for key in ("network", "part", "clock_ns", "io_type", "directory")} == {
        "network": "tagger",
        "part": "xcvu13p-flga2577-2-e",
        "clock_ns": 4.0,
        "io_type": "io_parallel",
        "directory": str(tmp_path / "p"),
    }
    assert [port["shape"] for port in (*built["inputs"], *built["outputs"])] == [[16], [5]]
    layers = {layer["name"]: layer for layer in built["layers"]}
    assert [layers[name]["reuse_factor"] for name in ("fc1", "fc2", "fc3", "output")] == [4, 64, 4, 4]
    assert layers["fc1"]["multiplications"] == 16 * 64
    dense = sum(layer["multiplications"] for layer in built["layers"] if layer["kernel"] == "Dense")
    assert dense == 16 * 64 + 64 * 32 + 32 * 32 + 32 * 5
    assert built["multiplications"] == sum(layer["multiplications"] for layer in built["layers"])
    assert {change["layer"] for change in built["adjustments"]} == {"fc1", "fc3", "output"}
    assert set(layers["fc1"]) == {
        *("name", "kernel", "shape", "weight_type", "result_type"),
        *("multiplications", "nonzero", "strategy", "reuse_factor"),
        *("pe", "simd", "row_sharing", "costs"),
    }


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        (design_options.IO_TYPES, IoType),
        (design_options.STRATEGIES, Strategy),
        (design_options.ROW_SHARINGS, RowSharing),
        (design_options.WEIGHT_MEMORIES, WeightMemory),
        (format_options.METRICS, Metric),
        (results.STAGES, Stage),
    ],
)
def test_options_take_every_member_of_their_enumeration(choices, kind):
    assert list(choices) == [member.value for member in kind]


def test_options_of_searches_take_all_that_searches_know():
    assert goal_options.OBJECTIVES == goals.OBJECTIVES
    assert explore.FIFOS == goals.FIFOS


def test_folded_layers_of_few_bits(capsys, tmp_path):
    model = ROOT / "tests/models/qonnx_binary_mlp/model.onnx"
    build = ("build", model, "--board", "pynq-z2", "-o", tmp_path / "p")
    code, built = run_json(capsys, *build, "--folding", "fc1=4x6", "--row-sharing", "none")
    layers = {layer["name"]: layer for layer in built["layers"]}
    assert code == 0
    assert [layers["fc1"][what] for what in ("kernel", "strategy", "reuse_factor", "pe", "simd")] == [
        *("packed_dense_folded", "packed_folded"),
        *(8, 4, 6),
    ]
    assert layers["fc1"]["costs"]["cycles"] == 8
    assert [layers["fc2"][what] for what in ("strategy", "pe", "row_sharing")] == [
        *("packed_unrolled", None, "none"),
    ]
    code, out, _ = run(capsys, *build, "--folding", "fc1=4x6")
    assert code == 0
    assert "4x6" in out
    assert "XNOR" in out
    assert run(capsys, *build, "--folding", "=4x6")[0] == 2
    code, _, err = run(capsys, *build, "--folding", "5x6")
    assert code == 2
    assert "'fc1' cannot be folded 5x6: pe 5 does not divide 16 outputs" in err


def test_build_shows_a_table(capsys, tmp_path):
    code, out, err = run(capsys, "build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p")
    assert (code, err) == (0, "")
    assert "xc7z020clg400-1, 10 ns" in out
    assert "2,048" in out
    assert "multiplications an inference" in out


def test_build_shows_what_few_bit_layers_cost(capsys, tmp_path):
    model = ROOT / "tests/models/qkeras_binary_mlp/model.keras"
    command = ("build", model, "--board", "pynq-z2", "-o", tmp_path / "p", "--folding", "8x16")
    code, out, err = run(capsys, *command, "--folding", "output=10x8")
    assert (code, err) == (0, "")
    assert max(map(len, map(str.rstrip, out.splitlines()[:20]))) <= 100
    assert "LUTs by a formula, not by synthesis" in out
    code, built = run_json(capsys, *command, "--folding", "output=10x8")
    assert code == 0
    layers = {layer["name"]: layer for layer in built["layers"]}
    assert (layers["fc2"]["pe"], layers["fc2"]["simd"], layers["fc2"]["multiplications"]) == (8, 16, 0)
    assert layers["fc2"]["costs"] == {
        "operations": {"xnor": 4096, "additions": 4032, "comparisons": 64},
        "weight_bits": 4096,
        "threshold_bits": 448,
        "cycles": 32,
        "interval_cycles": 32,
        "lut_estimate": 568,  # worked in tests/design/test_costs.py
        "lut_source": "FINN-R's formula for MVAU (arXiv:1809.04570)",
        "depth": None,
        "separate_additions": None,
        "separate_depth": None,
    }
    assert layers["logits"]["costs"] is None


def test_build_says_what_fifos_hold(capsys, tmp_path):
    model = ROOT / "tests/models/qkeras_cnn/model.keras"
    build = ("build", model, "--board", "pynq-z2", "--strategy", "latency", "-o", tmp_path / "p")
    code, built = run_json(capsys, *build, "--io-type", "io_stream", "--fifo-depth", "conv1=9")
    assert code == 0
    (asked,) = (fifo for fifo in built["fifos"] if fifo["layer"] == "conv1")
    assert (asked["depth"], asked["automatic"]) == (9, False)
    assert all(fifo["automatic"] for fifo in built["fifos"] if fifo is not asked)
    code, out, _ = run(capsys, *build, "--io-type", "io_stream")
    held = sum(fifo["depth"] * fifo["bits"] for fifo in built["fifos"]) - 7 * asked["bits"]
    assert f"{len(built['fifos'])} FIFOs of {held:,} bits together" in out
    code, out, _ = run(capsys, *build, "--fifo-depth", "conv1=9")
    assert code == 0
    assert "layer 'conv1': fifo_depth 9 became 0 (io_parallel has no FIFOs)" in out


def test_a_hostile_name_stays_text(capsys, tmp_path):
    name = 'a"; exec {rm -rf /}\x1b[2J\u202e [red] ../../x'
    code, out, err = run(capsys, "build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p", "--name", name)
    assert (code, err) == (0, "")
    assert "exec {rm -rf /}\\x1b[2J\\u202e [red]" in out
    sources = [path for path in (tmp_path / "p").rglob("*") if path.suffix in {".cpp", ".h", ".tcl", ""}]
    assert not any(b"exec {" in path.read_bytes() for path in sources if path.is_file())
    code, _, err = run(capsys, "boards", "\x1b[2J")
    assert (code, err.isprintable()) == (2, False)  # but for its newline
    assert err.rstrip().isprintable()


def test_a_build_is_repeated_from_its_own_design(capsys, tmp_path, project):
    command = ("build", TAGGER, "--config", project / "design.yaml", "-o", tmp_path / "again")
    assert run_json(capsys, *command)[0] == 0
    for path in sorted(path for path in project.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(project)).read_bytes(), path


def test_verify_against_the_framework(capsys, project):
    code, found = run_json(capsys, "verify", project, "--data", TEST_JETS)
    assert code == 0
    assert (found["samples"], found["outputs"], found["csim_mismatches"]) == (1000, 5, 0)
    assert found["argmax_agreement"] == 1.0
    assert found["max_abs_error_before_softmax"] < 1e-5
    assert 0 < found["mean_abs_error"] <= found["max_abs_error"] < 2 * 2**-16


def test_verify_with_random_data_and_layers(capsys, project):
    code, found = run_json(capsys, "verify", project, "--samples", "7", "--layers")
    assert code == 0
    assert (found["samples"], found["csim_mismatches"], found["first_difference"]) == (7, 0, None)
    assert found["layers_compared"] >= 5
    figures = ("argmax_agreement", "max_abs_error", "mean_abs_error", "max_abs_error_before_softmax")
    assert [found[figure] for figure in figures] == [None] * 4


def test_verify_finds_a_changed_weight_and_ends_with_1(capsys, tmp_path, project):
    changed = shutil.copytree(project, tmp_path / "changed")
    headers = (changed / "firmware/weights").iterdir()
    fc2 = next(header for header in headers if header.read_text().startswith("// shape (64, 32)"))
    fc2.write_text(re.sub(r"(_VALUES) [-.0-9e]+,", r"\1 0.71875,", fc2.read_text(), count=1))
    code, found = run_json(capsys, "verify", changed, "--data", TEST_JETS, "--layers")
    assert code == 1
    assert found["csim_mismatches"] > 0
    assert found["first_difference"]["layer"] == "relu2"
    assert "DIFFER" in run(capsys, "verify", changed, "--data", TEST_JETS)[1]


def test_data_that_do_not_fit_are_refused(capsys, tmp_path, project):
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 15)))
    code, _, err = run(capsys, "verify", project, "--data", tmp_path / "x.npz")
    assert code == 2
    assert "'x' has shape (3, 15), the network needs (n, 16)" in err


def test_boards_json(capsys):
    code, listed = run_json(capsys, "boards")
    assert code == 0
    by_name = {board["name"]: board for board in listed}
    assert by_name["pynq-z2"]["dsp"] == 220
    assert run_json(capsys, "boards", "pynq-z2") == (0, by_name["pynq-z2"])
    assert set(by_name["u250"]) == {
        *("name", "title", "part", "family", "clock_ns", "clocks_mhz"),
        *("lut", "ff", "dsp", "bram_18k", "uram", "memory", "source", "resources_source"),
    }


def test_boards_for_people(capsys):
    assert "xczu7ev-ffvc1156-2-e" in run(capsys, "boards")[1]
    assert "1,728" in run(capsys, "boards", "zcu104")[1]


def test_doctor_json(capsys):
    code, findings = run_json(capsys, "doctor")
    by_name = {finding["name"]: finding for finding in findings}
    assert code == int(any(finding["required"] and not finding["found"] for finding in findings))
    assert by_name["hls4ml"]["version"].startswith("1.3")
    assert {"g++", "Vitis HLS", "Vivado", "tensorflow", "qkeras-v3", "da4ml"} <= set(by_name)
    assert set(by_name["g++"]) == {"name", "enables", "required", "version", "path", "found"}


def test_doctor_knows_every_optional_package():
    tomllib = pytest.importorskip("tomllib")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {finding.name for finding in diagnose()}
    for extra in extras.keys() - {"test", "docs", "dev"}:
        for requirement in extras[extra]:
            name = re.match(r"[\w-]+", requirement)[0].removesuffix("-cpu")
            assert name == "accelgen" or name in names, extra


def test_doctor_ends_with_1_without_a_compiler(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "missing" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_options_and_boards(capsys, shell):
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    for word in ("verify", "reuse-factor", "io_stream", "pynq-z2"):
        assert word in out
