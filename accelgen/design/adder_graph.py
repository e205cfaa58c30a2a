"""Rows from the sums that da4ml finds worth sharing."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from accelgen.design.design import RowSharing
from accelgen.design.row_program import BIT, Integers, Range, RowProgram, different_rows
from accelgen.design.sums import Terms, program_of
from accelgen.errors import DesignError, ToolError

_INPUT, _ADD, _SUBTRACT = -1, 0, 1
"""da4ml's operations, of which products with constants need no others."""

Scaled = tuple[int, Fraction]
"""A multiple of an input, or of a sum, which are numbered after the inputs. da4ml scales by powers of two."""


def adder_graph(matrix: Integers, max_depth: int = 0, inputs: Range = BIT) -> RowProgram:
    """The program that da4ml's solver finds, which takes many seconds for large matrices.

    See Sun et al., "da4ml: Distributed Arithmetic for Real-time Neural Networks on FPGAs", ACM TRETS 2025.
    Sums that are used once are added where they are used.

    Args:
        matrix: (n_in, n_out).
        max_depth: the most additions after one another, 0 for no limit. It bounds what da4ml looks for, by
            what it takes to add the inputs of the longest row; the program may still be deeper.
        inputs: the range of the inputs.

    Raises:
        DesignError: da4ml is not installed.
        ToolError: what it found is not the matrix.
    """
    different, rows = different_rows(matrix)
    if different.shape[1] == 0:
        return RowProgram(RowSharing.ADDER_GRAPH, (), rows)
    try:
        solve = import_module("da4ml.cmvm").solve
    except ImportError:
        raise DesignError(
            "row sharing 'adder_graph' needs the package da4ml: install accelgen[da], or choose another"
        ) from None
    least_depth = (int(np.count_nonzero(different, axis=0).max()) - 1).bit_length()
    pipeline = solve(
        different.astype(np.float32),
        qintervals=[(float(inputs[0]), float(inputs[1]), 1.0)] * len(different),
        hard_dc=max(0, max_depth - least_depth) if max_depth else -1,
    )
    sums, results = _read(pipeline, len(different))
    found = [_row(results[index], factor) if index >= 0 else (-1, 1) for index, factor in rows]
    program = program_of(RowSharing.ADDER_GRAPH, len(different), sums, found)
    x = np.random.default_rng(0).integers(inputs[0], inputs[1], (64, len(matrix)), endpoint=True)
    if not np.array_equal(program.evaluate(x), x @ matrix):
        raise ToolError("da4ml's adder graph is not the layer's matrix; choose another row sharing")
    return program


def _read(pipeline: Any, n_in: int) -> tuple[list[Terms], list[Scaled]]:
    """The sums of da4ml's program, and which of them its results are."""
    sums: list[Terms] = []
    results: list[Scaled] = [(index, Fraction(1)) for index in range(n_in)]
    for stage in pipeline.solutions:
        buffer: list[Scaled] = []
        for operation in stage.ops:
            if operation.opcode == _INPUT:
                buffer.append(_times(results[operation.id0], stage.inp_shifts[operation.id0]))
            elif operation.opcode in (_ADD, _SUBTRACT):
                left, left_scale = buffer[operation.id0]
                right, right_scale = _times(
                    buffer[operation.id1], operation.data, operation.opcode == _SUBTRACT
                )
                scale = min(abs(left_scale), abs(right_scale)) or Fraction(1)
                terms = {left: int(left_scale / scale)}
                terms[right] = terms.get(right, 0) + int(right_scale / scale)
                buffer.append((n_in + len(sums), scale))
                sums.append(terms)
            else:
                raise ToolError(f"da4ml's operation {operation.opcode} is not known; use da4ml 0.5 or 0.6")
        zero = (0, Fraction(0))
        results = [
            _times(buffer[index] if index >= 0 else zero, shift, negative)
            for index, shift, negative in zip(stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True)
        ]
    return sums, results


def _times(scaled: Scaled, shift: int, negative: bool = False) -> Scaled:
    value, scale = scaled
    return value, scale * Fraction(2) ** shift * (-1 if negative else 1)


def _row(scaled: Scaled, factor: int) -> tuple[int, int]:
    value, scale = scaled
    if (scale * factor).denominator > 1:
        raise ToolError("da4ml's adder graph halves a sum; choose another row sharing")
    return value, int(scale * factor)
