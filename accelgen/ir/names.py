"""Names for nodes that are added to a network."""

from __future__ import annotations

from collections.abc import Iterable


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or ``wanted_2``, ``wanted_3`` ... where that is taken."""
    names = set(taken)
    name, count = wanted, 1
    while name in names:
        count += 1
        name = f"{wanted}_{count}"
    return name
