"""What a layer of distributed arithmetic is made of: the adders of da4ml's graph, before a build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.ir import Conv, Dense, Network, Node
from accelgen.ir.grid import constant_type

MOST_BITS = 1 << 14
"""Weights other than 0 times their bits of which da4ml finds a graph in a second or two: 64 x 32 of 8 bits
take 0.5 s, 64 x 16 of 16 bits 2 s, and 64 x 64 of 8 bits, twice as many, 3.5 s.
"""

EXACT_BITS = 24
"""Bits of a weight that da4ml takes, which reads float32."""

MOST_DELAY = 2
"""Adders that a result may have after one another beyond its least, as hls4ml 1.3 asks of da4ml
(``hard_dc``, ``backends/vivado/passes/distributed_arithmetic.py``).
"""


@dataclass(frozen=True)
class AdderCost:
    """The adders of one position, the bias included.

    Attributes:
        bits: full adders, da4ml's cost: about the bits that the two terms of an adder both have.
        levels: the most adders after one another, da4ml's latency.
        held_bits: bits of all values, for every level from where they are there to where they are needed.
    """

    bits: int
    levels: int
    held_bits: int


def unknown_reason(node: Node, network: Network) -> str | None:
    """Why the adders of a layer are not known before a build, None if they are."""
    if not isinstance(node, Dense | Conv) or (isinstance(node, Conv) and node.groups != 1):
        return "only those of dense layers and of convolutions without groups are worked out"
    if find_spec("da4ml") is None:
        return "da4ml is not installed (pip install 'accelgen[da]')"
    bits = constant_type(node.weight).width
    if np.count_nonzero(node.weight) * bits > MOST_BITS:
        return f"its weights have more than {MOST_BITS:,} bits, of which da4ml takes long to find a graph"
    if bits > EXACT_BITS or network.types[node.inputs[0]].width > EXACT_BITS:
        return f"da4ml takes no more than {EXACT_BITS} bits"
    return None


def adder_cost(node: Node, network: Network) -> AdderCost | None:
    """The adders of a layer of an exact, typed network; None where `unknown_reason` has one.

    The graph is found once a process for equal weights and inputs, without the search over all ways of
    splitting the matrix that a build does, which takes three to five times as long and saves up to 6 % of the
    bits (random matrices of 6 and 8 bits, da4ml 0.6).
    """
    if unknown_reason(node, network) is not None:
        return None
    assert isinstance(node, Dense | Conv)
    matrix = np.ascontiguousarray(node.weight.reshape(-1, node.weight.shape[-1]), np.float32)
    kind = network.types[node.inputs[0]]
    found = _graph_cost(matrix.tobytes(), matrix.shape[1], kind.min_code, kind.max_code)
    biased = 0 if node.bias is None else int(np.count_nonzero(node.bias))
    if not biased:
        return found
    return AdderCost(found.bits + biased * network.types[node.name].width, found.levels + 1, found.held_bits)


@lru_cache(maxsize=1024)
def _graph_cost(weights: bytes, n_out: int, low: int, high: int) -> AdderCost:
    """The cost of a matrix (n_in, n_out) of float32, for inputs that are integers of a range."""
    matrix: npt.NDArray[np.float32] = np.frombuffer(weights, np.float32).reshape(-1, n_out).copy()
    if not matrix.any():
        return AdderCost(0, 0, 0)
    pipeline = import_module("da4ml.cmvm").solve(
        matrix,
        qintervals=[(float(low), float(high), 1.0)] * len(matrix),
        hard_dc=MOST_DELAY,
        search_all_decompose_dc=False,
        adder_size=1,
        carry_size=-1,
    )
    return AdderCost(
        round(pipeline.cost),
        round(pipeline.latency[1]),
        sum(bits for stage in pipeline.solutions for bits in _held(stage, stage is pipeline.solutions[-1])),
    )


def _held(stage: Any, last: bool) -> Iterator[int]:
    """Bits times levels that each value of a stage waits; those of the last one wait for the slowest."""
    needed = [operation.latency for operation in stage.ops]
    for operation in stage.ops:
        if operation.opcode >= 0:
            for source in (operation.id0, operation.id1):
                needed[source] = max(needed[source], operation.latency)
    if last:
        for index in stage.out_idxs:
            if index >= 0:
                needed[index] = stage.latency[1]
    for operation, until in zip(stage.ops, needed, strict=True):
        low, high, step = operation.qint
        yield int((high - low) / step).bit_length() * round(until - operation.latency)
