"""Finds the tools and packages that accelgen can use, and says what each enables."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from accelgen import __version__

TIMEOUT_S = 60
"""Vivado takes seconds to tell its version, more from a network drive."""


@dataclass(frozen=True)
class Finding:
    """One tool or package; ``version`` and ``path`` are None where it is missing."""

    name: str
    enables: str
    required: bool
    version: str | None
    path: str | None = None

    @property
    def found(self) -> bool:
        """Whether it is there."""
        return self.version is not None or self.path is not None


@dataclass(frozen=True)
class _Program:
    name: str
    commands: tuple[str, ...]
    enables: str
    required: bool = False
    arguments: tuple[str, ...] = ("--version",)


_PROGRAMS = (
    _Program("g++", ("g++",), "accelgen verify, make csim", required=True),
    _Program("make", ("make",), "the Makefile of generated projects"),
    _Program("Vitis HLS", ("vitis-run", "vitis_hls"), "make csynth, cosim, export"),
    _Program("Vivado", ("vivado",), "make vivado: logic synthesis, place and route", arguments=("-version",)),
    _Program("Vitis", ("v++",), "make bitstream for Alveo cards"),
)

_PACKAGES = (
    ("hls4ml", "code generation", True),
    ("h5py", "reading Keras files", True),
    ("onnx", "reading ONNX and QONNX files", True),
    ("da4ml", "strategy distributed_arithmetic", False),
    ("pymoo", "accelgen explore --bits", False),
    ("distributed", "--dask", False),
    ("matplotlib", "pictures: estimate --plot, explore -o", False),
    ("xgboost", "accelgen surrogate train and update", False),
    ("fastparquet", "tables of syntheses as .parquet", False),
    ("tensorflow", "training; tests against the framework", False),
    ("keras", "training; load() of a live Keras model", False),
    ("qkeras-v3", "training QKeras models with Keras 3", False),
    ("qkeras", "training QKeras models with Keras 2", False),
    ("hgq2", "training HGQ2 models", False),
)

_DISTRIBUTIONS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos"),
    "xgboost": ("xgboost", "xgboost-cpu"),
}
"""Packages that are installed under several names."""


def diagnose() -> list[Finding]:
    """Look for everything; programs are asked for their version, packages only for their metadata."""
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        Finding("accelgen", "this program", True, __version__),
        Finding("Python", "this program", True, python, sys.executable),
        *(_find_program(program) for program in _PROGRAMS),
        *(Finding(name, enables, required, _package_version(name)) for name, enables, required in _PACKAGES),
    ]


def _find_program(program: _Program) -> Finding:
    path = next(filter(None, map(shutil.which, program.commands)), None)
    found = None if path is None else _program_version(path, program.arguments)
    return Finding(program.name, program.enables, program.required, found, path)


def _program_version(path: str, arguments: tuple[str, ...]) -> str | None:
    """The first thing that looks like a version in what the program prints; None where nothing does."""
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return match[0] if match else None


def _package_version(name: str) -> str | None:
    names = _DISTRIBUTIONS.get(name, (name,))
    return next((found for found in map(_installed, names) if found is not None), None)


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
