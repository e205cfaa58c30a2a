"""The operations of a network: one frozen dataclass each, holding what it computes and nothing else.

Shapes never include the batch axis and are channels-last. A node computes its mathematical function on
real numbers, exactly; rounding happens only in `Quantize`, `QuantizeArray`, and in the result type of
`Unary` and `Softmax`. Constants are float64 arrays, which hold every fixed-point value of
up to 53 bits exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError
from accelgen.ir.types import FixedType, Overflow, Rounding

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


def _empty() -> Array:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Node:
    """One operation with one result; ``name`` is unique in its network, ``inputs`` name other nodes."""

    name: str
    inputs: tuple[str, ...] = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """The result's shape from the inputs' shapes; raises ModelError where they do not fit."""
        return shapes[0]

    def _refuse(self, cause: str) -> ModelError:
        return ModelError(f"layer {self.name!r} ({type(self).__name__}): {cause}")

    def _broadcasts(self, constant: Array, shape: Shape, what: str) -> None:
        try:
            fits = np.broadcast_shapes(constant.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise self._refuse(f"{what} of shape {constant.shape} does not fit an input of shape {shape}")


@dataclass(frozen=True, eq=False)
class Input(Node):
    """A network input of ``shape``; ``type`` is None until it is known or chosen."""

    shape: Shape = ()
    type: FixedType | None = None

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        return self.shape


@dataclass(frozen=True, eq=False)
class Dense(Node):
    """``x @ weight + bias`` over the last axis; weight is (n_in, n_out), bias (n_out,) or None."""

    weight: Array = field(default_factory=_empty)
    bias: Array | None = None

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        n_in, n_out = self.weight.shape
        if not shapes[0] or shapes[0][-1] != n_in:
            raise self._refuse(f"{n_in} inputs expected, the input has shape {shapes[0]}")
        if self.bias is not None and self.bias.shape != (n_out,):
            raise self._refuse(f"bias of shape {self.bias.shape}, expected {(n_out,)}")
        return (*shapes[0][:-1], n_out)


@dataclass(frozen=True, eq=False)
class EinsumDense(Node):
    """``einsum(equation, x, weight) + bias``; no batch in the equation, bias fits the result's shape."""

    equation: str = ""
    weight: Array = field(default_factory=_empty)
    bias: Array | None = None

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        try:
            shape: Shape = np.einsum(self.equation, np.empty(shapes[0]), self.weight).shape
        except ValueError as error:
            raise self._refuse(f"equation {self.equation!r}: {error}") from None
        if self.bias is not None:
            self._broadcasts(self.bias, shape, "bias")
        return shape


