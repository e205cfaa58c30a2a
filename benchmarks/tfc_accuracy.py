"""Top-1 accuracy of the binary MLP TFC-W1A1 on 10,000 MNIST digits, beside the published one.

    python benchmarks/tfc_accuracy.py [../shared] [--samples 10000] [--json]

The folder holds ``models/qonnx_tfc_w1a1/model.onnx`` (fastmachinelearning/QONNX_model_zoo, which publishes
93.17 % on MNIST's test set) and ``data/mnist10k.npz``: ``x`` (n, 28, 28) and ``y`` in 8 bits. Their digits
may be others than those of MNIST's test set. The network is built with the default choices; the golden model
and the compiled project classify the same digits.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import accelgen
from accelgen import reference
from accelgen.backend.csim import compile_project
from accelgen.ir.serialize import load

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = 0.9317


def main() -> int:
    """Print the accuracies; exit code 1 where golden model and compiled project differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with np.load(options.folder / "data/mnist10k.npz") as data:
        images, labels = data["x"][: options.samples], data["y"][: options.samples]
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "tfc"
        model = accelgen.load(options.folder / "models/qonnx_tfc_w1a1/model.onnx")
        model.build(project, board="pynq-z2", input_precision="ufixed<8,0>")
        network = load(project / "network.npz")
        (port,), (logits,) = network.inputs, network.outputs
        x = images.reshape(-1, *port.shape) / 256  # the grid of 8 bits, as the model was trained on
        codes = reference.quantize_inputs(network, {port.name: x})
        start = time.perf_counter()
        golden = reference.evaluate(network, codes)[logits].codes
        seconds = time.perf_counter() - start
        compiled = compile_project(project).predict(codes)[logits].codes
    found = {
        "samples": len(labels),
        "published": PUBLISHED,
        "golden": float(np.mean(golden.argmax(1) == labels)),
        "compiled": float(np.mean(compiled.argmax(1) == labels)),
        "mismatches": int(np.sum(golden != compiled)),
        "golden_samples_per_s": len(labels) / seconds,
    }
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"TFC-W1A1 on {found['samples']:,} digits of MNIST, top-1")
        for name in ("published", "golden", "compiled"):
            print(f"  {name:10}{found[name]:8.2%}")
        print(f"golden model and compiled project differ in {found['mismatches']} outputs")
    return int(found["mismatches"] != 0)


if __name__ == "__main__":
    sys.exit(main())
