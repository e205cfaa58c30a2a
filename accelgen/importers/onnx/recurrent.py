"""LSTM, GRU and RNN, in one direction or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.cells import Activate, Cell, CellParts, Matrix, gru_cell, lstm_cell, simple_cell
from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.values import Tensor
from accelgen.ir import Affine, Clip, Concatenate, Relu, Reshape, Unary
from accelgen.ir.nodes import Array


@dataclass(frozen=True)
class _Kind:
    """An operator: the position in ONNX of each of Keras' gates, and the default activations."""

    gates: tuple[int, ...]
    activations: tuple[str, ...]


_KINDS = {
    "LSTM": _Kind((0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh")),
    "GRU": _Kind((0, 1, 2), ("Sigmoid", "Tanh")),
    "RNN": _Kind((0,), ("Tanh",)),
}
_FUNCTIONS = ("sigmoid", "tanh", "softsign", "softplus")
_BACKWARDS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@converts(*_KINDS)
def _recurrent(op: Op) -> tuple[Tensor, Tensor]:
    """The results Y and Y_h; an LSTM's last cell state, Y_c, is not converted."""
    direction = op.text("direction", "forward")
    if direction not in _BACKWARDS:
        raise op.error(f"direction {direction!r:.50} is none of {', '.join(_BACKWARDS)}")
    backwards = _BACKWARDS[direction]
    batch_first = op.integer("layout", 0) == 1
    x = op.tensor(0)
    if len(x.shape) != 3 or x.shape[0 if batch_first else 1] != 1:
        raise op.unsupported(f"an input of shape {x.shape}; steps, a batch and features are supported")
    x = op.arranged(x, (1 if batch_first else 0, 2))
    steps = x.sizes[0]
    _refuse_options(op, steps)
    cells = _cells(op, len(backwards), x.sizes[1])
    whole = _directions(op, cells, x, backwards, return_sequences=True)
    last = _directions(op, cells, x, backwards, return_sequences=False)
    units = op.builder.shapes[last][-1]
    count = len(backwards)
    own = (count, units) if count > 1 else (units,)
    last_axes = ((1, 2) if batch_first else (0, 2))[-len(own) :]
    whole_axes = (1 if batch_first else 0, *((2, 3) if batch_first else (1, 3))[-len(own) :])
    whole_shape = (1, steps, count, units) if batch_first else (steps, count, 1, units)
    last_shape = (1, count, units) if batch_first else (count, 1, units)
    return Tensor(whole, whole_shape, whole_axes), Tensor(last, last_shape, last_axes)


def _directions(
    op: Op, cells: Sequence[Cell], x: Tensor, backwards: tuple[bool, ...], return_sequences: bool
) -> str:
    """The node that gives the results of all directions, (directions, units) behind the steps."""
    suffix = "" if return_sequences else "/last"
    results = []
    for cell, backward in zip(cells, backwards, strict=True):
        name = op.builder.unique(f"{op.raw.name}{suffix}{'/backward' if backward else ''}")
        node = cell.repeated(
            name,
            x.node,
            return_sequences=return_sequences,
            go_backwards=backward,
            in_input_order=backward,
        )
        results.append(op.builder.add(node))
    if len(results) == 1:
        return results[0]
    *steps, units = op.builder.shapes[results[0]]
    name = op.builder.unique(f"{op.raw.name}{suffix}/joined")
    joined = op.builder.add(Concatenate(name, tuple(results), -1))
    shape = (*steps, len(results), units)
    return op.builder.add(Reshape(op.builder.unique(f"{name}/directions"), (joined,), shape))


def _refuse_options(op: Op, steps: int) -> None:
    if op.number("clip", 0.0) or op.integer("input_forget", 0):
        raise op.unsupported("clip and input_forget; recurrent layers without them are supported")
    if op.given(4) is not None and op.constant_integers(4) != (steps,):
        raise op.unsupported(f"sequence_lens; sequences of all {steps} steps are supported")
    for index, what in ((5, "initial_h"), (6, "initial_c"), (7, "peepholes")):
        if op.given(index) is not None and np.any(op.constant(index).codes):
            raise op.unsupported(f"{what} that is not zero; the states start at zero")


def _cells(op: Op, directions: int, n_in: int) -> list[Cell]:
    kind = _KINDS[op.raw.op_type]
    units = op.constant(2).codes.shape[-1]
    rows = len(kind.gates) * units
    kernel = _gated(op, 1, (directions, rows, n_in), kind)
    recurrent = _gated(op, 2, (directions, rows, units), kind)
    biases = np.zeros((directions, 2, rows))
    if op.given(3) is not None:
        whole = op.constant(3).reals.reshape(directions, 2, len(kind.gates), units)
        biases = whole[:, :, kind.gates].reshape(directions, 2, rows)
    names = _activations(op, directions * len(kind.activations)) or kind.activations * directions
    count = len(kind.activations)
    return [
        _cell(op, kernel[i], recurrent[i], biases[i], names[i * count : (i + 1) * count])
        for i in range(directions)
    ]


def _gated(op: Op, index: int, shape: tuple[int, int, int], kind: _Kind) -> Array:
    """A weight (directions, gates * units, n) with its gates in Keras' order."""
    values = op.constant(index).reals
    if values.shape != shape:
        raise op.error(f"input {index} has the shape {values.shape}, expected {shape}")
    parts = values.reshape(shape[0], len(kind.gates), -1, shape[2])
    return parts[:, kind.gates].reshape(shape)


def _activations(op: Op, count: int) -> tuple[str, ...]:
    values = op.attributes.get("activations", ())
    if not isinstance(values, tuple) or len(values) not in (0, count):
        raise op.error(f"{count} activations expected")
    return tuple(value.decode("utf-8", "replace") if isinstance(value, bytes) else "" for value in values)


def _cell(op: Op, kernel: Array, recurrent: Array, biases: Array, names: Sequence[str]) -> Cell:
    after = op.raw.op_type == "GRU" and op.integer("linear_before_reset", 0) == 1
    own, fed_back = (biases[0], biases[1]) if after else (biases.sum(0), None)
    functions = [_activation(op, name) for name in names]
    parts = CellParts(
        Matrix(kernel.T, bias=own),
        Matrix(recurrent.T, bias=fed_back),
        activation=functions[min(1, len(functions) - 1)],
        gate=functions[0],
        output=functions[-1],
    )
    if op.raw.op_type == "LSTM":
        return lstm_cell(op.builder.source, parts)
    if op.raw.op_type == "GRU":
        return gru_cell(op.builder.source, parts, reset_after=after)
    return simple_cell(op.builder.source, parts)


def _activation(op: Op, name: str) -> Activate:
    kind = name.lower()
    if kind in _FUNCTIONS:
        return lambda builder, result, source: builder.add(Unary(result, (source,), kind))
    if kind == "relu":
        return lambda builder, result, source: builder.add(Relu(result, (source,)))
    if kind == "hardsigmoid":
        if "activation_alpha" in op.attributes or "activation_beta" in op.attributes:
            raise op.unsupported("activation_alpha and activation_beta; their defaults are supported")
        return _hard_sigmoid
    known = ", ".join((*_FUNCTIONS, "relu", "hardsigmoid"))
    raise op.unsupported(f"activation {name!r:.50}; supported: {known}")


def _hard_sigmoid(builder: Builder, result: str, source: str) -> str:
    """clip(0.2 x + 0.5, 0, 1), ONNX's HardSigmoid with its default alpha and beta."""
    slope = np.array([np.float32(0.2)], np.float64)
    line = builder.add(Affine(f"{result}/line", (source,), slope, np.array([0.5])))
    return builder.add(Clip(result, (line,), 0.0, 1.0))
