"""Finds what thresholds can replace: chains of monotone functions that end in few levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from accelgen.ir import (
    Affine,
    Clip,
    Conv,
    Dense,
    Input,
    Network,
    Node,
    Overflow,
    Pool,
    PoolKind,
    Quantize,
    Relu,
    Reshape,
    Threshold,
    Unary,
)
from accelgen.ir.constants import compact, is_power_of_two, per_channel
from accelgen.ir.few_bits import MAX_LEVEL_BITS, is_few_bit
from accelgen.ir.functions import FUNCTIONS
from accelgen.ir.grid import constant_type
from accelgen.ir.nodes import Shape
from accelgen.ir.types import MAX_WIDTH

SMALL_CAST_BITS = 2
"""A scale before a cast to so few bits costs more than the cast's few thresholds, even a power of two."""

Chain = tuple[Node, ...]
"""Monotone nodes, each the only user of the one before; the last gives few levels."""


def step_chains(network: Network) -> dict[str, Chain]:
    """The longest chains that end in a `Threshold` or few-bit `Quantize`, by their first node's name."""
    chains: dict[str, Chain] = {}
    taken: set[str] = set()
    for final in reversed(network.nodes):
        if final.name in taken or not (isinstance(final, Threshold) or is_few_bit_cast(final)):
            continue
        chain = [final]
        while (before := only_source(network, chain[0])) is not None and is_monotone(
            before, network.shapes[before.name]
        ):
            chain.insert(0, before)
        chains[chain[0].name] = tuple(chain)
        taken.update(node.name for node in chain)
    return chains


def is_few_bit_cast(node: Node) -> bool:
    """Whether a node casts to few levels."""
    return isinstance(node, Quantize) and node.type.width <= MAX_LEVEL_BITS


def only_source(network: Network, node: Node) -> Node | None:
    """The node before, where only this one takes its result."""
    (name, *others) = node.inputs
    if others or len(network.consumers[name]) != 1 or name in network.outputs:
        return None
    return network[name]


def is_monotone(node: Node, shape: Shape) -> bool:
    """Whether each channel's function, of a result of ``shape``, rises or falls over all numbers.

    A cast does while it does not wrap.
    """
    match node:
        case Affine() | Clip() | Quantize():
            monotone = True
        case Relu():
            monotone = bool(np.all(node.negative_slope >= 0))
        case Threshold():
            monotone = node.is_monotone
        case Unary():
            monotone = node.function in FUNCTIONS and FUNCTIONS[node.function].rising
        case _:
            monotone = False
    return monotone and constants_by_channel(node, shape) is not None


def is_rising(node: Node) -> bool:
    """Whether a monotone node falls in no channel, and a cast nowhere."""
    match node:
        case Affine():
            return bool(np.all(node.scale >= 0))
        case Threshold():
            return bool(np.all(node.directions > 0))
        case Quantize():
            return node.type.overflow in (Overflow.SAT, Overflow.SAT_SYM)
        case _:
            return True


def pays(chain: Chain, network: Network) -> bool:
    """Whether thresholds are what the chain should become.

    They always are for one that has thresholds. A cast is cheap where nothing scales what it takes: there
    it becomes thresholds only after a layer of few bits, whose packed kernels compute them.
    """
    *_, final = chain
    if isinstance(final, Threshold):
        return True
    assert isinstance(final, Quantize)
    before = [*reversed(chain), *_movable(chain[0], network)]
    if any(map(_multiplies, before)):
        return True
    source = network[before[-1].inputs[0]]
    small = final.type.width <= SMALL_CAST_BITS and any(isinstance(node, Affine) for node in before)
    return small or (
        isinstance(source, Dense | Conv) and is_few_bit(source.weight, _bits(source.inputs[0], network))
    )


def _bits(name: str, network: Network) -> int:
    """How wide a tensor's numbers are, where a cast or the input says so; else `MAX_WIDTH`."""
    node = network[name]
    while isinstance(node, Reshape) or is_max_pool(node):
        node = network[node.inputs[0]]
    if isinstance(node, Threshold):
        return constant_type(node.values).width
    kind = node.type if isinstance(node, Input | Quantize) else None
    return MAX_WIDTH if kind is None else kind.width


def _movable(node: Node, network: Network) -> Iterator[Node]:
    """What lies before a chain's first ``node`` and joins the chain once pools have moved behind it."""
    while (before := only_source(network, node)) is not None:
        joins = not isinstance(before, Quantize) and is_monotone(before, network.shapes[before.name])
        if not joins and not isinstance(before, Reshape) and not is_max_pool(before):
            return
        yield before
        node = before


def is_max_pool(node: Node) -> bool:
    """Whether a node pools maxima, and not of padding alone (which a window as large as its padding may)."""
    if not isinstance(node, Pool) or node.kind is not PoolKind.MAX:
        return False
    return all(max(pads) < size for pads, size in zip(node.padding, node.size, strict=True))


def _multiplies(node: Node) -> bool:
    if isinstance(node, Affine):
        size = np.abs(node.scale)
        return bool(np.ptp(size)) or not is_power_of_two(size[size != 0])
    return isinstance(node, Unary)


def constants_by_channel(node: Node, shape: Shape) -> Node | None:
    """The node with constants (n_channels,) or (1,); None where they vary along another axis of ``shape``."""
    constants: dict[str, Any] = {
        what: value
        for what, value in vars(node).items()
        if isinstance(value, np.ndarray) and not isinstance(node, Threshold)
    }
    for what, value in constants.items():
        row = per_channel(compact(value), shape[-1] if shape else 1)
        if row is None:
            return None
        constants[what] = row[:1] if np.ptp(row) == 0 else row
    return replace(node, **constants) if constants else node


def is_shared(node: Node) -> bool:
    """Whether no channel has a constant of its own."""
    if isinstance(node, Threshold):
        return not node.per_channel
    return all(value.size == 1 for value in vars(node).values() if isinstance(value, np.ndarray))
