"""One layer of a Keras model file as read, and the registry of functions that convert layers to nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import Builder

RawArray = npt.NDArray[Any]


@dataclass(frozen=True)
class Scalar:
    """A number that an operation takes beside a tensor; ``first`` where it is the left operand."""

    value: float
    first: bool


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """A layer's configuration, weights and inputs.

    ``inputs`` names the nodes already in the builder that feed the layer. ``weights`` maps each variable's
    path inside the layer's group to its array, in the file's order: "kernel", "bias" in weight H5 files
    (":0" and the scopes that all of the layer's variables share removed), "vars/0", "vars/1",
    "kq/quantizer/vars/0" ... in a .keras archive. ``keras_major`` is the version of Keras that wrote the
    file, for the functions that Keras 3 redefined. ``scalar`` is the other operand of ``x * 2``.
    """

    class_name: str
    name: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    weights: Mapping[str, RawArray]
    source: str
    keras_major: int = 2
    scalar: Scalar | None = None

    def error(self, cause: str) -> ModelError:
        """A malformed layer."""
        return ModelError(f"{self.source}: layer {self.name!r} ({self.class_name}): {cause}")

    def unsupported(self, what: str) -> UnsupportedError:
        """A layer or option that is not converted; ``what`` says which and what is supported instead."""
        return UnsupportedError(f"{self.source}: layer {self.name!r} ({self.class_name}): {what}")

    @property
    def only_input(self) -> str:
        """The node that feeds the layer; raises ModelError where there is not exactly one."""
        if len(self.inputs) != 1:
            raise self.error(f"one input expected, there are {len(self.inputs)}")
        return self.inputs[0]

    def integer(self, key: str, default: int | None = None, minimum: int = 1) -> int:
        """The option ``key``, a whole number of at least ``minimum``; ModelError where it is none."""
        value = self._option(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self.error(f"{key} is a whole number from {minimum} up, not {value!r:.50}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """The option ``key``, a finite number; ModelError where it is none."""
        value = self._option(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            raise self.error(f"{key} is a number, not {value!r:.50}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """The option ``key``, true or false (1 and 0 count); ModelError where it is neither."""
        value = self._option(key, default)
        if value not in (True, False):
            raise self.error(f"{key} is true or false, not {value!r:.50}")
        return bool(value)

    def text(self, key: str, default: str | None = None) -> str:
        """The option ``key``, a string; ModelError where it is none."""
        value = self._option(key, default)
        if not isinstance(value, str):
            raise self.error(f"{key} is a string, not {value!r:.50}")
        return value

    def sizes(self, key: str, rank: int, default: int | None = None, minimum: int = 1) -> tuple[int, ...]:
        """The option ``key``, ``rank`` whole numbers, or one that counts for every axis.

        Raises:
            ModelError: it is something else, or a number is below ``minimum``.
        """
        value = self._option(key, default)
        values = list(value) if isinstance(value, (list, tuple)) else [value] * rank
        if len(values) != rank or not all(
            isinstance(size, int) and not isinstance(size, bool) and size >= minimum for size in values
        ):
            raise self.error(f"{key} is {rank} whole numbers from {minimum} up, not {value!r:.50}")
        return tuple(values)

    def axis(self, key: str, rank: int, default: int = -1) -> int:
        """The option ``key`` as an axis of a shape of ``rank`` without batch, counted from 0.

        Keras counts the batch as axis 0, and may save an axis as a list of one.

        Raises:
            ModelError: it is not one axis, or the batch itself.
        """
        value = self._option(key, default)
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(f"{key} is one axis, not {value!r:.50}")
        if not (1 <= value <= rank or -rank <= value <= -1):
            raise self.error(f"{key} {value!r:.50} is no axis of an input with {rank} axes after the batch")
        return value - 1 if value > 0 else value + rank

    def _option(self, key: str, default: object) -> Any:
        value = self.config.get(key)
        return default if value is None else value

    def weight(
        self, name: str, position: int, shape: tuple[int, ...] | None = None
    ) -> npt.NDArray[np.float64]:
        """The variable called ``name``, or the ``position``-th where the file only numbers them, as float64.

        Raises:
            ModelError: there is none, it is not numeric or finite, or not of ``shape`` where that is given.
        """
        array = self.weights.get(name, self.weights.get(f"vars/{position}"))
        if array is None:
            raise self.error(f"the weights file holds no {name!r} for it")
        if array.dtype.kind not in "fiub":
            raise self.error(f"{name!r} is not numeric ({array.dtype})")
        if shape is not None and array.shape != shape:
            raise self.error(f"{name!r} has shape {array.shape}, expected {shape}")
        values: npt.NDArray[np.float64] = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise self.error(f"{name!r} holds values that are not finite (NaN or infinity)")
        return values


Converter = Callable[[KerasLayer, Builder], str]
"""Adds a layer's nodes to the builder and returns the name of the node that holds the layer's result."""

CONVERTERS: dict[str, Converter] = {}


def converts(*class_names: str) -> Callable[[Converter], Converter]:
    """Register the decorated function as the converter of these Keras class names."""

    def register(function: Converter) -> Converter:
        for class_name in class_names:
            CONVERTERS[class_name] = function
        return function

    return register
