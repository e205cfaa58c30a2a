"""Builds and verifies every model of a folder and prints the table of agreement that the docs show.

    python benchmarks/exactness.py ../shared/models [--only NAME ...] [--json]

Each sub-folder holds a model file and ``reference.npz`` with ``x`` and the framework's own answers ``y``.
Models whose weights are floats are calibrated on the first half of ``x``, capped at 500 samples.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
MODEL_FILES = ("model.keras", "model.h5", "model.json", "model.onnx")


@dataclass(frozen=True)
class Row:
    """One model in one io type; figures are None where a step failed, and ``error`` says why."""

    model: str
    io_type: str
    calibrated: bool
    samples: int | None = None
    csim_mismatches: int | None = None
    argmax_agreement: float | None = None
    max_abs_error: float | None = None
    max_abs_error_before_softmax: float | None = None
    largest_output: float | None = None
    build_s: float | None = None
    verify_s: float | None = None
    error: str | None = None


def accelgen(*arguments: str) -> tuple[int, str, str, float]:
    """Run the command-line tool as its users do; returns exit code, stdout, stderr and seconds."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "accelgen", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return done.returncode, done.stdout, done.stderr, time.perf_counter() - start


def measure(folder: Path, io_type: str, scratch: Path) -> Row:
    """Build and verify one model."""
    model = next(folder / name for name in MODEL_FILES if (folder / name).exists())
    project = scratch / f"{folder.name}-{io_type}"
    build = ["build", str(model), "--board", "zcu102", "-o", str(project), "--io-type", io_type, "--json"]
    code, _, errors, build_s = accelgen(*build)
    calibrated = code != 0 and "--calibration" in errors
    if calibrated:
        calibration = scratch / f"{folder.name}-calibration.npz"
        with np.load(folder / "reference.npz") as data:
            x = data["x"]
            np.savez(calibration, x=x[: min(500, len(x) // 2)])
        code, _, errors, build_s = accelgen(*build, "--calibration", str(calibration))
    if code != 0:
        return Row(folder.name, io_type, calibrated, error=f"build: {errors.strip()[-200:]}")
    code, output, errors, verify_s = accelgen(
        "verify", str(project), "--data", str(folder / "reference.npz"), "--json"
    )
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:
        return Row(
            folder.name, io_type, calibrated, build_s=build_s, error=f"verify: {errors.strip()[-200:]}"
        )
    with np.load(folder / "reference.npz") as data:
        largest = float(np.max(np.abs(data["y"])))
    keys = ("samples", "csim_mismatches", "argmax_agreement", "max_abs_error", "max_abs_error_before_softmax")
    return Row(
        folder.name,
        io_type,
        calibrated,
        **{key: found[key] for key in keys},
        largest_output=largest,
        build_s=build_s,
        verify_s=verify_s,
        error=None if code == 0 else f"verify: exit code {code}",
    )


def is_convolutional(folder: Path) -> bool:
    """Whether the model takes images or sequences, and so is built for io_stream as well."""
    return any(part in folder.name for part in ("conv", "cnn", "mnist", "_ic")) and "dense" not in folder.name


def show(value: float | None, form: str = "{:.2g}") -> str:
    """A table cell; a dash where there is no figure."""
    return "-" if value is None else form.format(value)


def main() -> int:
    """Print the table (Markdown, or JSON); exit code 1 when a model failed or mismatched."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folders = [path.parent for path in sorted(options.models.glob("*/reference.npz"))]
    rows: list[Row] = []
    if not options.json:
        print(
            "| model | io type | samples | mismatches | arg-max | error before softmax | error | largest y |"
        )
        print("|---|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        for folder in folders:
            if options.only and folder.name not in options.only:
                continue
            for io_type in ("io_parallel", "io_stream") if is_convolutional(folder) else ("io_parallel",):
                row = measure(folder, io_type, Path(scratch))
                rows.append(row)
                if not options.json:
                    name = f"{row.model} (calibrated)" if row.calibrated else row.model
                    cells = [
                        name,
                        row.io_type,
                        show(row.samples, "{}"),
                        show(row.csim_mismatches, "{}"),
                        show(row.argmax_agreement, "{:.2%}"),
                        show(row.max_abs_error_before_softmax),
                        show(row.max_abs_error),
                        show(row.largest_output, "{:.3g}"),
                    ]
                    print(f"| {' | '.join(cells)} |" + (f" {row.error}" if row.error else ""), flush=True)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    return int(any(row.error is not None or row.csim_mismatches != 0 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
