"""Recurrent networks for tests: every cell, with quantized activations or with real functions."""

from __future__ import annotations

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.cells import (
    Activate,
    Cell,
    CellParts,
    Matrix,
    gru_cell,
    lstm_cell,
    simple_cell,
    unchanged,
)
from accelgen.ir import Affine, Clip, FixedType, Input, Network, Overflow, Quantize, Rounding, Unary
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types

X = FixedType(6, 3)
CELLS = ("simple", "gru", "gru_reset_after", "lstm")
GATES = {"simple": 1, "gru": 3, "gru_reset_after": 3, "lstm": 4}


def saturating(width: int, integer: int, signed: bool = True) -> FixedType:
    return FixedType(width, integer, signed, Rounding.RND_CONV, Overflow.SAT)


def function(name: str) -> Activate:
    return lambda builder, result, source: builder.add(Unary(result, (source,), name))


def cast(kind: FixedType) -> Activate:
    return lambda builder, result, source: builder.add(Quantize(result, (source,), kind))


def hard_sigmoid(builder: Builder, result: str, source: str) -> str:
    """A quantized clip(x / 2 + 1 / 2, 0, 1)."""
    line = builder.add(Affine(f"{result}/line", (source,), np.array([0.5]), np.array([0.5])))
    clipped = builder.add(Clip(f"{result}/clip", (line,), 0.0, 1.0))
    return builder.add(Quantize(result, (clipped,), saturating(4, 0, signed=False)))


def make_cell(
    name: str,
    n_in: int,
    units: int,
    rng: np.random.Generator,
    *,
    quantized: bool = True,
    state: FixedType | None = None,
    scaled: bool = False,
) -> Cell:
    """A cell with random weights in eighths; ``scaled`` gives the kernel a scale for each column."""
    columns = GATES[name] * units

    def grid(*shape: int) -> np.ndarray:
        return rng.integers(-7, 8, shape) / 8

    scale = rng.integers(3, 9, (1, columns)) / 7 if scaled else None
    recurrent_bias = grid(columns) if name == "gru_reset_after" else None
    activation = cast(saturating(5, 1)) if quantized else function("tanh")
    parts = CellParts(
        Matrix(grid(n_in, columns), scale, grid(columns)),
        Matrix(grid(units, columns), None, recurrent_bias),
        activation,
        hard_sigmoid if quantized else function("sigmoid"),
        activation,
        unchanged if state is None else cast(state),
    )
    if name == "lstm":
        return lstm_cell("test", parts)
    if name == "simple":
        return simple_cell("test", parts)
    return gru_cell("test", parts, reset_after=name == "gru_reset_after")


def recurrent_network(cell: Cell, steps: int, n_in: int, **options: bool) -> Network:
    """A network of that one layer, as imported."""
    return Network(
        (Input("x", (), (steps, n_in), X), cell.repeated("recurrent", "x", **options)), ("recurrent",)
    )


def exact(network: Network, precision: FixedType | None = None) -> Network:
    return infer_types(make_exact(network, precision))
