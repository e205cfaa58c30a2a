"""Codes to and from words: against ap_fixed's casts, against the definition bit by bit, and in C++."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.design import BUS_BITS
from accelgen.flows.board.drivers import _initializer
from accelgen.flows.board.packing import Port, pack, quantize, to_real, unpack
from accelgen.flows.board.target import Signal
from accelgen.ir import FixedType, Overflow, Rounding
from accelgen.ir.fixed import from_real
from accelgen.resources import data_dir
from tests.flows.board.designs import design_for, write
from tests.flows.board.projects import run

WIDTHS = (
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    11,
    13,
    16,
    17,
    24,
    31,
    32,
    33,
    37,
    52,
    53,
    61,
    62,
    63,
    64,
    65,
    100,
    128,
    200,
)


@st.composite
def types(draw: st.DrawFn) -> FixedType:
    width = draw(st.sampled_from(WIDTHS))
    overflow = draw(st.sampled_from(Overflow))
    signed = draw(st.booleans()) or (width == 1 and overflow is Overflow.SAT_SYM)
    if width == 1 and overflow is Overflow.SAT_SYM:
        overflow = Overflow.SAT
    return FixedType(
        width, draw(st.integers(-3, width + 4)), signed, draw(st.sampled_from(Rounding)), overflow
    )


def port_of(kind: FixedType, shape: tuple[int, ...], bus_bits: int) -> Port:
    return Signal("x", shape, kind, "t", False).port(bus_bits)


def numbers_for(kind: FixedType, shape: tuple[int, ...], seed: int, beyond: int = 2) -> np.ndarray:
    """Numbers on the grid, half way between its points, off it, and out of range."""
    rng = np.random.default_rng(seed)
    real = rng.normal(size=shape) * 2.0 ** rng.integers(-3, kind.integer + beyond, shape)
    half = np.ldexp(np.round(np.ldexp(real, kind.fraction + 1)), -kind.fraction - 1)
    return np.where(rng.integers(2, size=shape) > 0, real, half)


@given(types(), st.integers(0, 1 << 30), st.sampled_from((2, 80)))
def test_numbers_become_the_codes_that_ap_fixed_makes(kind: FixedType, seed: int, beyond: int):
    port = port_of(kind, (5, 2), 64)
    numbers = numbers_for(kind, (8, 5, 2), seed, beyond)
    expected = from_real(numbers, kind)
    codes = quantize(numbers, port)
    assert codes.astype(object).tolist() == [
        [[int(code) for code in row] for row in sample] for sample in expected.codes
    ]
    np.testing.assert_array_equal(to_real(codes, port), expected.values)


@given(types(), st.sampled_from(BUS_BITS), st.integers(1, 9), st.integers(0, 1 << 30))
def test_words_hold_codes_as_defined(kind: FixedType, bus_bits: int, values: int, seed: int):
    """Each sample is one large number, its bytes the lowest first: lane i of it is the code of value i."""
    port = port_of(kind, (values,), bus_bits)
    codes = quantize(numbers_for(kind, (3, values), seed), port)
    packed = pack(codes, port)
    lane = port.lane_bits
    assert lane >= kind.width
    assert lane & (lane - 1) == 0
    assert lane == 1 or lane // 2 < kind.width
    assert packed.shape[1] * 8 % bus_bits == 0
    assert packed.shape[1] * 8 - values * lane < bus_bits
    for row, sample in zip(packed, codes, strict=True):
        whole = sum((int(code) & ((1 << lane) - 1)) << (lane * index) for index, code in enumerate(sample))
        assert int.from_bytes(row.tobytes(), "little") == whole
    assert (unpack(packed, port) == codes).all()


def test_shapes_are_kept_in_row_major_order():
    port = port_of(FixedType(8, 8), (2, 3), 16)
    codes = np.arange(6).reshape(1, 2, 3)
    packed = pack(codes, port)
    assert packed.tolist() == [[0, 1, 2, 3, 4, 5]]
    assert unpack(packed, port).shape == (1, 2, 3)


MODES = [
    FixedType(width, integer, signed, rounding, overflow)
    for width, integer in ((1, 1), (3, 5), (7, 2), (16, 9), (37, 5), (63, 20), (64, 24))
    for signed in (True, False)
    for rounding in Rounding
    for overflow in Overflow
    if not (width == 1 and overflow is Overflow.SAT_SYM)
]


@pytest.fixture(scope="module")
def cpp(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The C++ drivers' conversions for a port of each of MODES."""
    folder = tmp_path_factory.mktemp("cpp")
    ports = "".join(_initializer(port_of(kind, (9,), 32)) for kind in MODES)
    (folder / "convert.cpp").write_text(
        '#include "accelgen.hpp"\n'
        f"static const accelgen::Port ports[] = {{\n{ports}}};\n"
        'extern "C" void pack(size_t port, const double *values, size_t samples, uint8_t *bytes) {\n'
        "    accelgen::pack(ports[port], values, samples, bytes);\n}\n"
        'extern "C" void unpack(size_t port, const uint8_t *bytes, size_t samples, double *values) {\n'
        "    accelgen::unpack(ports[port], bytes, samples, values);\n}\n"
    )
    include = ["-I", str(data_dir("templates") / "board")]
    flags = ["-std=c++14", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsanitize=undefined"]
    command = [
        "g++",
        *flags,
        "-fno-sanitize-recover",
        *include,
        "-shared",
        "-fPIC",
        "convert.cpp",
        "-o",
        "convert.so",
    ]
    run(command, folder)
    return ctypes.CDLL(str(folder / "convert.so"))


@pytest.mark.parametrize("beyond", [2, 200])
def test_the_cpp_drivers_convert_as_python_does(cpp: ctypes.CDLL, beyond: int):
    for index, kind in enumerate(MODES):
        port = port_of(kind, (9,), 32)
        numbers = numbers_for(kind, (40, 9), index, beyond)
        packed = np.full((40, port.sample_bytes), 0xAA, np.uint8)
        size = ctypes.c_size_t
        cpp.pack(
            size(index), ctypes.c_void_p(numbers.ctypes.data), size(40), ctypes.c_void_p(packed.ctypes.data)
        )
        codes = quantize(numbers, port)
        np.testing.assert_array_equal(packed, pack(codes, port), err_msg=str(kind))
        real = np.zeros_like(numbers)
        cpp.unpack(
            size(index), ctypes.c_void_p(packed.ctypes.data), size(40), ctypes.c_void_p(real.ctypes.data)
        )
        np.testing.assert_array_equal(real, to_real(codes, port), err_msg=str(kind))


def test_linux_maps_registers_and_memory(tmp_path: Path):
    """On files in place of its devices: addresses, sizes, and what is said of too little memory."""
    write(design_for("zedboard"), tmp_path)
    (tmp_path / "about/buffer").mkdir(parents=True)
    (tmp_path / "about/buffer/phys_addr").write_text("0x000000011a000000\n")
    (tmp_path / "about/buffer/size").write_text("16384\n")
    (tmp_path / "buffer").write_bytes(bytes(16384))
    with (tmp_path / "mem").open("wb") as file:
        file.truncate(0x30000)
    (tmp_path / "map.cpp").write_text(
        '#include "linux.hpp"\n#include <cstdio>\n'
        "int main() {\n"
        '    accelgen::Linux board("buffer", "mem", ".", "about");\n'
        "    board.write(0x10028, 0x12345678);\n"
        "    board.write(0x20000, board.read(0x10028) + 1);\n"
        "    const accelgen::Buffer first = board.allocate(100), second = board.allocate(8192);\n"
        "    first.data[0] = 7, second.data[8191] = 9;\n"
        '    std::printf("%zx %zx\\n", size_t(first.address), size_t(second.address));\n'
        "    try {\n        board.allocate(4097);\n    } catch (const std::exception &error) {\n"
        "        std::puts(error.what());\n    }\n}\n"
    )
    flags = ["-std=c++14", "-Wall", "-Wextra", "-Werror", "-I", "driver"]
    run(["g++", *flags, "map.cpp", "-o", "map"], tmp_path)
    printed = run(["./map"], tmp_path).splitlines()
    assert printed[0] == "11a000000 11a001000"
    assert "has 16384 bytes, 16385 are needed" in printed[1]
    registers, memory = (tmp_path / "mem").read_bytes(), (tmp_path / "buffer").read_bytes()
    assert registers[0x10028:0x1002C] == bytes.fromhex("78563412")
    assert registers[0x20000:0x20004] == bytes.fromhex("79563412")
    assert (memory[0], memory[4096 + 8191]) == (7, 9)
