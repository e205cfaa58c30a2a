"""Layers, inputs and models may be called anything: the project builds, checks and can be built again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelgen import cli
from tests.importers.keras.saved import functional, layer, write_archive

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    *('a"; exec {rm -rf /}', "../../x", "int", "class", "x y", "x_y", "X-Y", "été", "名前", "$(id)", "`id`"),
    *(
        "input_t",
        "config2",
        "nnet",
        "result_t",
        "layer2_out",
        "step_pad_x",
        "in_x",
        "w2",
        "b2",
        "main",
        "std",
    ),
    *("\\", "\n", "%s", "*/", "//", "${x}", "[exec id]", "0", "_", "n", "true", "NULL", "linux", "M_PI"),
    *("outputs", "samples", "load", "model_default_t", "accelgen", "ap_fixed", "weights", "network_top"),
    *("exp", "relu", "size_t", "step_port0_w2", "=", "null", "~", "- a", "&a", "a" * 300, "a" * 300 + "b"),
)
MODELS = ('a"; exec {rm -rf /}', "../../名前")


def write_model(path: Path, names: tuple[str, ...], network: str) -> Path:
    """An input, then a chain of small quantized dense layers of these names."""
    rng = np.random.default_rng(0)
    quantizer = {"class_name": "quantized_bits", "config": {"bits": 4, "integer": 1, "alpha": 1}}
    first, *others = names
    options = {"units": 2, "use_bias": True, "activation": "quantized_relu(4,1)"}
    options |= {"kernel_quantizer": quantizer, "bias_quantizer": quantizer}
    layers = [
        layer("InputLayer", first, batch_input_shape=[None, 2]),
        *(layer("QDense", name, **options) for name in others),
    ]
    calls = {name: [[(before, 0, 0)]] for before, name in zip(names, others, strict=False)}
    config = functional(layers, calls, [(names[-1], 0, 0)], [first])
    config["config"]["name"] = network
    weights = {
        f"layers/q_dense{f'_{i}' if i else ''}": [rng.integers(-8, 8, (2, 2)) / 4, rng.integers(-8, 8, 2) / 4]
        for i in range(len(others))
    }
    return write_archive(path, config, weights)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


@pytest.mark.parametrize("part", range(len(MODELS)))
def test_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], part: int) -> None:
    names = NAMES[part :: len(MODELS)]
    model = write_model(tmp_path / "model.keras", names, MODELS[part])
    first, again = tmp_path / "first", tmp_path / "again"
    assert cli.main(["build", str(model), "--board", "pynq-z2", "-o", str(first), "--json"]) == 0
    built = json.loads(capsys.readouterr().out)
    assert built["network"] == MODELS[part]
    assert {entry["name"] for entry in built["layers"]} >= set(names[:-1])
    assert all(path.isascii() and " " not in path and len(path) < 80 for path in contents(first))

    assert cli.main(["verify", str(first), "--samples", "20", "--layers", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["csim_mismatches"] == 0
    config = ["--config", str(first / "design.yaml")]
    assert cli.main(["build", str(model), "-o", str(again), *config, "--json"]) == 0
    assert contents(again) == contents(first)
    assert cli.main(["build", str(model), "-o", str(again), *config, "--reuse-factor", f"{names[1]}=2"]) == 0


def test_bytes_depend_on_the_input_alone(tmp_path: Path) -> None:
    """Not on the hash seed, the locale, the time zone, the working directory or where the project goes."""
    model = write_model(tmp_path / "model.keras", NAMES[:6], "名前")
    found = []
    for number, variables in enumerate(
        (
            {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC", "PYTHONUTF8": "0"},
            {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "HOME": str(tmp_path)},
        )
    ):
        home = tmp_path / f"somewhere{number}" / ("deep" * number)
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "accelgen", "build", str(model), "--board", "pynq-z2", "-o", "p"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        subprocess.run(command, cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)
        found.append(contents(home / "p"))
    assert found[0] == found[1]
    for path, content in found[0].items():
        for private in (str(tmp_path), "somewhere", sys.prefix, str(ROOT)):
            assert private.encode() not in content, path
