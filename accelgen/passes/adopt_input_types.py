"""Decides every input's type: from the quantizers that take it, else as given, else a stated default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.ir import (
    Embedding,
    FixedType,
    Input,
    Network,
    Node,
    Overflow,
    Quantize,
    QuantizeArray,
    Rounding,
)
from accelgen.ir.grid import fraction_bits

DEFAULT_INPUT_TYPE = FixedType(16, 8, True, Rounding.RND_CONV, Overflow.SAT)
"""Taken where neither the model nor the user says: -128 to 127.996 in steps of 2**-8."""


def adopt_input_types(
    network: Network,
    given: FixedType | None = None,
    calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    chosen: Mapping[str, FixedType] | None = None,
) -> Network:
    """The network with a type for every input.

    An input that already has a type keeps it. Otherwise, in this order: the one ``chosen`` for it by name
    (in a design file); ``given``, for all inputs; the type of the
    quantizers that alone take the input (the cast is then the input's own); 16 bits that cover the
    calibration data (n, *shape); `DEFAULT_INPUT_TYPE`. What was chosen is noted.
    """
    nodes: list[Node] = []
    notes: list[str] = []
    for node in network:
        if isinstance(node, Input) and node.type is None:
            kind, reason = _choose(network, node, given, calibration or {})
            settled = (chosen or {}).get(node.name, kind)
            if settled != kind:
                kind, reason = settled, "from the design file"
            notes.append(f"input {node.name!r}: {kind} ({reason})")
            node = replace(node, type=kind)
        nodes.append(node)
    adopted = network.with_nodes(nodes)
    return replace(adopted, notes=(*network.notes, *notes))


def open_inputs(network: Network) -> set[str]:
    """The inputs whose type the model leaves open: it says none, and neither does what takes them."""
    users = network.consumers
    return {
        node.name
        for node in network.inputs
        if node.type is None and not _rows(users[node.name]) and _type_of_users(users[node.name]) is None
    }


def _choose(
    network: Network, node: Input, given: FixedType | None, calibration: Mapping[str, npt.NDArray[Any]]
) -> tuple[FixedType, str]:
    if given is not None:
        return given, "as given"
    rows = _rows(network.consumers[node.name])
    if rows:
        return FixedType.for_range(0, rows - 1, 0).with_modes(Rounding.TRN, Overflow.SAT), "numbers of rows"
    from_model = _type_of_users(network.consumers[node.name])
    if from_model is not None:
        return from_model, "from the model's own quantizer"
    if node.name in calibration:
        return type_for_data(calibration[node.name]), "from the calibration data"
    return DEFAULT_INPUT_TYPE, "the default; set it with --input-precision or calibration data"


def _rows(users: tuple[Node, ...]) -> int:
    """How many rows there are to pick, where embeddings alone take the input; 0 elsewhere."""
    tables = [user.table.shape[0] for user in users if isinstance(user, Embedding)]
    return max(tables) if tables and len(tables) == len(users) else 0


def _type_of_users(users: tuple[Node, ...]) -> FixedType | None:
    types = {user.type if isinstance(user, Quantize) else None for user in users}
    if len(types) == 1:
        (kind,) = types
        if kind is not None:
            return kind
    if len(users) == 1 and isinstance(users[0], QuantizeArray):
        return type_around(users[0])
    return None


def type_around(node: QuantizeArray) -> FixedType | None:
    """A type from which every element's own cast gives what it would give from the real number.

    Truncating first changes neither truncation nor, with one more bit, rounding half up; other roundings
    need more, so that they take another rule. A wrapped type must keep all integer bits.
    """
    extra = {Rounding.TRN: 0, Rounding.RND: 1}.get(node.rounding)
    kept = node.width > 0
    if extra is None or not np.any(kept):
        return None
    signed = bool(np.any(node.signed & kept) or node.overflow is not Overflow.WRAP)
    fraction = int(np.max(np.where(kept, node.width - node.integer, -(1 << 30)))) + extra
    integer = int(np.max(np.where(kept, node.integer + (signed & ~node.signed), -(1 << 30))))
    overflow = Overflow.WRAP if node.overflow is Overflow.WRAP else Overflow.SAT
    return FixedType(max(1, integer + fraction), integer, signed, Rounding.TRN, overflow)


def type_for_data(values: npt.NDArray[Any], width: int = 16) -> FixedType:
    """At most ``width`` bits that hold the data's range, on the data's own grid where that is coarser."""
    low, high = float(np.min(values, initial=0.0)), float(np.max(values, initial=0.0))
    integer = integer_bits(low, high)
    fraction = min(fraction_bits(values), width - integer)
    return FixedType(max(1, integer + fraction), integer, low < 0, Rounding.RND_CONV, Overflow.SAT)


def integer_bits(low: float, high: float) -> int:
    """Integer bits (with the sign's, where ``low`` is negative) that values from ``low`` to ``high`` need."""
    largest = max(-low, high, 2.0**-60)
    above = int(np.floor(np.log2(largest))) + 1
    if low < 0 and -low == 2.0 ** (above - 1) and high < -low:
        above -= 1
    return above + (1 if low < 0 else 0)
