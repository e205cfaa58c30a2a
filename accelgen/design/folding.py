"""Foldings of a packed layer's matrix: which are legal, and the one nearest to a request.

``pe`` rows by ``simd`` inputs at once take (n_out / pe) * (n_in / simd) cycles a position, as in FINN's
matrix-vector unit (Blott et al., "FINN-R", ACM TRETS 11(3), 2018).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log2

from accelgen.design.factors import divisors, nearest
from accelgen.errors import DesignError, UsageError


@dataclass(frozen=True)
class Folding:
    """``pe`` rows by ``simd`` inputs of the matrix at once; both divide its sides."""

    pe: int
    simd: int

    @classmethod
    def parse(cls, text: str) -> Folding:
        """Read ``8x16``: 8 rows by 16 inputs.

        Raises:
            UsageError: the text is not two whole numbers above 0.
        """
        match = re.fullmatch(r"([1-9]\d{0,8})x([1-9]\d{0,8})", text, re.ASCII)
        if match is None:
            raise UsageError(f"{text[:60]!r} is no folding; write PExSIMD, such as 8x16")
        return cls(int(match[1]), int(match[2]))

    def cycles(self, n_in: int, n_out: int) -> int:
        """Cycles of one product with an ``n_in`` by ``n_out`` matrix, which are its reuse factor."""
        return (n_out // self.pe) * (n_in // self.simd)

    def __str__(self) -> str:
        return f"{self.pe}x{self.simd}"


def legal_foldings(n_in: int, n_out: int) -> list[Folding]:
    """Every legal folding of an ``n_in`` by ``n_out`` matrix, by ascending ``pe``, then ``simd``."""
    return [Folding(pe, simd) for pe in divisors(n_out) for simd in divisors(n_in)]


def nearest_folding(n_in: int, n_out: int, cycles: int) -> Folding:
    """The legal folding whose cycles are nearest to the requested ones, the fewer of two as near.

    Of several with the same cycles, the one whose ``pe`` and ``simd`` are most alike: it has the fewest
    lines to and from the multipliers. Then that with more ``simd``, since rows cost accumulators.
    """
    legal = legal_foldings(n_in, n_out)
    used = nearest(sorted({folding.cycles(n_in, n_out) for folding in legal}), cycles)
    return min(
        (folding for folding in legal if folding.cycles(n_in, n_out) == used),
        key=lambda folding: (abs(log2(folding.simd / folding.pe)), -folding.simd),
    )


def check_folding(layer: str, folding: Folding, n_in: int, n_out: int) -> None:
    """Refuse an illegal folding of a layer's matrix.

    Raises:
        DesignError: ``pe`` does not divide ``n_out`` or ``simd`` does not divide ``n_in``.
    """
    wrong = [
        f"{name} {value} does not divide {size} {what} (near it: {', '.join(_near(size, value))})"
        for name, value, size, what in (
            ("pe", folding.pe, n_out, "outputs"),
            ("simd", folding.simd, n_in, "inputs"),
        )
        if size % value
    ]
    if wrong:
        raise DesignError(f"layer {layer!r} cannot be folded {folding}: {' and '.join(wrong)}")


def _near(size: int, value: int, count: int = 2) -> list[str]:
    legal = divisors(size)
    below = [d for d in legal if d < value][-count:]
    above = [d for d in legal if d > value][:count]
    return [str(d) for d in (*below, *above)]
