"""Compiles a project with g++ and runs whole batches through it, bit for bit what the hardware computes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.backend.codes import Words, from_words, to_words, words_per_value
from accelgen.backend.project import BuildReport, LayerReport, Port, WordsReport, read_report
from accelgen.errors import ToolError, UsageError
from accelgen.ir import FixedType
from accelgen.ir.fixed import FixedArray

FLAGS = ("-std=c++14", "-O1", "-fPIC", "-w", "-fno-gnu-unique", "-DNDEBUG")
"""-O0 runs 35 times slower, -O3 compiles four times longer than -O1 (4-layer MLP, g++ 12).

NDEBUG: rounding to a grid coarser than the whole value asks ap_types for a bit that it asserts to exist, and
then ignores it.
"""

STACK_BYTES = 1 << 30
"""Of the thread that runs the network: hls4ml's kernels keep all products of a layer on the stack."""


def cache_dir() -> Path:
    """Where compiled headers are kept: ACCELGEN_CACHE_DIR, else ``~/.cache/accelgen``."""
    chosen = os.environ.get("ACCELGEN_CACHE_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "accelgen"


@cache
def _compiler() -> tuple[str, str]:
    """The C++ compiler and its version, which no precompiled header outlives."""
    path = shutil.which(os.environ.get("CXX", "g++"))
    if path is None:
        raise ToolError("no C++ compiler found; install g++ or name one in the variable CXX")
    return path, _run([path, "--version"]).splitlines()[0]


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[-300:])
        raise ToolError(f"{Path(command[0]).name} failed on the generated project: {reason.strip()}")
    return done.stdout


_HEADER = "ap_types.h"

_INCLUDED = "".join(f'#include "{name}"\n' for name in ("ap_fixed.h", "ap_int.h", "hls_stream.h"))
"""What the kernels need besides each other: they take a fraction of the time that these take to parse."""

KEPT_HEADERS = 2
"""Precompiled headers in the cache, 80 MB each: one for every version of the compiler and of the headers."""


def _precompiled_header(firmware: Path) -> list[str]:
    """The compiler's arguments for the headers of arbitrary precision, compiled once.

    Kept under a name made of the compiler's version and every header's content, so that every project finds
    it again. Processes that make it at once each make their own, and the first one stays. A cache that cannot
    be written is done without.
    """
    compiler, compiler_version = _compiler()
    digest = hashlib.sha256("\0".join((compiler_version, *FLAGS, _INCLUDED)).encode())
    for path in sorted((firmware / "ap_types").rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(firmware).as_posix().encode() + b"\0" + path.read_bytes())
    home = cache_dir() / digest.hexdigest()[:24]
    try:
        if not (home / _HEADER).is_file():
            _make_precompiled_header(compiler, firmware, home)
        os.utime(home)
    except OSError:
        return []
    return ["-include", str(home / _HEADER)]


