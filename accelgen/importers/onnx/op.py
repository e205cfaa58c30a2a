"""One ONNX node under conversion, and the registry of functions that convert or fold nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import Builder
from accelgen.importers.onnx.reader import Attribute, RawArray, RawNode
from accelgen.importers.onnx.values import Constant, Tensor, Value
from accelgen.ir import Affine, Node, Reshape, Transpose
from accelgen.ir.constants import compact
from accelgen.ir.nodes import Array


@dataclass(frozen=True, eq=False)
class Op:
    """A node with its inputs resolved; an absent optional input is None."""

    raw: RawNode
    inputs: tuple[Value | None, ...]
    opset: int
    builder: Builder
    batch: int
    """The batch size that the file was saved with; constant shapes may hold it, the network takes 1."""

    def error(self, cause: str) -> ModelError:
        """A malformed node."""
        return ModelError(f"{self._where}: {cause}")

    def unsupported(self, what: str) -> UnsupportedError:
        """A node or option that is not converted; ``what`` says which and what is supported."""
        return UnsupportedError(f"{self._where}: {what}")

    @property
    def _where(self) -> str:
        return f"{self.builder.source}: node {self.raw.name!r} ({self.raw.op_type})"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes as read."""
        return self.raw.attributes

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.error(f"attribute {name!r} is no integer")
        return value

    def number(self, name: str, default: float) -> float:
        """A float attribute."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float) or not np.isfinite(value):
            raise self.error(f"attribute {name!r} is no finite number")
        return float(value)

    def text(self, name: str, default: str) -> str:
        """A text attribute."""
        value = self.attributes.get(name, default.encode())
        if not isinstance(value, bytes):
            raise self.error(f"attribute {name!r} is no text")
        return value.decode("utf-8", "replace")

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
        """An attribute of several integers; ``default`` where it is absent."""
        if name not in self.attributes:
            return default
        value = self.attributes[name]
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self.error(f"attribute {name!r} is no list of integers")
        return tuple(int(item) for item in value)

    def given(self, index: int) -> Value | None:
        """Input ``index``, or None where it is absent."""
        return self.inputs[index] if index < len(self.inputs) else None

    def value(self, index: int = 0) -> Value:
        """Input ``index``, which the operator requires."""
        value = self.given(index)
        if value is None:
            raise self.error(f"input {index} is missing")
        return value

    def tensor(self, index: int = 0) -> Tensor:
        """Input ``index`` as a computed tensor."""
        value = self.value(index)
        if isinstance(value, Constant):
            raise self.unsupported(f"input {index} is a constant; it is supported for computed tensors")
        return value

    def constant(self, index: int) -> Constant:
        """Input ``index`` as a constant."""
        value = self.value(index)
        if isinstance(value, Tensor):
            raise self.unsupported(f"input {index} is computed by the model; it is supported as a constant")
        if value.codes.dtype.kind == "f" and not np.isfinite(value.codes).all():
            raise self.error(f"input {index} holds values that are not finite")
        return value

    def constant_integers(self, index: int) -> tuple[int, ...] | None:
        """Input ``index`` as a constant list of integers; None where it is absent."""
        if self.given(index) is None:
            return None
        values = self.constant(index).values
        if values.ndim > 1 or not np.all(values == np.round(values)):
            raise self.error(f"input {index} is no list of integers")
        return tuple(int(value) for value in values.ravel())

    def integers_from(self, name: str, index: int) -> tuple[int, ...] | None:
        """Integers that newer operator sets take as input ``index`` and older ones as an attribute."""
        from_input = self.constant_integers(index)
        return self.integers(name) if from_input is None else from_input

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front."""
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} of a tensor of {rank} axes")
        return axis % rank

    def axes(self, axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
        """Different axes, counted from the front, in ascending order."""
        found = sorted({self.axis(axis, rank) for axis in axes})
        if len(found) != len(axes):
            raise self.error(f"axes {axes} are not all different")
        return tuple(found)

    def add(self, make: Callable[..., Node], *sources: Tensor, suffix: str = "", **fields: Any) -> str:
        """Add a node ``make(name, inputs, **fields)`` after ``sources``; returns its name."""
        name = self.builder.unique(self.raw.name + suffix)
        return self.builder.add(make(name, tuple(source.node for source in sources), **fields))

    def elementwise(self, make: Callable[..., Node], x: Tensor, suffix: str = "", **fields: Any) -> Tensor:
        """The tensor that an element-wise node makes of ``x``."""
        return Tensor(self.add(make, x, suffix=suffix, **fields), x.shape, x.axes)

    def affine(self, x: Tensor, scale: Array | float, bias: Array | float = 0.0, suffix: str = "") -> Tensor:
        """``x * scale + bias``, both broadcast to ``x`` as ONNX broadcasts; ``x`` where that does nothing."""
        scales, biases = (self.fitted(np.asarray(values, np.float64), x) for values in (scale, bias))
        if np.all(scales == 1) and not np.any(biases):
            return x
        return self.elementwise(Affine, x, suffix=suffix, scale=scales, bias=biases)

    def fitted(self, constant: Array, x: Tensor) -> Array:
        """A constant that broadcasts to ``x`` in ONNX, in the layout of its node and as small as can be."""
        rank = len(x.shape)
        sizes: tuple[int, ...] = constant.shape[max(0, constant.ndim - rank) :]
        if constant.size != prod(sizes):
            raise self.unsupported(
                f"a constant of shape {constant.shape} enlarges a tensor of shape {x.shape}"
            )
        sizes = (1,) * (rank - len(sizes)) + sizes
        full = constant.reshape(sizes)
        if any(size not in (1, whole) for size, whole in zip(sizes, x.shape, strict=True)):
            raise self.unsupported(f"a constant of shape {constant.shape} and a tensor of shape {x.shape}")
        if not np.isfinite(full).all():
            raise self.error("a constant holds values that are not finite")
        others = tuple(axis for axis in range(rank) if axis not in x.axes)
        own = full.transpose(*x.axes, *others).reshape(tuple(full.shape[axis] for axis in x.axes))
        return compact(own)

    def arranged(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        """``x`` in a node whose axes are ``axes`` of ONNX; axes left out must be of size 1."""
        if x.axes == axes:
            return x
        if any(x.shape[axis] != 1 for axis in x.axes if axis not in axes):
            raise self.error(f"a tensor of shape {x.shape} cannot have the layout {axes}")
        large = [axis for axis in axes if x.shape[axis] > 1]
        if large != [axis for axis in x.axes if x.shape[axis] > 1]:
            common = tuple(axis for axis in x.axes if axis in axes)
            x = self._reshaped(x, common)
            order = tuple(axis for axis in axes if axis in common)
            name = self.add(Transpose, x, suffix="/transpose", permutation=tuple(map(common.index, order)))
            x = Tensor(name, x.shape, order)
        return self._reshaped(x, axes)

    def _reshaped(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        """The same elements in the same order with axes of size 1 put in or left out."""
        shape = tuple(x.shape[axis] for axis in axes)
        if shape == x.sizes:
            return Tensor(x.node, x.shape, axes)
        return Tensor(self.add(Reshape, x, suffix="/reshape", shape=shape), x.shape, axes)

    def channels_last(self, x: Tensor) -> Tensor:
        """A tensor of ONNX shape (batch, channels, *spatial) with its channels behind the spatial axes."""
        if len(x.shape) not in (3, 4):
            raise self.unsupported(f"an input of shape {x.shape}; one or two spatial axes are supported")
        if x.shape[0] != 1:
            raise self.unsupported(f"an input of shape {x.shape}; its first axis must be the batch")
        return self.arranged(x, (*range(2, len(x.shape)), 1))

    def in_order(self, x: Tensor) -> Tensor:
        """``x`` with its axes in ONNX order, without the batch."""
        return self.arranged(x, without_batch(x.shape))


def without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of a tensor of ONNX ``shape`` but for a first one of size 1."""
    return tuple(range(1 if len(shape) > 1 and shape[0] == 1 else 0, len(shape)))


Converter = Callable[[Op], Value | tuple[Value, ...]]
"""Adds a node's equivalent to the builder; returns its outputs."""
CONVERTERS: dict[str, Converter] = {}

Folder = Callable[[Op], RawArray]
"""Computes a node all of whose inputs are constants."""
FOLDERS: dict[str, Folder] = {}


def converts(*op_types: str) -> Callable[[Converter], Converter]:
    """Register the decorated function for these operators."""

    def register(function: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(op_types, function))
        return function

    return register


def folds(*op_types: str) -> Callable[[Folder], Folder]:
    """Register the decorated function for these operators on constants alone."""

    def register(function: Folder) -> Folder:
        FOLDERS.update(dict.fromkeys(op_types, function))
        return function

    return register
