"""One layer of a Keras model file as read, and the registry of functions that convert layers to nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import Builder

RawArray = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """A layer's configuration, weights and inputs.

    ``inputs`` names the nodes already in the builder that feed the layer. ``weights`` maps each variable's path inside the layer's group to
    its array, in the file's order: "kernel", "bias" in weight H5 files (":0" and the layer's own scopes
    removed), "vars/0", "vars/1", "_kq/vars/0" ... in a .keras archive.
    """

    class_name: str
    name: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    weights: Mapping[str, RawArray]
    source: str

    def error(self, cause: str) -> ModelError:
        """A malformed layer."""
        return ModelError(f"{self.source}: layer {self.name!r} ({self.class_name}): {cause}")

    def unsupported(self, what: str) -> UnsupportedError:
        """A layer or option that is not converted; ``what`` says which and what is supported instead."""
        return UnsupportedError(f"{self.source}: layer {self.name!r} ({self.class_name}): {what}")

    def weight(self, name: str, position: int) -> npt.NDArray[np.float64]:
        """The variable called ``name``, or the ``position``-th where the file only numbers them, as float64.

        Raises:
            ModelError: there is none, or it is not numeric or not finite.
        """
        array = self.weights.get(name, self.weights.get(f"vars/{position}"))
        if array is None:
            raise self.error(f"the weights file holds no {name!r} for it")
        if array.dtype.kind not in "fiub":
            raise self.error(f"{name!r} is not numeric ({array.dtype})")
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