def _make_precompiled_header(compiler: str, firmware: Path, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=home.parent) as work:
        made = Path(work) / home.name
        made.mkdir()
        (made / _HEADER).write_text(_INCLUDED, encoding="utf-8")
        paths = ["-I", str(firmware), "-I", str(firmware / "ap_types")]
        target = ["-x", "c++-header", str(made / _HEADER), "-o", str(made / f"{_HEADER}.gch")]
        _run([compiler, *FLAGS, *paths, *target])
        with suppress(OSError):  # another process was faster
            made.rename(home)
    kept = sorted(
        (path for path in home.parent.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for old in kept[:-KEPT_HEADERS]:
        shutil.rmtree(old, ignore_errors=True)


def compile_project(directory: Path) -> CompiledProject:
    """Compile a project into a library and load it.

    Raises:
        UsageError: the directory holds no project of ours, or not all of it.
        ToolError: there is no compiler, or it failed.
    """
    return CompiledProject(read_report(directory), Path(directory), _library(Path(directory)))


def _library(directory: Path, *defines: str) -> ctypes.CDLL:
    project = directory.absolute()
    parameters = project / "firmware/parameters.h"
    if not parameters.is_file():
        raise UsageError(f"{parameters} is missing; build the project again")
    compiler, _ = _compiler()
    header = _precompiled_header(project / "firmware")
    with tempfile.TemporaryDirectory(prefix="accelgen-csim-") as work:
        library = Path(work) / "network.so"
        paths = ["-I", str(project / "firmware"), "-I", str(project / "firmware/ap_types")]
        sources = [*header, *paths, str(project / "csim.cpp")]
        _run([compiler, *FLAGS, *defines, "-shared", *sources, "-o", str(library)])
        return ctypes.CDLL(str(library))  # which, once loaded, outlives its file


@dataclass(frozen=True, eq=False)
class CompiledProject:
    """A project's network as compiled C++."""

    report: BuildReport
    directory: Path
    library: ctypes.CDLL

    def predict(self, inputs: Mapping[str, FixedArray]) -> dict[str, FixedArray]:
        """Every output (n, *shape) for the codes of every input (n, *shape).

        Raises:
            UsageError: an input is missing or misshapen.
        """
        words = self._input_words(inputs)
        outputs = [_buffer(len(words[0]), port) for port in self.report.outputs]
        run = self.library.accelgen_run
        run.restype = None
        arguments = _pointers(words), _pointers(outputs), ctypes.c_size_t(len(words[0]))
        _on_large_stack(lambda: run(*arguments))
        return _results(self.report.outputs, outputs)

    def trace(self, inputs: Mapping[str, FixedArray]) -> dict[str, FixedArray]:
        """The value (n, *shape) of every network node that has a layer of its own.

        Compiles the project once more, with the hooks that record values.

        Raises:
            UsageError: an input is missing or misshapen.
            ToolError: the compiler failed.
        """
        words = self._input_words(inputs)
        samples = len(words[0])
        outputs = [_buffer(samples, port) for port in self.report.outputs]
        reports = self.report.layers
        layers = [None if layer.node is None else _layer_buffer(samples, layer) for layer in reports]
        run = _library(self.directory, "-DACCELGEN_TRACE_LAYERS").accelgen_trace
        run.restype = None

        def run_samples() -> None:
            for sample in range(samples):
                row = slice(sample, sample + 1)
                run(
                    *(
                        _pointers([None if array is None else array[row] for array in arrays])
                        for arrays in (words, outputs, layers)
                    )
                )

        _on_large_stack(run_samples)
        return {
            report.node: _layer_values(report, words)
            for report, words in zip(reports, layers, strict=True)
            if report.node is not None and words is not None
        }

    def _input_words(self, inputs: Mapping[str, FixedArray]) -> list[Words]:
        words = []
        for port in self.report.inputs:
            array = inputs.get(port.name)
            if array is None or array.codes.shape[1:] != port.shape:
                raise UsageError(
                    f"the input {port.name!r} needs codes of shape (n, {', '.join(map(str, port.shape))})"
                )
            words.append(to_words(array.at(port.type.fraction).codes, port.type))
        return words


def _layer_port(layer: LayerReport) -> Port:
    return Port(layer.node or layer.layer, layer.shape, FixedType.parse(layer.types["result"]).storage())


def _layer_buffer(samples: int, layer: LayerReport) -> Words:
    packed = layer.words
    if packed is None:
        return _buffer(samples, _layer_port(layer))
    return np.zeros(
        (samples, prod(layer.shape) // packed.channels * packed.words * _pieces(packed)), np.int64
    )


def _pieces(packed: WordsReport) -> int:
    """64-bit words that hold one word of levels."""
    return -(-packed.lanes * packed.bits // 64)


def _layer_values(layer: LayerReport, words: Words) -> FixedArray:
    packed = layer.words
    if packed is None:
        return _values(_layer_port(layer), words)
    rows = np.ascontiguousarray(words, "<i8").view(np.uint8).reshape(-1, 8 * _pieces(packed))
    bits = np.unpackbits(rows, axis=1, count=packed.lanes * packed.bits, bitorder="little")
    weights = (1 << np.arange(packed.bits))[:, None]
    levels = (bits.reshape(-1, packed.bits, packed.lanes) * weights).sum(1)
    levels = levels.reshape(-1, packed.words * packed.lanes)[:, : packed.channels]
    codes = (packed.first + packed.step * levels).astype(np.float64).reshape(-1, *layer.shape)
    limit = max(abs(packed.first), abs(packed.first + packed.step * ((1 << packed.bits) - 1)), 1)
    return FixedArray(codes, packed.fraction, limit)


def _buffer(samples: int, port: Port) -> Words:
    return np.zeros((samples, int(np.prod(port.shape)) * words_per_value(port.type)), np.int64)


def _results(ports: Sequence[Port], words: Sequence[Words]) -> dict[str, FixedArray]:
    return {port.name: _values(port, array) for port, array in zip(ports, words, strict=True)}


def _values(port: Port, words: Words) -> FixedArray:
    codes = from_words(words, port.type, port.shape)
    return FixedArray(codes, port.type.fraction, max(-port.type.min_code, port.type.max_code, 1))


def _pointers(arrays: Sequence[Words | None]) -> Any:
    return (ctypes.c_void_p * len(arrays))(
        *(None if array is None else array.ctypes.data for array in arrays)
    )


def _on_large_stack(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    previous = threading.stack_size(STACK_BYTES)
    try:
        thread.start()
    except RuntimeError:
        raise ToolError(
            f"no thread with a stack of {STACK_BYTES >> 20} MB; raise the limit on memory"
        ) from None
    finally:
        threading.stack_size(previous)
    thread.join()
