"""The cells of recurrent layers as networks of one step, for every format that knows LSTM, GRU and RNN.

Equations and gate order are Keras' (keras 3.15, layers/rnn): i, f, c, o in an LSTM's kernels and z, r, h in a
GRU's. A quantizer of the states acts on what enters a step, as in qkeras (qkeras-v3 1.2.1, qrecurrent.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.ir import Affine, Dense, Input, Merge, MergeKind, Node, Recurrent
from accelgen.ir.nodes import Array

Activate = Callable[[Builder, str, str], str]
"""Adds an activation of a node to a builder as ``(builder, name, source)``; returns the result's node."""


def unchanged(builder: Builder, name: str, source: str) -> str:  # noqa: ARG001 (an Activate)
    """The activation that there is none."""
    return source


@dataclass(frozen=True, eq=False)
class Matrix:
    """Weights (n_in, gates * units), their scale (1, ...) where they have one, and a bias."""

    values: Array
    scale: Array | None = None
    bias: Array | None = None


@dataclass(frozen=True, eq=False)
class CellParts:
    """What the cells are made of: matrices for the input and the hidden state, and functions.

    ``activation`` is that of the candidate, ``gate`` that of the gates, ``output`` that of an LSTM's cell
    state on its way out, ``state`` what happens to the states as they enter a step.
    """

    kernel: Matrix
    recurrent: Matrix
    activation: Activate
    gate: Activate = unchanged
    output: Activate = unchanged
    state: Activate = unchanged


@dataclass(frozen=True, eq=False)
class Cell:
    """The fields of a `Recurrent` node that say what a step computes."""

    nodes: tuple[Node, ...]
    states: tuple[tuple[str, str], ...]
    result: str
    notes: tuple[str, ...] = ()

    def repeated(self, name: str, source: str, **options: bool) -> Recurrent:
        """The node that repeats the cell over the steps of ``source``."""
        return Recurrent(name, (source,), self.nodes, self.states, self.result, **options)


_INPUT, _HIDDEN, _CARRY = "x", "hidden", "carry"


@dataclass
class _Step:
    """A step under construction."""

    parts: CellParts
    source: str
    builder: Builder = field(init=False)
    units: int = field(init=False)

    def __post_init__(self) -> None:
        self.builder = Builder(self.source)
        self.units = self.parts.recurrent.values.shape[0]
        self.builder.add(Input(_INPUT, shape=(self.parts.kernel.values.shape[0],)))

    def state(self, name: str) -> str:
        """A state as it enters the step."""
        self.builder.add(Input(name, shape=(self.units,)))
        return self.parts.state(self.builder, f"{name}/entering", name)

    def product(self, name: str, matrix: Matrix, gate: int, source: str) -> str:
        """One gate's columns of a matrix times ``source``, with their scale and bias."""
        columns = slice(gate * self.units, (gate + 1) * self.units)
        bias = None if matrix.bias is None else matrix.bias[columns]
        values = matrix.values[:, columns]
        if matrix.scale is None:
            return self.builder.add(Dense(name, (source,), values, bias))
        scale = np.broadcast_to(matrix.scale, (1, matrix.values.shape[1]))[0, columns]
        sums = self.builder.add(Dense(f"{name}/sum", (source,), values))
        return self.builder.add(Affine(name, (sums,), scale, np.zeros(1) if bias is None else bias))

    def gate_sum(self, name: str, gate: int, hidden: str) -> str:
        """``x @ kernel + bias + hidden @ recurrent`` for one gate."""
        own = self.product(f"{name}/input", self.parts.kernel, gate, _INPUT)
        fed_back = self.product(f"{name}/recurrent", self.parts.recurrent, gate, hidden)
        return self.merge(f"{name}/sum", MergeKind.ADD, own, fed_back)

    def merge(self, name: str, kind: MergeKind, first: str, second: str) -> str:
        return self.builder.add(Merge(name, (first, second), kind))

    def finish(self, result: str, **following: str) -> Cell:
        """The cell with the node that is each state's next value."""
        network = self.builder.build((result, *following.values()), self.source)
        return Cell(network.nodes, tuple(following.items()), result, network.notes)


def simple_cell(source: str, parts: CellParts) -> Cell:
    """A step ``h = activation(x @ kernel + bias + h @ recurrent)``; ``source`` names the file in errors."""
    step = _Step(parts, source)
    total = step.gate_sum("output", 0, step.state(_HIDDEN))
    result = parts.activation(step.builder, "output", total)
    return step.finish(result, hidden=result)


def lstm_cell(source: str, parts: CellParts) -> Cell:
    """A step ``c = f * c + i * activation(...), h = o * output(c)``; ``source`` names the file in errors."""
    step = _Step(parts, source)
    hidden, carry = step.state(_HIDDEN), step.state(_CARRY)
    names = ("input_gate", "forget_gate", "candidate", "output_gate")
    sums = [step.gate_sum(name, gate, hidden) for gate, name in enumerate(names)]
    functions = (parts.gate, parts.gate, parts.activation, parts.gate)
    i, f, candidate, o = (
        function(step.builder, name, total)
        for function, name, total in zip(functions, names, sums, strict=True)
    )
    kept = step.merge("kept", MergeKind.MULTIPLY, f, carry)
    added = step.merge("added", MergeKind.MULTIPLY, i, candidate)
    carried = step.merge("next_carry", MergeKind.ADD, kept, added)
    shown = parts.output(step.builder, "shown", carried)
    result = step.merge("output", MergeKind.MULTIPLY, o, shown)
    return step.finish(result, hidden=result, carry=carried)


def gru_cell(source: str, parts: CellParts, reset_after: bool) -> Cell:
    """A step ``h = z * h + (1 - z) * activation(...)``; ``source`` names the file in errors.

    The reset gate acts on ``h``, or with ``reset_after`` on what the recurrent kernel makes of it.
    """
    step = _Step(parts, source)
    hidden = step.state(_HIDDEN)
    z = parts.gate(step.builder, "update_gate", step.gate_sum("update_gate", 0, hidden))
    r = parts.gate(step.builder, "reset_gate", step.gate_sum("reset_gate", 1, hidden))
    own = step.product("candidate/input", parts.kernel, 2, _INPUT)
    if reset_after:
        product = step.product("candidate/recurrent", parts.recurrent, 2, hidden)
        fed_back = step.merge("candidate/reset", MergeKind.MULTIPLY, r, product)
    else:
        reset = step.merge("candidate/reset", MergeKind.MULTIPLY, r, hidden)
        fed_back = step.product("candidate/recurrent", parts.recurrent, 2, reset)
    total = step.merge("candidate/sum", MergeKind.ADD, own, fed_back)
    candidate = parts.activation(step.builder, "candidate", total)
    kept = step.merge("kept", MergeKind.MULTIPLY, z, hidden)
    rest = step.builder.add(Affine("renewed", (z,), -np.ones(1), np.ones(1)))
    added = step.merge("added", MergeKind.MULTIPLY, rest, candidate)
    result = step.merge("output", MergeKind.ADD, kept, added)
    return step.finish(result, hidden=result)
