"""Which program computes the rows of an unrolled layer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from accelgen.design.adder_graph import adder_graph
from accelgen.design.design import RowSharing
from accelgen.design.row_program import Integers, RowProgram, plain
from accelgen.design.spanning_tree import spanning_tree
from accelgen.design.subexpressions import subexpressions

MAX_TREE_WEIGHTS = 1 << 20
"""AUTO computes the rows of larger matrices by themselves; unrolled, these fit no device anyway."""

MAX_PAIRED_WEIGHTS = 1 << 18
"""AUTO looks for subexpressions in matrices up to this size, which takes it some ten seconds."""


def choose_program(
    matrix: Integers, sharing: RowSharing = RowSharing.AUTO, max_depth: int = 0, input_bits: int = 1
) -> RowProgram:
    """How the rows of a matrix are computed: the program of the fewest adders, or the one asked for.

    The same matrix gives the same program on every machine, whatever is installed: ``AUTO`` compares plain
    rows, a spanning tree and shared subexpressions, and leaves out adder graphs, which need the optional
    da4ml and take it up to a minute.

    Args:
        matrix: (n_in, n_out).
        sharing: what rows may share.
        max_depth: the most additions after one another where rows share sums, though never fewer than plain
            rows take; 0 for half as many again as these. On 256 x 64 weights of -1 and 1 a tree of that depth
            has 2 % more adders than an unlimited one if they are random, a fifth more if they are clustered.
            An adder graph is unlimited by 0: da4ml's limit nearly doubles its adders.
        input_bits: of an input: 1 for the bits of packed levels.

    Raises:
        DesignError: an adder graph is asked for, and da4ml is not installed.
        ToolError: da4ml's adder graph is wrong.
    """
    codes = np.ascontiguousarray(matrix, np.int64)
    return _choose(codes.tobytes(), codes.shape, sharing, max_depth, input_bits)


@lru_cache(64)
def _choose(
    codes: bytes, shape: tuple[int, int], sharing: RowSharing, max_depth: int, input_bits: int
) -> RowProgram:
    matrix = np.frombuffer(codes, np.int64).reshape(shape)
    inputs = (0, (1 << input_bits) - 1)
    separate = plain(matrix)
    depth = max(max_depth or separate.depth + separate.depth // 2, separate.depth)
    match sharing:
        case RowSharing.NONE:
            return separate
        case RowSharing.SPANNING_TREE:
            return spanning_tree(matrix, depth, inputs)
        case RowSharing.SUBEXPRESSIONS:
            return subexpressions(matrix, depth, inputs)
        case RowSharing.ADDER_GRAPH:
            return adder_graph(matrix, max_depth, inputs)
    programs = [separate]
    if matrix.size <= MAX_TREE_WEIGHTS:
        programs.append(spanning_tree(matrix, depth, inputs))
    if matrix.size <= MAX_PAIRED_WEIGHTS and input_bits > 1:
        programs.append(subexpressions(matrix, depth, inputs))
    return min(programs, key=lambda program: program.adder_bits(inputs))
