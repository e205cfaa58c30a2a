"""Random networks, as training sets of estimates are made of: quantized, with untrained weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from random import Random

import numpy as np
import numpy.typing as npt

from accelgen.campaign.plan import Kind, Recipe
from accelgen.errors import UsageError
from accelgen.importers.builder import Builder
from accelgen.ir import Conv, Dense, FixedType, Input, Network, Overflow, Quantize, Relu, Reshape, Rounding

MAX_WEIGHTS = 1 << 22
"""Of a layer: no FPGA holds more."""


def random_network(recipe: Recipe, index: int) -> Network:
    """The network of a recipe with a number from 0; the same in every run, whatever else is drawn.

    Layers are followed by ReLU and a cast to an unsigned type below 1, but for the last, which is Dense.
    Weights are those of ``quantized_bits(bits, 0)`` over LeCun's uniform distribution, within
    sqrt(3 / n_in), as in untrained QKeras models (wa-hls4ml's designs are such).

    Raises:
        UsageError: a layer has more than `MAX_WEIGHTS`.
    """
    drawn = _Drawn(Random(f"{recipe.seed} {index}"), recipe)
    name = f"{recipe.kind.value}_{recipe.seed}_{index}"
    rank = {Kind.DENSE: 0, Kind.CONV1D: 1, Kind.CONV2D: 2}[recipe.kind]
    builder = Builder(name)
    positions = drawn.one_of(recipe.positions)
    shape = (*[positions] * rank, drawn.one_of(recipe.inputs))
    last = builder.add(Input("inputs", (), shape, FixedType(drawn.input_bits, _integer(drawn.input_bits))))
    for number in range(1, drawn.one_of(recipe.layers)):
        last = _hidden(builder, last, rank, number, drawn)
    if rank:
        last = builder.add(Reshape("flat", (last,), (prod(builder.shapes[last]),)))
    n_in = builder.shapes[last][-1]
    weight, bias = drawn.constants((n_in, drawn.one_of(recipe.outputs)), n_in)
    return builder.build((builder.add(Dense("outputs", (last,), weight, bias)),), name)


def _hidden(builder: Builder, last: str, rank: int, number: int, drawn: _Drawn) -> str:
    """A layer with its activation."""
    *spatial, n_in = builder.shapes[last]
    n_out = drawn.one_of(drawn.recipe.sizes)
    if rank:
        taps = min(drawn.one_of(drawn.recipe.kernels), *spatial)
        shape = (*[taps] * rank, n_in, n_out)
        weight, bias = drawn.constants(shape, prod(shape[:-1]))
        ones, none = (1,) * rank, ((0, 0),) * rank
        last = builder.add(Conv(f"layer{number}", (last,), weight, bias, ones, none, ones))
    else:
        last = builder.add(Dense(f"layer{number}", (last,), *drawn.constants((n_in, n_out), n_in)))
    last = builder.add(Relu(f"relu{number}", (last,)))
    kind = FixedType(drawn.activation_bits, 0, False, Rounding.RND_CONV, Overflow.SAT)
    return builder.add(Quantize(f"cast{number}", (last,), kind))


def _integer(bits: int) -> int:
    """Integer bits of inputs: half of them, as hls4ml's default has of 16."""
    return max(1, bits // 2)


@dataclass
class _Drawn:
    """What was drawn of a recipe for one network: one width each for all of its layers."""

    random: Random
    recipe: Recipe

    def __post_init__(self) -> None:
        self.input_bits = self.one_of(self.recipe.input_bits)
        self.weight_bits = self.one_of(self.recipe.weight_bits)
        self.activation_bits = self.one_of(self.recipe.activation_bits)

    def one_of(self, values: Sequence[int]) -> int:
        """A value; only ``random()`` gives the same in all versions of Python."""
        return values[int(self.random.random() * len(values))]

    def constants(
        self, shape: tuple[int, ...], n_in: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """A weight and its bias, on the grid of the weight's bits."""
        return self._grid(shape, sqrt(3 / n_in)), self._grid(shape[-1:], 1 / 8)

    def _grid(self, shape: tuple[int, ...], most: float) -> npt.NDArray[np.float64]:
        if prod(shape) > MAX_WEIGHTS:
            raise UsageError(
                f"a random network of kind {self.recipe.kind.value} has a layer of {prod(shape):,} weights, "
                f"more than {MAX_WEIGHTS:,}: take smaller sizes, inputs or positions"
            )
        step = 2.0 ** (1 - self.weight_bits)
        values = np.array([self.random.random() for _ in range(prod(shape))]).reshape(shape)
        return np.clip(np.rint((2 * values - 1) * most / step) * step, -1, 1 - step)
