"""Functions of rows, compiled: as simulation and as synthesis see them, of bits and of numbers."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from accelgen.backend.kernels.row_code import rows_function
from accelgen.design.design import RowSharing
from accelgen.design.row_program import BIT, Range, RowProgram, Value, plain
from accelgen.design.spanning_tree import spanning_tree
from accelgen.design.subexpressions import subexpressions
from tests.backend.kernels.packed_harness import WARNINGS, compile_cpp, copy_headers
from tests.design.row_matrices import clustered_matrix, random_matrix

BYTE: Range = (-128, 127)

_HEAD = """
#include "accelgen_rows.h"

template <class T> void take(bool &x, T code) { x = code != 0; }
template <class T> void take(long long &x, T code) { x = code; }
template <int W, class T> void take(ap_int<W> &x, T code) { x = code; }

template <class CONFIG_T, class X, int n_in, int n_out> void run(const long long *from, long long *to) {
    X x[n_in];
    ap_int<40> y[n_out];
    for (int i = 0; i < n_in; i++)
        take(x[i], from[i]);
    CONFIG_T::rows(x, y);
    for (int i = 0; i < n_out; i++)
        to[i] = y[i].to_int64();
}
"""


def by_hand() -> RowProgram:
    """Every form of a sum: many narrow values of either sign, with and without sign, multiples, inputs."""
    values = [Value(((3 * k, 1), (3 * k + 1, 1), (3 * k + 2, -1 if k % 2 else 1))) for k in range(10)]
    signs = [1, -1, -1, 1, 1, 1, -1, 1, -1, 1]
    values.append(Value(((0, 1), (5, -3), (6, 3), (7, 3)), tuple(enumerate(signs))))
    values.append(Value((), ((10, 2), (3, -1))))
    values.append(Value((), ((0, -1), (2, -1), (4, -1), (1, -1), (3, -1), (5, -1))))
    return RowProgram(RowSharing.NONE, tuple(values), ((10, 1), (11, -2), (-1, 1), (12, 3), (4, 1)))


def programs() -> list[tuple[RowProgram, int]]:
    matrices = [
        random_matrix(1, 40, 12),
        clustered_matrix(2, 70, 20),
        random_matrix(3, 33, 9, largest=3, zeros=0.4),
        random_matrix(4, 30, 6, zeros=0.9),
        random_matrix(5, 1, 3, largest=3),
        np.zeros((2, 2), np.int64),
    ]
    makers = (plain, spanning_tree, subexpressions)
    return [(by_hand(), 30)] + [(make(m), len(m)) for m in matrices for make in makers]


@pytest.mark.parametrize("flags", [(), ("-DACCELGEN_HARDWARE",)], ids=["simulated", "hardware"])
def test_compiled(flags: tuple[str, ...], tmp_path: Path) -> None:
    copy_headers(["accelgen_rows.h"], tmp_path)
    cases = [(program, n_in, inputs) for program, n_in in programs() for inputs in (BIT, BYTE)]
    text = _HEAD
    for number, (program, n_in, inputs) in enumerate(cases):
        kind = "bool" if inputs == BIT else "accelgen::integer<8>"
        text += f"struct config{number} {{\n{rows_function(program, inputs)}}};\n"
        text += f'extern "C" void run{number}(const long long *from, long long *to) {{\n'
        text += f"    run<config{number}, {kind}, {n_in}, {len(program.rows)}>(from, to);\n}}\n"
    source, library = tmp_path / "rows.cpp", tmp_path / "rows.so"
    source.write_text(text)
    compile_cpp(source, "-std=c++11", *flags, *WARNINGS, "-shared", "-fPIC", "-o", str(library))
    loaded = ctypes.CDLL(str(library))
    rng = np.random.default_rng(0)
    for number, (program, n_in, (low, high)) in enumerate(cases):
        x = rng.integers(low, high, (20, n_in), endpoint=True)
        x[0], x[1] = low, high
        y = np.zeros((len(x), len(program.rows)), np.int64)
        for row, result in zip(x, y, strict=True):
            getattr(loaded, f"run{number}")(
                ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(result.ctypes.data)
            )
        assert np.array_equal(y, program.evaluate(x)), number


def test_what_the_code_says() -> None:
    matrix = clustered_matrix(2, 70, 20)
    tree, before = spanning_tree(matrix), plain(matrix)
    text = rows_function(tree, BIT, before)
    assert f"{tree.additions:,} additions, {tree.depth} after one another" in text
    assert f"{before.additions:,} and {before.depth} where rows share nothing" in text
    assert max(map(len, text.splitlines())) <= 110
    for row in range(20):
        assert f"y[{row}] = " in text
