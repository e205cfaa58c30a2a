"""Row programs from long lists of small sums, as searches for shared sums find them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from accelgen.design.design import RowSharing
from accelgen.design.row_program import RowProgram, Value

Terms = Mapping[int, int]
"""A sum: the coefficients of inputs and of earlier sums, which are numbered after the inputs."""


def program_of(
    sharing: RowSharing, n_in: int, sums: Sequence[Terms], rows: Sequence[tuple[int, int]]
) -> RowProgram:
    """The program of these sums, in which what is used once stands inside of what uses it.

    Args:
        sharing: how the sums came about.
        n_in: how many inputs there are.
        sums: in the order of their computation.
        rows: (number of an input or a sum, factor) of each row, (-1, 1) where it is 0.
    """
    outputs = {term for term, _ in rows if term >= 0}
    uses = Counter(term for terms in sums for term in terms)
    values: list[Value] = []
    places: dict[int, int] = {}
    inside: dict[int, Terms] = {}
    for number, terms in enumerate(sums, n_in):
        flat: Counter[int] = Counter()
        for term, coefficient in terms.items():
            for inner, multiple in inside.get(term, {term: 1}).items():
                flat[inner] += coefficient * multiple
        if number in outputs or uses[number] > 1:
            places[number] = len(values)
            values.append(_value(flat, n_in, places))
        else:
            inside[number] = flat
    for term in sorted(outputs):
        if term < n_in:
            places[term] = len(values)
            values.append(Value(((term, 1),)))
    return RowProgram(sharing, tuple(values), tuple((places.get(term, -1), factor) for term, factor in rows))


def _value(terms: Terms, n_in: int, places: Mapping[int, int]) -> Value:
    kept = sorted((term, coefficient) for term, coefficient in terms.items() if coefficient)
    return Value(
        tuple((term, coefficient) for term, coefficient in kept if term < n_in),
        tuple((places[term], coefficient) for term, coefficient in kept if term >= n_in),
    )
