"""accelgen beside hls4ml 1.3 on one Keras model: time to project and C simulation, samples a second.

    python benchmarks/build_vs_hls4ml.py [model.json weights.h5] [--runs 5] [--json]

Every figure is the wall time of a whole process, imports included, the two tools in turn; the ratio is the
median over the pairs. hls4ml's process does what its documentation says: read the file, convert with
ap_fixed<16,6>, write, compile. Needs an environment in which hls4ml can write (it imports Keras for that).
The golden model is timed in one process against hls4ml's compiled ``predict`` on the same inputs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "models" / "keras_mlp"

HLS4ML = """
import json
import sys
import hls4ml
architecture, weights, output, step = sys.argv[1:5]
settings = {
    "OutputDir": output, "ProjectName": "myproject", "Backend": "Vitis", "Part": "xc7z020clg400-1",
    "ClockPeriod": 10, "IOType": "io_parallel",
    "HLSConfig": {"Model": {"Precision": "ap_fixed<16,6>", "ReuseFactor": 1}},
}
with open(architecture) as file:
    text = file.read()
if str(json.loads(text).get("keras_version", "3")).startswith("2"):
    model = hls4ml.converters.keras_v2_to_hls({**settings, "KerasJson": architecture, "KerasH5": weights})
else:  # hls4ml reads Keras 3 from a live model only
    import keras
    live = keras.models.model_from_json(text)
    live.load_weights(weights)
    model = hls4ml.converters.convert_from_keras_model(
        live, output_dir=output, project_name="myproject", backend="Vitis", part=settings["Part"],
        clock_period=10, io_type="io_parallel", hls_config=settings["HLSConfig"],
    )
model.write()
if step != "project":
    model.compile()
if step == "predict":
    import time
    import numpy as np
    shape = model.get_input_variables()[0].shape
    x = np.round(np.random.default_rng(0).normal(size=(20000, *shape)) * 256) / 256
    model.predict(x[:100])
    start = time.perf_counter()
    model.predict(x)
    print(len(x) / (time.perf_counter() - start))
"""

ACCELGEN = """
import sys
import accelgen
architecture, weights, output, step = sys.argv[1:5]
build = accelgen.load(architecture, weights=weights).build(output, board="pynq-z2", precision="16,6")
if step != "project":
    from pathlib import Path
    from accelgen.backend.csim import compile_project
    compile_project(Path(output))
if step == "predict":
    import time
    import numpy as np
    from pathlib import Path
    from accelgen import reference
    from accelgen.ir.serialize import load
    network = load(Path(output) / "network.npz")
    name, shape = network.inputs[0].name, network.inputs[0].shape
    x = np.round(np.random.default_rng(0).normal(size=(20000, *shape)) * 256) / 256
    reference.predict(network, {name: x[:100]})
    start = time.perf_counter()
    reference.predict(network, {name: x})
    print(len(x) / (time.perf_counter() - start))
"""


def run(script: str, model: tuple[Path, Path], step: str) -> tuple[float, str]:
    """Seconds that a fresh process takes, and what it prints."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", script, *map(str, model), str(Path(scratch) / "out"), step]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        start = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=scratch
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"a process failed: {done.stderr.strip().splitlines()[-1]}")
    return seconds, done.stdout.strip()


def main() -> None:
    """Print the figures, as a table or as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", nargs="*", type=Path, default=[MODEL / "model.json", MODEL / "model.weights.h5"]
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = (options.model[0].resolve(), options.model[1].resolve())
    found = {}
    for step in ("project", "compiled"):
        run(ACCELGEN, model, step)  # the first one fills the cache of compiled headers
        pairs = [(run(HLS4ML, model, step)[0], run(ACCELGEN, model, step)[0]) for _ in range(options.runs)]
        found[step] = {
            "hls4ml_s": median(theirs for theirs, _ in pairs),
            "accelgen_s": median(ours for _, ours in pairs),
            "ratio": median(theirs / ours for theirs, ours in pairs),
        }
    rates = [
        (
            float(run(HLS4ML, model, "predict")[1].split()[-1]),
            float(run(ACCELGEN, model, "predict")[1].split()[-1]),
        )
        for _ in range(options.runs)
    ]
    found["samples_per_second"] = {
        "hls4ml": median(theirs for theirs, _ in rates),
        "accelgen": median(ours for _, ours in rates),
        "ratio": median(ours / theirs for theirs, ours in rates),
    }
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':28}{'hls4ml':>12}{'accelgen':>12}{'ratio':>8}")
    for label, step in (("model file to project", "project"), ("to compiled C simulation", "compiled")):
        row = found[step]
        print(f"{label:28}{row['hls4ml_s']:>10.2f} s{row['accelgen_s']:>10.2f} s{row['ratio']:>7.1f}x")
    row = found["samples_per_second"]
    rates_shown = f"{row['hls4ml']:>10,.0f}/s{row['accelgen']:>10,.0f}/s{row['ratio']:>7.1f}x"
    print(f"{'golden model / predict':28}{rates_shown}")


if __name__ == "__main__":
    main()