def window_output(size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> int:
    """Positions of a window of ``kernel`` taps that fit an axis of ``size`` after padding."""
    return (size + pads[0] + pads[1] - (kernel - 1) * dilation - 1) // stride + 1


@dataclass(frozen=True, eq=False)
class Conv(Node):
    """1D or 2D cross-correlation; input (*spatial, n_in), weight (*kernel, n_in / groups, n_out).

    ``padding`` holds (before, after) per spatial axis, filled with zeros.
    """

    weight: Array = field(default_factory=_empty)
    bias: Array | None = None
    strides: tuple[int, ...] = ()
    padding: Pads = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        kernel = self.weight.shape[:-2]
        n_in, n_out = self.weight.shape[-2] * self.groups, self.weight.shape[-1]
        return _window_shape(
            self, shapes[0], kernel, n_in, n_out, self.strides, self.padding, self.dilation, self.bias
        )


@dataclass(frozen=True, eq=False)
class DepthwiseConv(Node):
    """Each input channel with its own ``multiplier`` kernels; weight is (*kernel, n_in, multiplier).

    Result channel ``c * multiplier + m`` comes from input channel ``c``, as in Keras.
    """

    weight: Array = field(default_factory=_empty)
    bias: Array | None = None
    strides: tuple[int, ...] = ()
    padding: Pads = ()
    dilation: tuple[int, ...] = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        kernel = self.weight.shape[:-2]
        n_in, multiplier = self.weight.shape[-2:]
        return _window_shape(
            self,
            shapes[0],
            kernel,
            n_in,
            n_in * multiplier,
            self.strides,
            self.padding,
            self.dilation,
            self.bias,
        )


def _window_shape(
    node: Node,
    shape: Shape,
    kernel: Shape,
    n_in: int,
    n_out: int,
    strides: tuple[int, ...],
    padding: Pads,
    dilation: tuple[int, ...],
    bias: Array | None = None,
) -> Shape:
    rank = len(kernel)
    if len(shape) != rank + 1 or shape[-1] != n_in:
        raise node._refuse(f"{rank} spatial axes and {n_in} channels expected, the input has shape {shape}")
    if not len(strides) == len(padding) == len(dilation) == rank:
        raise node._refuse(f"strides, padding and dilation need {rank} entries each")
    if min((*strides, *dilation, 1)) < 1 or any(p < 0 for pair in padding for p in pair):
        raise node._refuse("strides and dilation start at 1, padding at 0")
    if bias is not None and bias.shape != (n_out,):
        raise node._refuse(f"bias of shape {bias.shape}, expected {(n_out,)}")
    spatial = tuple(
        window_output(*axis) for axis in zip(shape[:-1], kernel, strides, dilation, padding, strict=True)
    )
    if min(spatial) < 1:
        raise node._refuse(f"a window of {kernel} does not fit an input of shape {shape}")
    return (*spatial, n_out)


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """``x * scale + bias``; both broadcast to the input's shape (a scalar, per channel, or per element)."""

    scale: Array = field(default_factory=lambda: np.ones(1))
    bias: Array = field(default_factory=lambda: np.zeros(1))

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        self._broadcasts(self.scale, shapes[0], "scale")
        self._broadcasts(self.bias, shapes[0], "bias")
        return shapes[0]


@dataclass(frozen=True, eq=False)
class Quantize(Node):
    """Casts to ``type``, with its rounding and overflow modes."""

    type: FixedType = FixedType(16, 6)


@dataclass(frozen=True, eq=False)
class QuantizeArray(Node):
    """Casts each element to a type of its own, as HGQ does; the arrays broadcast to the input's shape.

    An element of width 0 becomes 0. ``integer`` includes the sign bit, as in `FixedType`.
    """

    width: npt.NDArray[np.int64] = field(default_factory=lambda: np.ones(1, np.int64))
    integer: npt.NDArray[np.int64] = field(default_factory=lambda: np.ones(1, np.int64))
    signed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.ones(1, np.bool_))
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        for what in ("width", "integer", "signed"):
            self._broadcasts(getattr(self, what), shapes[0], what)
        return shapes[0]

    def casts(self, shape: Shape) -> Iterator[tuple[npt.NDArray[np.bool_], FixedType]]:
        """The different types of a tensor of ``shape``, each with the elements that are cast to it.

        Elements of width 0, which become 0, are in none.
        """
        arrays = (self.width, self.integer, self.signed)
        keys = np.stack([np.broadcast_to(array, shape) for array in arrays], -1)
        kinds, which = np.unique(keys.reshape(-1, 3), axis=0, return_inverse=True)
        which = which.reshape(shape)
        for index, (width, integer, signed) in enumerate(kinds.tolist()):
            if width > 0:
                yield which == index, FixedType(width, integer, bool(signed), self.rounding, self.overflow)


@dataclass(frozen=True, eq=False)
class Threshold(Node):
    """``values[number of thresholds reached]``: signs, ternary and few-bit activations.

    thresholds is (n_levels,) or (n_channels, n_levels), ascending; ``x`` reaches ``t`` when ``x >= t``
    (``inclusive``) or ``x > t``. values is (n_levels + 1,) or (n_channels, n_levels + 1); where they descend,
    the channel's function falls. The sign of BipolarQuant (0 becomes +1) is thresholds [0], values [-1, 1],
    inclusive.
    """

    thresholds: Array = field(default_factory=lambda: np.zeros(1))
    values: Array = field(default_factory=lambda: np.array([-1.0, 1.0]))
    inclusive: bool = True

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if self.thresholds.ndim not in (1, 2) or self.values.ndim not in (1, 2):
            raise self._refuse("thresholds and values have one axis, or one for the channels and one more")
        n_levels, n_values = self.thresholds.shape[-1], self.values.shape[-1]
        if n_values != n_levels + 1:
            raise self._refuse(f"{n_levels} thresholds with {n_values} values")
        if self.thresholds.ndim == 2:
            self._broadcasts(self.thresholds[:, 0], shapes[0], "thresholds")
        if self.values.ndim == 2:
            self._broadcasts(self.values[:, 0], shapes[0], "values")
        return shapes[0]

    @property
    def per_channel(self) -> bool:
        """Whether the channels have thresholds or values of their own."""
        return max(len(np.atleast_2d(array)) for array in (self.thresholds, self.values)) > 1

    @property
    def directions(self) -> Array:
        """1 for each row of values that ascends, -1 for one that descends, 0 for one that does neither."""
        steps = np.diff(np.atleast_2d(self.values))
        return np.where(np.all(steps >= 0, 1), 1.0, np.where(np.all(steps <= 0, 1), -1.0, 0.0))

    @property
    def is_monotone(self) -> bool:
        """Whether each channel's values only rise or only fall."""
        return bool(np.all(self.directions))

    def value_of(self, reached: npt.NDArray[np.int64], values: npt.NDArray[Any] | None = None) -> Any:
        """For each element (..., n_channels) the value with so many thresholds reached.

        ``values`` are other numbers in the shape of the node's own, such as their codes.
        """
        table = self.values if values is None else values
        if table.ndim == 1:
            return table[reached]
        channels = np.arange(reached.shape[-1]) if table.shape[0] > 1 else 0
        return table[channels, reached]


