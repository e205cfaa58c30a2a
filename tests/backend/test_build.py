"""What a build writes, and that it writes all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.backend.codes import from_words, to_words
from accelgen.backend.csim import compile_project
from accelgen.backend.project import BuildReport, is_replaceable, read_report
from accelgen.design import Design, LayerDesign, Strategy
from accelgen.errors import UsageError
from accelgen.ir import (
    Affine,
    Conv,
    Dense,
    DepthwiseConv,
    FixedType,
    Input,
    Network,
    Overflow,
    Quantize,
    Rounding,
)
from accelgen.ir.fixed import FixedArray
from accelgen.replacing import replacing
from tests.backend.conftest import network_of, random_codes


def network(name: str = "dense", weight: float = 0.5) -> Network:
    return network_of(
        Input("x", (), (4,), FixedType(6, 3)),
        Dense(name, ("x",), np.array([[weight, -0.25], [1, 0], [0.125, 0.5], [-1, 1]])),
        Quantize("cast", (name,), FixedType(5, 3, True, Rounding.RND_CONV, Overflow.SAT)),
    )


def build(network: Network, directory: Path, design: Design | None = None) -> BuildReport:
    inputs = random_codes(network, 20)
    return write_project(
        network,
        design or Design(),
        directory,
        sources={"model.h5": "0" * 64},
        golden_inputs=inputs,
        golden_outputs=reference.evaluate(network, inputs),
    )


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def test_same_input_same_bytes(tmp_path: Path) -> None:
    build(network(), tmp_path / "a" / "first")
    build(network(), tmp_path / "b" / "second")
    first, second = contents(tmp_path / "a" / "first"), contents(tmp_path / "b" / "second")
    assert first == second
    for name, content in first.items():
        assert str(tmp_path).encode() not in content, name


def test_the_report_reads_back(tmp_path: Path) -> None:
    design = Design(default=LayerDesign(Strategy.RESOURCE, 3))
    report = build(network(), tmp_path / "out", design)
    assert read_report(tmp_path / "out") == report
    data = json.loads((tmp_path / "out/build.json").read_text())
    assert data["adjustments"][0]["requested"] == "3"
    assert data["adjustments"][0]["used"] == "2"
    layers = {layer["node"]: layer for layer in data["layers"]}
    assert layers["cast"]["multiplications"] == 8
    assert layers["cast"]["nonzero"] == 7
    assert layers["cast"]["types"]["result"] == "fixed<5,3,RND_CONV,SAT>"
    assert data["sources"] == {"model.h5": "0" * 64}


def test_multiplications_of_convolutions(tmp_path: Path) -> None:
    geometry = {"strides": (1,), "padding": ((0, 0),), "dilation": (1,)}
    net = network_of(
        Input("x", (), (6, 2), FixedType(6, 3)),
        Conv("c", ("x",), np.full((3, 2, 4), 31.0), None, **geometry),  # type: ignore[arg-type]
        DepthwiseConv("d", ("c",), np.ones((2, 4, 1)), None, **geometry),  # type: ignore[arg-type]
    )
    layers = {layer.node: layer.multiplications for layer in build(net, tmp_path / "out").layers}
    assert layers == {"x": 0, "c": 3 * 2 * 4 * 4, "d": 2 * 4 * 3}


def test_multiplications_of_scales(tmp_path: Path) -> None:
    net = network_of(
        Input("x", (), (6, 2), FixedType(6, 3)),
        Affine("a", ("x",), np.array([0.0, 0.75]), np.array([1.0, 1.0])),
    )
    layer = build(net, tmp_path / "out").layers[1]
    assert (layer.multiplications, layer.nonzero, layer.reuse_factor) == (12, 6, 1)


def test_the_written_design_repeats_the_build(tmp_path: Path) -> None:
    build(network(), tmp_path / "out", Design(default=LayerDesign(Strategy.RESOURCE, 3)))
    text = (tmp_path / "out/design.yaml").read_text()
    build(network(), tmp_path / "again", Design.from_yaml(text))
    first, again = contents(tmp_path / "out"), contents(tmp_path / "again")
    assert {name for name in first if first[name] != again[name]} == {"build.json"}  # nothing to adjust now


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_csim_passes_and_notices_a_change(tmp_path: Path) -> None:
    build(network(), tmp_path / "out")
    run = subprocess.run(["make", "csim"], cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "PASS: 20 of 20 samples equal in every bit" in run.stdout
    golden = tmp_path / "out/tb_data/outputs.txt"
    first, rest = golden.read_text().split(" ", 1)
    golden.write_text(f"{int(first) ^ 1} {rest}")
    run = subprocess.run(["make", "csim"], cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "FAIL: 19 of 20" in run.stdout


def test_trace_gives_every_layer(tmp_path: Path) -> None:
    net = network_of(
        Input("x", (), (2, 2), FixedType(6, 3)),
        Dense("d", ("x",), np.array([[0.5, 1], [-0.25, 0.75]])),
        Quantize("cast", ("d",), FixedType(5, 3, True, Rounding.RND_CONV, Overflow.SAT)),
        Dense("e", ("cast",), np.array([[0.5], [2]])),
    )
    build(net, tmp_path / "out")
    inputs = random_codes(net, 7)
    traced = compile_project(tmp_path / "out").trace(inputs)
    assert set(traced) == {"x", "cast", "e"}  # the first dense layer's kernel performs the cast
    for name, golden in reference.evaluate(net, inputs, keep=traced).items():
        np.testing.assert_array_equal(traced[name].codes, golden.at(traced[name].fraction).codes)


@pytest.mark.parametrize(
    "name", ['a"; exec {rm -rf /}', "../../x", "double", "main", "Größe", "layer2", "w2", "input", "*/ int"]
)
def test_hostile_names_build_and_compile(tmp_path: Path, name: str) -> None:
    net = network_of(
        Input(name, (), (3,), FixedType(6, 3)), Dense(f"{name} ", (name,), np.array([[0.5], [1], [-1]]))
    )
    hostile = Network(net.nodes, net.outputs, name=name, types=net.types)
    build(hostile, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path, content in contents(tmp_path / "out").items():
        assert path in ("build.json", "design.yaml", "network.npz") or b"exec {" not in content
    inputs = random_codes(hostile, 5)
    golden = reference.evaluate(hostile, inputs)
    result = compile_project(tmp_path / "out").predict(inputs)
    np.testing.assert_array_equal(result[f"{name} "].codes, golden[f"{name} "].codes)


def test_an_earlier_project_is_replaced(tmp_path: Path) -> None:
    build(network(), tmp_path / "out")
    (tmp_path / "out" / "left_over").write_text("x")
    build(network(weight=0.75), tmp_path / "out")
    assert not (tmp_path / "out" / "left_over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="is no accelgen project"):
        build(network(), tmp_path / "out")
    assert contents(tmp_path) == {"out/thesis.tex": b"x"}


def test_a_failure_leaves_the_old_project(tmp_path: Path) -> None:
    build(network(), tmp_path / "out")
    before = contents(tmp_path)

    def fail() -> None:
        with replacing(tmp_path / "out", is_replaceable, "accelgen project") as temporary:
            (temporary / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("moment", [0, 1, 2])
def test_a_kill_leaves_the_old_project_or_the_new(tmp_path: Path, moment: int) -> None:
    build(network(), tmp_path / "out")
    old = contents(tmp_path / "out")
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from accelgen import replacing\n"
        "calls = 0\n"
        "def die(*arguments):\n"
        f"    if {moment} == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"    if {moment} == 1: exchange(*arguments); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"    return False if {moment} == 2 else exchange(*arguments)\n"
        "exchange, replacing._exchange = replacing._exchange, die\n"
        f"with replacing.replacing(Path({str(tmp_path / 'out')!r}), Path.exists, '') as new:\n"
        "    (new / 'build.json').write_text('new')\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": str(root)})
    after = contents(tmp_path / "out")
    assert after == ({"build.json": b"new"} if moment else old)


def test_reports_of_other_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no accelgen project"):
        read_report(tmp_path)
    for text in ["{", "[]", '{"format": 1}', '{"format": 99}']:
        (tmp_path / "build.json").write_text(text)
        with pytest.raises(UsageError, match=r"build\.json"):
            read_report(tmp_path)


def test_an_unwritable_cache_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ACCELGEN_CACHE_DIR", str(tmp_path / "file"))
    build(network(), tmp_path / "out")
    inputs = random_codes(network(), 3)
    result = compile_project(tmp_path / "out").predict(inputs)
    np.testing.assert_array_equal(result["cast"].codes, reference.evaluate(network(), inputs)["cast"].codes)


def test_inputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    build(network(), tmp_path / "out")
    compiled = compile_project(tmp_path / "out")
    with pytest.raises(UsageError, match="'x'"):
        compiled.predict({})
    with pytest.raises(UsageError, match="'x'"):
        compiled.predict({"x": FixedArray(np.zeros((2, 5)), 3, 1)})


@pytest.mark.parametrize("width", [1, 8, 52, 53, 54, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("signed", [True, False])
def test_words_hold_every_code(width: int, signed: bool) -> None:
    kind = FixedType(width, width, signed)
    codes = np.array([[kind.min_code, 0, kind.max_code, kind.max_code // 3]], dtype=object)
    back = from_words(to_words(codes, kind), kind, (4,))
    assert [int(code) for code in back.ravel()] == codes.ravel().tolist()
