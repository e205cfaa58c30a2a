"""accelgen beside hls4ml 1.3 on a binary 784-64-64-64-10 MLP: correctness, C simulation, operations.

    python benchmarks/binary_vs_hls4ml.py [--runs 3] [--json]

The network is made here: the signs of 8-bit inputs, weights of -1 and 1, signs between the layers, and batch
normalizations with the statistics that the sums have. hls4ml reads it as its binary path was made to be used:
a Keras 2 file with BinaryDense and binary_tanh, which it turns into XNOR products and thresholds. It runs
twice: with scales that are all positive, and, with the same outputs, half of them negative. accelgen reads
the second file. What is right comes from NumPy in float64.

Needs an environment in which hls4ml can write (it imports Keras for that). Compilation is timed within a
process, without imports; samples a second are those of the compiled C simulation.

The second table, two matrices of `row_sharing.py` beside this file, is about the rows of an unrolled layer:
additions of two operands, adders of one bit, additions after one another, and seconds to find them. A star
marks what accelgen takes; an adder graph needs da4ml.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from row_sharing import Row, matrices
from row_sharing import measure as measure_rows
from row_sharing import show as show_rows

from accelgen.design import RowSharing

Array = npt.NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent
SIZES = (784, 64, 64, 64, 10)
MATRICES = ("random 256 x 64", "clustered 256 x 64")
SAMPLES = 2000
EPSILON = 1e-3
TOLERANCE = 2.0**-8
"""Of an output of about 1, whose type is a choice of either tool."""

HLS4ML = """
import json, sys, time
import hls4ml
import numpy as np
folder, output = sys.argv[1:3]
x = np.load(folder + "/x.npy")
model = hls4ml.converters.keras_v2_to_hls({
    "OutputDir": output, "ProjectName": "myproject", "Backend": "Vitis", "Part": "xcu250-figd2104-2L-e",
    "ClockPeriod": 5, "IOType": "io_parallel",
    "KerasJson": folder + "/model.json", "KerasH5": folder + "/model_weights.h5",
    "HLSConfig": {
        "Model": {"Precision": "ap_fixed<24,12>", "ReuseFactor": 1, "Strategy": "Latency"},
        "LayerName": {"act0_input": {"Precision": "ap_fixed<8,1>"}, "act0": {"Precision": "ap_int<2>"}},
    },
})
model.write()
start = time.perf_counter()
model.compile()
compile_s = time.perf_counter() - start
model.predict(x[:10])
start = time.perf_counter()
y = model.predict(x)
rate = len(x) / (time.perf_counter() - start)
np.save(folder + "/y.npy", y)
layers = list(model.get_layers())
print(json.dumps({
    "compile_s": compile_s,
    "samples_per_s": rate,
    "xnor": sum(layer.weights["weight"].data.size for layer in layers if layer.class_name == "Dense"),
    "additions": sum(layer.weights["weight"].data.size for layer in layers if layer.class_name == "Dense"),
    "comparisons": sum(
        layer.get_output_variable().size() for layer in layers if "QuantizedTanh" in layer.class_name
    ),
}))
"""

ACCELGEN = """
import json, sys, time
from pathlib import Path
import numpy as np
import accelgen
from accelgen import reference
from accelgen.backend.csim import compile_project
from accelgen.ir.serialize import load
folder, output = map(Path, sys.argv[1:3])
x = np.load(folder / "x.npy")
build = accelgen.load(folder / "model.json").build(output, board="u250", input_precision="8,1")
compile_project(output)  # the first one fills the cache of compiled headers
start = time.perf_counter()
compiled = compile_project(output)
compile_s = time.perf_counter() - start
network = load(output / "network.npz")
inputs = reference.quantize_inputs(network, {network.inputs[0].name: x})
start = time.perf_counter()
found = compiled.predict(inputs)
rate = len(x) / (time.perf_counter() - start)
y = found[network.outputs[0]]
golden = reference.evaluate(network, inputs)[network.outputs[0]]
np.save(folder / "y.npy", y.codes * 2.0**-y.fraction)
operations = [layer.costs["operations"] for layer in build.report.layers if layer.costs]
print(json.dumps({
    "compile_s": compile_s,
    "samples_per_s": rate,
    **{key: sum(each[key] for each in operations) for key in ("xnor", "additions", "comparisons")},
    "golden_mismatches": int(np.sum(y.codes != golden.at(y.fraction).codes)),
}))
"""


@dataclass(frozen=True)
class Layer:
    """Weights (n_in, n_out) of -1 and 1, and a batch normalization."""

    weight: Array
    gamma: Array
    beta: Array
    mean: Array
    variance: Array

    def __call__(self, x: Array) -> Array:
        """The normalized sums of ``x`` (n, n_in)."""
        return (x @ self.weight - self.mean) / np.sqrt(self.variance + EPSILON) * self.gamma + self.beta

    def turned(self, flips: npt.NDArray[np.bool_]) -> Layer:
        """The same function with other signs: where ``flips``, weights, mean and scale are negated."""
        sign = np.where(flips, -1.0, 1.0)
        return Layer(self.weight * sign, self.gamma * sign, self.beta, self.mean * sign, self.variance)


def signs(x: Array) -> Array:
    """-1 and 1; what it is given is never 0."""
    return np.where(x > 0, 1.0, -1.0)


def make_network(x: Array, rng: np.random.Generator) -> list[Layer]:
    """Random layers whose sums are normalized over ``x``."""
    layers: list[Layer] = []
    x = signs(x)
    for n_in, n_out in pairwise(SIZES):
        weight = rng.choice([-1.0, 1.0], (n_in, n_out))
        sums = x @ weight
        gamma, beta = rng.uniform(0.2, 1.0, n_out), rng.normal(0, 0.3, n_out)
        single = (
            values.astype(np.float32).astype(float) for values in (gamma, beta, sums.mean(0), sums.var(0))
        )
        layers.append(Layer(weight, *single))
        x = signs(layers[-1](x))
    return layers


def evaluate(layers: list[Layer], x: Array) -> Array:
    """The network's outputs (n, 10)."""
    x = signs(x)
    for layer in layers[:-1]:
        x = signs(layer(x))
    return layers[-1](x)


