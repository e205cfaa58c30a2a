"""How a `Recurrent` node repeats its cell, whatever kind of value the cell computes with.

Codes, real numbers and bounds all go through `run`, each with its own ``apply``: there is one definition of
the recurrence, and the golden model, calibration and interval arithmetic cannot disagree about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from accelgen.ir.network import Network
from accelgen.ir.nodes import Array, Dense, Input, Node, Recurrent, Shape
from accelgen.ir.types import FixedType

Value = TypeVar("Value")
Apply = Callable[[Node, Sequence[Value]], Value]


def cell_step(node: Recurrent, inputs: Mapping[str, Value], apply: Apply[Value]) -> dict[str, Value]:
    """The values of all of the cell's nodes in one step; ``inputs`` gives those of its `Input` nodes.

    It may give those of other nodes too, which are then not computed.
    """
    values = dict(inputs)
    for step in node.cell:
        if step.name not in values:
            values[step.name] = apply(step, [values[source] for source in step.inputs])
    return values


def before_steps(node: Recurrent, x: Value, apply: Apply[Value]) -> dict[str, Value]:
    """The values of the cell's nodes that depend on no state, from the whole sequence ``x`` at once.

    All nodes of a cell act on the last axis, so that ``x`` may be (n, steps, n_in) as well as (n, n_in).
    """
    values = {node.cell[0].name: x}
    for step in node.cell:
        if step.inputs and all(source in values for source in step.inputs):
            values[step.name] = apply(step, [values[source] for source in step.inputs])
    return values


def run(
    node: Recurrent,
    sequence: Sequence[Mapping[str, Value]],
    zero: Callable[[Shape], Value],
    apply: Apply[Value],
) -> list[Value]:
    """The results of the steps in the order of the node's result: of all, or of the last one alone.

    ``sequence`` gives for each step the value of the cell's input, and of whatever else is known before
    (`before_steps`); ``zero`` gives a state's value before the first step.
    """
    shapes = cell_network(node).shapes
    states = {state: zero(shapes[state]) for state, _ in node.states}
    results: list[Value] = []
    for known in reversed(sequence) if node.go_backwards else sequence:
        values = cell_step(node, {**known, **states}, apply)
        states = {state: values[following] for state, following in node.states}
        results.append(values[node.result])
    if not node.return_sequences:
        return results[-1:]
    return results[::-1] if node.go_backwards and node.in_input_order else results


def cell_network(node: Recurrent, types: Mapping[str, FixedType] | None = None) -> Network:
    """One step as a network, its inputs typed as ``types`` says; outputs: the result and the next states."""
    kinds = types or {}
    nodes = [
        replace(step, type=kinds[step.name]) if isinstance(step, Input) and step.name in kinds else step
        for step in node.cell
    ]
    return Network(tuple(nodes), (node.result, *(following for _, following in node.states)), node.name)


def with_cell(node: Recurrent, network: Network) -> Recurrent:
    """The node with the cell that ``network`` holds, whose outputs are in the order of `cell_network`."""
    result, *following = network.outputs
    states = tuple((state, name) for (state, _), name in zip(node.states, following, strict=True))
    return replace(node, cell=network.nodes, states=states, result=result)


@dataclass(frozen=True, eq=False)
class Product:
    """The products of one source in a cell with the matrices of several `Dense` nodes, side by side."""

    source: str
    nodes: tuple[Dense, ...]

    @property
    def weight(self) -> Array:
        """(n_in, n_out of all nodes together)."""
        return np.concatenate([node.weight for node in self.nodes], 1)

    @property
    def bias(self) -> Array:
        """(n_out of all nodes together,)."""
        return np.concatenate(
            [np.zeros(node.weight.shape[1]) if node.bias is None else node.bias for node in self.nodes]
        )

    def columns(self) -> dict[str, int]:
        """Every node's first column."""
        ends = np.cumsum([0, *(node.weight.shape[1] for node in self.nodes)]).tolist()
        return {node.name: end for node, end in zip(self.nodes, ends, strict=False)}


def cell_products(node: Recurrent) -> tuple[Product, ...]:
    """The matrix products of a cell, all of one source's together: two in an LSTM, two or three in a GRU."""
    groups: dict[str, list[Dense]] = {}
    for step in node.cell:
        if isinstance(step, Dense):
            groups.setdefault(step.inputs[0], []).append(step)
    return tuple(Product(source, tuple(nodes)) for source, nodes in groups.items())