@dataclass(frozen=True, eq=False)
class Relu(Node):
    """``x`` above 0, ``negative_slope * x`` below (a scalar, or an array for PReLU), at most ``upper``."""

    negative_slope: Array = field(default_factory=lambda: np.zeros(1))
    upper: float | None = None

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        self._broadcasts(self.negative_slope, shapes[0], "negative slope")
        return shapes[0]


@dataclass(frozen=True, eq=False)
class Clip(Node):
    """``min(max(x, low), high)``."""

    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True, eq=False)
class Unary(Node):
    """A real function of each element (see `accelgen.ir.functions`), rounded to ``type``.

    ``type`` is None until it is chosen; the passes lower the node to a `Lookup`.
    """

    function: str = "sigmoid"
    parameters: tuple[float, ...] = ()
    type: FixedType | None = None


@dataclass(frozen=True, eq=False)
class Lookup(Node):
    """``values[code]`` with one value for every code of the input type ``index``.

    ``values`` is (2 ** index.width,), in the order of the codes as ap_fixed's raw bits read as an
    unsigned number: for a signed type the non-negative codes first, then the negative ones.
    """

    index: FixedType = FixedType(8, 8)
    values: Array = field(default_factory=_empty)

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if self.values.shape != (1 << self.index.width,):
            raise self._refuse(f"{self.values.size} values for an index of {self.index.width} bits")
        return shapes[0]


@dataclass(frozen=True, eq=False)
class Softmax(Node):
    """Softmax over the last axis, rounded to ``type``; computed as `accelgen.ir.softmax` defines."""

    type: FixedType | None = None


class PoolKind(Enum):
    """How a pooling window is reduced."""

    MAX = "max"
    AVERAGE = "average"
    SUM = "sum"  # what an average becomes once its division is a scale of its own


@dataclass(frozen=True, eq=False)
class Pool(Node):
    """Pooling over windows of a channels-last input; global pooling is a window as large as the input.

    Padded positions are ignored by max pooling; average pooling counts them when ``count_padding``.
    """

    kind: PoolKind = PoolKind.MAX
    size: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    padding: Pads = ()
    count_padding: bool = False

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if not shapes[0]:
            raise self._refuse("a scalar cannot be pooled")
        channels = shapes[0][-1]
        return _window_shape(
            self, shapes[0], self.size, channels, channels, self.strides, self.padding, (1,) * len(self.size)
        )


class MergeKind(Enum):
    """The element-wise function of several inputs."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    AVERAGE = "average"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"


@dataclass(frozen=True, eq=False)
class Merge(Node):
    """An element-wise function of two or more inputs of shapes that broadcast."""

    kind: MergeKind = MergeKind.ADD

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            raise self._refuse(f"inputs of shapes {', '.join(map(str, shapes))} do not fit") from None


@dataclass(frozen=True, eq=False)
class Concatenate(Node):
    """Inputs joined along ``axis`` (of the shape without batch; may be negative)."""

    axis: int = -1

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        try:
            return np.concatenate([np.empty(shape) for shape in shapes], self.axis).shape
        except ValueError as error:
            raise self._refuse(
                f"inputs of shapes {', '.join(map(str, shapes))} do not fit: {error}"
            ) from None


@dataclass(frozen=True, eq=False)
class Dot(Node):
    """Keras' Dot of two inputs: contracts axis ``axes[0]`` of the first with ``axes[1]`` of the second."""

    axes: tuple[int, int] = (0, 0)

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        first, second = shapes
        a, b = self.axes
        if not (-len(first) <= a < len(first) and -len(second) <= b < len(second)) or first[a] != second[b]:
            raise self._refuse(f"axes {self.axes} of shapes {first} and {second} do not match")
        rest = [*np.delete(first, a).tolist(), *np.delete(second, b).tolist()]
        return tuple(rest) or (1,)


