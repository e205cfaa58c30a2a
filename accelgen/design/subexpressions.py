"""Rows that share sums of inputs: common subexpressions, found greedily."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelgen.design.design import RowSharing
from accelgen.design.row_program import BIT, Integers, Range, RowProgram, plain
from accelgen.design.spanning_tree import spanning_tree
from accelgen.design.sums import Terms, program_of

Floats = npt.NDArray[np.float32]
SignRow = npt.NDArray[np.int8]

MAX_TERMS = 1024
"""Only so many terms, those used most, are paired at a time."""

NEARLY_BEST = 0.3
"""Pairs that spare this share of what the best one does are taken in the same round."""

WORTH_DEPTH = 0.9
"""A spanning tree is worth its depth where it has no more than this share of plain rows' additions."""

DEEPER = (2, 3, 4)
"""By how much shared sums may deepen a spanning tree, which is made shallower by that first."""


def subexpressions(matrix: Integers, max_depth: int = 0, inputs: Range = BIT) -> RowProgram:
    """The program whose rows share sums and differences of pairs of terms.

    After Hartley, "Subexpression Sharing in Filters Using Canonic Signed Digit Multipliers", IEEE TCAS-II
    43(10), 1996: again and again the pair that spares most becomes a term of its own; here many pairs at a
    time that have no term in common, weighed by the adders that they spare. What is paired are the inputs of
    rows by themselves, or those that rows along a spanning tree add, where the tree has fewer adders.

    Args:
        matrix: (n_in, n_out).
        max_depth: the most additions after one another, 0 for no limit. Where sharing would exceed it, rows
            share nothing.
        inputs: the range of the inputs.
    """
    separate = plain(matrix)
    bases = [spanning_tree(matrix, max(max_depth - deeper, 0), inputs) for deeper in DEEPER]
    bases = [base for base in bases if base.additions < WORTH_DEPTH * separate.additions]
    for base in [*(bases if max_depth else bases[:1]), separate]:
        program = _share(base, len(matrix), inputs)
        if not max_depth or program.depth <= max_depth:
            return program
    return RowProgram(RowSharing.SUBEXPRESSIONS, separate.values, separate.rows)


def _share(base: RowProgram, n_in: int, inputs: Range) -> RowProgram:
    """A program whose groups of inputs share sums."""
    search = _Search(base, n_in, inputs[1] - inputs[0])
    while search.pair():
        pass
    return search.program()


class _Search:
    """Terms, which are the inputs and sums of two terms, and the sums of them that are to be computed.

    ``signs`` (n_terms, n_groups) says which terms are added or subtracted in which group of inputs of the
    base program, ``spans`` how many values above its least a term may have.
    """

    def __init__(self, base: RowProgram, n_in: int, span: int) -> None:
        self.base = base
        self.n_in = n_in
        self.groups = [(k, magnitude) for k, value in enumerate(base.values) for magnitude in value.groups]
        self.signs = np.zeros((n_in, len(self.groups)), np.int8)
        for column, (k, magnitude) in enumerate(self.groups):
            plus, minus = base.values[k].groups[magnitude]
            self.signs[list(plus), column] = 1
            self.signs[list(minus), column] = -1
        self.spans = [span] * n_in
        self.pairs: list[tuple[int, int, int]] = []
        """The sums (left, right, sign of the right), numbered after the inputs."""

    def pair(self) -> bool:
        """Make terms of the pairs that spare most adders; whether there were any."""
        uses = np.count_nonzero(self.signs, 1)
        terms = np.sort(np.argsort(-uses, kind="stable")[:MAX_TERMS])
        terms = terms[uses[terms] > 1]
        spared = self._spared(terms)
        best = float(max(matrix.max(initial=0) for matrix in spared.values()))
        if best <= 0:
            return False
        better = np.maximum(spared[1], spared[-1])
        left, right = np.nonzero(better >= NEARLY_BEST * best)
        order = np.lexsort((right, left, -better[left, right]))
        free = np.ones(len(terms), np.bool_)
        new: list[SignRow] = []
        for i, j in zip(left[order].tolist(), right[order].tolist(), strict=True):
            if free[i] and free[j]:
                free[i] = free[j] = False
                signs = [sign for sign in spared if spared[sign][i, j] >= NEARLY_BEST * best]
                new += [self._sum(int(terms[i]), int(terms[j]), sign) for sign in signs]
        self.signs = np.concatenate([self.signs, new])
        return True

    def _spared(self, terms: Integers) -> dict[int, Floats]:
        """Adders that the sum, and the difference, of each two terms spare: (n, n), above the diagonal."""
        spans, kinds = np.unique(np.array(self.spans)[terms], return_inverse=True)
        bits = np.frexp(spans)[1]
        to_add = _bits_to_add(spans)
        spared = to_add[:, None] + to_add - _bits_to_add(spans[:, None] + spans)
        spared_each, cost = (
            table.astype(np.float32)[kinds][:, kinds] for table in (spared, np.maximum(bits[:, None], bits))
        )
        signs = self.signs[terms].astype(np.float32)
        equal_less_opposite = signs @ signs.T
        np.abs(signs, out=signs)
        both = signs @ signs.T
        result: dict[int, Floats] = {}
        for sign in (1, -1):
            times = (both + sign * equal_less_opposite) / 2
            times *= spared_each
            times -= cost
            result[sign] = np.triu(times, 1)
        return result

    def _sum(self, left: int, right: int, sign: int) -> SignRow:
        """Make a term of two, and say where it is used instead of them."""
        together = self.signs[left] * self.signs[right] == sign
        used = np.where(together, self.signs[left], 0).astype(np.int8)
        self.signs[[left, right]] *= ~together
        self.spans.append(self.spans[left] + self.spans[right])
        self.pairs.append((left, right, sign))
        return used

    def program(self) -> RowProgram:
        """The program of all sums."""
        sums: list[Terms] = [{left: 1, right: sign} for left, right, sign in self.pairs]
        first = self.n_in + len(sums)
        totals: list[dict[int, int]] = [
            {first + index: coefficient for index, coefficient in value.values} for value in self.base.values
        ]
        for column, (k, magnitude) in enumerate(self.groups):
            for term in map(int, np.flatnonzero(self.signs[:, column])):
                totals[k][term] = totals[k].get(term, 0) + magnitude * int(self.signs[term, column])
        rows = [(first + index if index >= 0 else -1, factor) for index, factor in self.base.rows]
        return program_of(RowSharing.SUBEXPRESSIONS, self.n_in, [*sums, *totals], rows)


def _bits_to_add(spans: Integers) -> Floats:
    """What it takes to add a number from 0 to each span: its bits. Two bits leave room for a third one."""
    return np.where(spans == 2, 1.5, np.frexp(spans)[1]).astype(np.float32)