def write_keras(folder: Path, layers: list[Layer]) -> None:
    """The network as Keras 2 saved such ones: JSON, with weights in H5."""
    folder.mkdir()
    entries: list[dict[str, Any]] = []
    weights: dict[str, dict[str, Array]] = {}

    def add(class_name: str, name: str, arrays: dict[str, Array], **config: Any) -> None:
        entries.append({"class_name": class_name, "config": {"name": name, **config}})
        weights[name] = arrays

    sign: dict[str, Any] = {"dtype": "float32", "activation": "binary_tanh"}
    add("Activation", "act0", {}, **sign, batch_input_shape=[None, SIZES[0]])
    for number, layer in enumerate(layers, start=1):
        dense = {"units": layer.weight.shape[1], "activation": "linear", "use_bias": False, "H": 1}
        add("BinaryDense", f"fc{number}", {"kernel": layer.weight}, **dense)
        scaling = {"axis": -1, "epsilon": EPSILON, "center": True, "scale": True}
        moving = {"moving_mean": layer.mean, "moving_variance": layer.variance}
        add(
            "BatchNormalization",
            f"bn{number}",
            {"gamma": layer.gamma, "beta": layer.beta, **moving},
            **scaling,
        )
        if layer is not layers[-1]:
            add("Activation", f"act{number}", {}, **sign)
    with h5py.File(folder / "model_weights.h5", "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{variable}:0".encode() for variable in arrays]
            for variable, values in arrays.items():
                group[f"{name}/{variable}:0"] = values.astype(np.float32)
    model = {
        "class_name": "Sequential",
        "config": {"name": "binary_mlp", "layers": entries},
        "keras_version": "2.2.4",
        "backend": "tensorflow",
    }
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")


@dataclass(frozen=True)
class Result:
    """One tool on one form of the network: medians over the runs, shares of all samples or outputs."""

    tool: str
    scales: str
    argmax_right: float
    outputs_right: float
    compile_s: float
    samples_per_s: float
    xnor: int
    additions: int
    comparisons: int

    @property
    def operations(self) -> int:
        """All of them."""
        return self.xnor + self.additions + self.comparisons


