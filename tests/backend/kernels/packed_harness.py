"""Many packed kernels compiled into one library, and run on words of 64 bits."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.backend.codes import from_words, to_words, words_per_value
from accelgen.backend.headers import ap_types, needed_headers
from accelgen.backend.packed import Integers, PackedTensor
from accelgen.ir import FixedType


@dataclass(frozen=True)
class Port:
    """What a kernel reads or writes: ``count`` values, in io_stream in packs of ``pack``."""

    cpp: str
    bits: FixedType
    count: int
    pack: int

    @classmethod
    def of(cls, tensor: PackedTensor | FixedType, count: int = 0, pack: int = 0) -> Port:
        if isinstance(tensor, PackedTensor):
            bits = FixedType(tensor.word_bits, tensor.word_bits, signed=False)
            return cls(f"ap_uint<{tensor.word_bits}>", bits, prod(tensor.variable_shape), tensor.words)
        return cls(tensor.cpp, tensor.storage(), count, pack or count)

    @property
    def words(self) -> int:
        return self.count * words_per_value(self.bits)


@dataclass(frozen=True, eq=False)
class Kernel:
    """The attributes that Python gives, and the ports; ``stream`` chooses the form."""

    attributes: dict[str, Any]
    source: Port
    result: Port
    stream: bool

    def cpp(self, index: int) -> str:
        config = f"config{index}"
        wrapped = self.attributes["operation"]
        taken = f"accelgen::{wrapped}<{config}>" if wrapped else config
        function = f"accelgen::{self.attributes['function']}"
        source, result = self.source, self.result
        head = f"struct {config} {{\n{self.attributes['members']}}};\n"
        if not self.stream:
            return (
                f"{head}static {source.cpp} from{index}[{source.count}];\n"
                f"static {result.cpp} to{index}[{result.count}];\n"
                f"static void run{index}(const uint64_t *from, uint64_t *to) {{\n"
                f"    accelgen::load(from, from{index}, {source.count});\n"
                f"    {function}<{source.cpp}, {result.cpp}, {taken}>(from{index}, to{index});\n"
                f"    accelgen::store(to{index}, to, {result.count});\n}}\n"
            )
        packs = [f"nnet::array<{port.cpp}, {port.pack}>" for port in (source, result)]
        return (
            f"{head}static void run{index}(const uint64_t *from, uint64_t *to) {{\n"
            f"    hls::stream<{packs[0]} > data;\n    hls::stream<{packs[1]} > res;\n"
            f"    accelgen::load(from, data, {source.count});\n"
            f"    {function}<{packs[0]}, {packs[1]}, {taken}>(data, res);\n"
            f"    accelgen::store(res, to, {result.count});\n"
            "    if (!data.empty() || !res.empty())\n        std::abort();\n}\n"
        )


def copy_headers(names: Sequence[str], directory: Path) -> None:
    """What these headers need, beside them and in ap_types."""
    for name, text in needed_headers(names).items():
        (directory / name).write_text(text)
    for name, content in ap_types().items():
        path = directory / "ap_types" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write(kernels: Sequence[Kernel], directory: Path) -> Path:
    """The C++ file, with all headers beside it."""
    headers = sorted({str(kernel.attributes["header"]) for kernel in kernels})
    copy_headers([*headers, "accelgen_words.h"], directory)
    includes = "".join(f'#include "{header}"\n' for header in headers)
    runs = ", ".join(f"run{index}" for index in range(len(kernels)))
    source = directory / "kernels.cpp"
    source.write_text(
        '#include <cstdlib>\n#include "accelgen_words.h"\n'
        + includes
        + "".join(kernel.cpp(index) for index, kernel in enumerate(kernels))
        + f"static void (*const runs[])(const uint64_t *, uint64_t *) = {{{runs}}};\n"
        'extern "C" void run(int kernel, const uint64_t *from, int read, uint64_t *to, int put, int n) {\n'
        "    for (int i = 0; i < n; i++)\n"
        "        runs[kernel](from + i * read, to + i * put);\n}\n"
    )
    return source


WARNINGS = ("-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Wno-unused-label", "-Werror")
"""For builds without optimization, which finds members of ap_types that are read before they are set."""


def compile_cpp(source: Path, *flags: str) -> None:
    folder = source.parent
    paths = ["-isystem", str(folder / "ap_types"), "-I", str(folder)]
    done = subprocess.run(
        ["g++", "-DNDEBUG", *paths, *flags, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:4000]


@dataclass(frozen=True, eq=False)
class Library:
    kernels: Sequence[Kernel]
    library: ctypes.CDLL

    @classmethod
    def compile(cls, kernels: Sequence[Kernel], directory: Path, *flags: str) -> Library:
        library = directory / "kernels.so"
        compile_cpp(
            write(kernels, directory), "-fPIC", "-fno-gnu-unique", "-shared", *flags, "-o", str(library)
        )
        return cls(kernels, ctypes.CDLL(str(library)))

    def run(self, index: int, words: Integers) -> Integers:
        """The words (n, result.words) for input words (n, source.words)."""
        kernel = self.kernels[index]
        given = np.ascontiguousarray(words, np.int64)
        assert given.shape[1:] == (kernel.source.words,)
        result = np.zeros((len(given), kernel.result.words), np.int64)
        self.library.run(
            index,
            given.ctypes.data_as(ctypes.c_void_p),
            kernel.source.words,
            result.ctypes.data_as(ctypes.c_void_p),
            kernel.result.words,
            len(given),
        )
        return result


def packed_words(tensor: PackedTensor, levels: Integers) -> Integers:
    """Levels (n, positions, channels) as 64-bit words (n, words), as the class describes."""
    n, positions, channels = levels.shape
    lanes, planes = tensor.lanes, tensor.levels.bits
    padded = np.zeros((n, positions, tensor.words * lanes), np.int64)
    padded[..., :channels] = levels
    by_word = padded.reshape(n, positions * tensor.words, 1, lanes)
    bits = (by_word >> np.arange(planes)[:, None]) & 1
    whole = np.zeros((n, positions * tensor.words, -(-tensor.word_bits // 64) * 64), np.uint8)
    whole[..., : tensor.word_bits] = bits.reshape(n, positions * tensor.words, -1)
    return np.packbits(whole, axis=-1, bitorder="little").view("<i8").reshape(n, -1)


def number_words(kind: FixedType, codes: Integers) -> Integers:
    return to_words(codes.astype(object) if kind.width > 52 else codes.astype(float), kind.storage())


def numbers_of(kind: FixedType, words: Integers, shape: tuple[int, ...]) -> Integers:
    return np.asarray(from_words(words, kind.storage(), shape)).astype(np.int64)