@dataclass(frozen=True, eq=False)
class Reshape(Node):
    """The same elements in row-major order under another shape (`Flatten` too)."""

    shape: Shape = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if prod(self.shape) != prod(shapes[0]):
            raise self._refuse(f"an input of shape {shapes[0]} cannot become {self.shape}")
        return self.shape


@dataclass(frozen=True, eq=False)
class Transpose(Node):
    """Axes reordered: result axis ``i`` is input axis ``permutation[i]`` (0-based, without batch)."""

    permutation: tuple[int, ...] = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if sorted(self.permutation) != list(range(len(shapes[0]))):
            raise self._refuse(f"permutation {self.permutation} of an input of shape {shapes[0]}")
        return tuple(shapes[0][axis] for axis in self.permutation)


@dataclass(frozen=True, eq=False)
class Pad(Node):
    """Zeros added: (before, after) for every axis of the shape, the channels included; negative crops."""

    padding: Pads = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if len(self.padding) != len(shapes[0]):
            raise self._refuse(f"padding for {len(self.padding)} axes of an input of shape {shapes[0]}")
        shape = tuple(
            size + before + after for size, (before, after) in zip(shapes[0], self.padding, strict=True)
        )
        if min(shape) < 1:
            raise self._refuse(f"cropping leaves nothing of an input of shape {shapes[0]}")
        return shape


@dataclass(frozen=True, eq=False)
class UpSample(Node):
    """Every element repeated ``factors[i]`` times along spatial axis ``i`` (nearest neighbour)."""

    factors: tuple[int, ...] = ()

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        if len(self.factors) + 1 != len(shapes[0]) or min(self.factors) < 1:
            raise self._refuse(f"factors {self.factors} of an input of shape {shapes[0]}")
        return (
            *(size * factor for size, factor in zip(shapes[0], self.factors, strict=False)),
            shapes[0][-1],
        )


@dataclass(frozen=True, eq=False)
class Embedding(Node):
    """Rows of ``table`` (n_rows, n_out), picked by an input of integer codes 0 to n_rows - 1."""

    table: Array = field(default_factory=_empty)

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        return (*shapes[0], self.table.shape[1])


@dataclass(frozen=True, eq=False)
class Recurrent(Node):
    """A cell repeated over the first axis of an input of shape (steps, n_in): LSTM, GRU and the like.

    ``cell`` holds one step as nodes in topological order. Its `Input` nodes are the step's own input, which
    comes first, and the states, which are zero before the first step. ``states`` pairs every state's input
    with the node whose result is that state in the next step. ``result`` names the node whose value is the
    step's result. Casts are nodes of the cell like any other, so that a cell is as exact as a network:
    `accelgen.ir.recurrent.run` defines the repetition for codes, real numbers and bounds alike.

    With ``go_backwards`` the steps are taken from the last to the first; a sequence of results is then in
    the order of computation, as in Keras, or in the input's order where ``in_input_order``.
    """

    cell: tuple[Node, ...] = ()
    states: tuple[tuple[str, str], ...] = ()
    result: str = ""
    return_sequences: bool = False
    go_backwards: bool = False
    in_input_order: bool = False

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        own: dict[str, Shape] = {}
        for node in self.cell:
            own[node.name] = node.output_shape(tuple(own[source] for source in node.inputs))
        if len(shapes[0]) != 2 or not self.cell or own[self.cell[0].name] != shapes[0][1:]:
            raise self._refuse(f"the cell does not take the steps of an input of shape {shapes[0]}")
        for state, following in self.states:
            if own[state] != own[following]:
                raise self._refuse(f"the state {state!r} changes its shape, {own[state]} to {own[following]}")
        return (shapes[0][0], *own[self.result]) if self.return_sequences else own[self.result]