def run(script: str, folder: Path) -> dict[str, Any]:
    """What a fresh process prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", script, str(folder), str(folder / "project")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    if done.returncode:
        raise SystemExit(f"a process failed: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(tool: str, script: str, scales: str, folder: Path, expected: Array, runs: int) -> Result:
    """The tool on the network in ``folder``."""
    found = [run(script, folder) for _ in range(runs)]
    y = np.load(folder / "y.npy").reshape(expected.shape)
    if any(each.get("golden_mismatches") for each in found):
        raise SystemExit(f"{tool}: the compiled project differs from the golden model")
    return Result(
        tool,
        scales,
        argmax_right=float(np.mean(y.argmax(1) == expected.argmax(1))),
        outputs_right=float(np.mean(np.abs(y - expected) < TOLERANCE)),
        compile_s=median(each["compile_s"] for each in found),
        samples_per_s=median(each["samples_per_s"] for each in found),
        **{name: found[0][name] for name in ("xnor", "additions", "comparisons")},
    )


def networks(runs: int) -> list[Result]:
    """hls4ml on both forms of the network, accelgen on that with scales of either sign."""
    rng = np.random.default_rng(2026)
    x = (
        rng.choice(np.array([-1.0, 1.0]), (SAMPLES, SIZES[0]))
        * rng.integers(1, 128, (SAMPLES, SIZES[0]))
        / 128
    )
    layers = make_network(x, rng)
    forms = {
        "positive": layers,
        "mixed": [layer.turned(rng.random(len(layer.gamma)) < 0.5) for layer in layers],
    }
    expected = evaluate(layers, x)
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        for tool, script, scales in (
            ("hls4ml", HLS4ML, "positive"),
            ("hls4ml", HLS4ML, "mixed"),
            ("accelgen", ACCELGEN, "mixed"),
        ):
            folder = Path(scratch) / f"{tool}-{scales}"
            write_keras(folder, forms[scales])
            np.save(folder / "x.npy", x)
            results.append(measure(tool, script, scales, folder, expected, runs))
    return results


def show(results: list[Result]) -> None:
    """Print the table; the last column is accelgen over hls4ml on scales of either sign."""
    columns = [f"{result.tool}, {result.scales}" for result in results]
    rows = [
        ("arg-max right", "argmax_right", "{:.1%}"),
        ("outputs right", "outputs_right", "{:.1%}"),
        ("C simulation compiles in", "compile_s", "{:.1f} s"),
        ("C simulation runs", "samples_per_s", "{:,.0f}/s"),
        ("operations", "operations", "{:,}"),
        ("  XNOR", "xnor", "{:,}"),
        ("  additions", "additions", "{:,}"),
        ("  comparisons", "comparisons", "{:,}"),
    ]
    print(f"{'':26}" + "".join(f"{column:>18}" for column in columns) + f"{'ratio':>9}")
    for label, name, form in rows:
        values = [getattr(result, name) for result in results]
        ratio = values[2] / values[1]
        print(f"{label:26}" + "".join(f"{form.format(value):>18}" for value in values) + f"{ratio:>8.2g}x")


def rows_of_matrices() -> list[Row]:
    """Every way to compute the rows of a random and of a clustered matrix."""
    ways = [sharing for sharing in RowSharing if sharing is not RowSharing.AUTO]
    if find_spec("da4ml") is None:
        ways.remove(RowSharing.ADDER_GRAPH)
    return [
        measure_rows(name, matrix, sharing, input_bits=1, count_luts=False)
        for name, matrix in matrices().items()
        if name in MATRICES
        for sharing in ways
    ]


def main() -> None:
    """Print the figures, as tables or as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results, rows = networks(options.runs), rows_of_matrices()
    if options.json:
        tables = {"networks": results, "matrices": rows}
        print(json.dumps({name: [asdict(row) for row in table] for name, table in tables.items()}, indent=1))
        return
    show(results)
    print()
    show_rows(rows)


if __name__ == "__main__":
    main()
