"""The plain functions that qkeras defines beside its quantizers, where a layer of its own names them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.importers.keras.activations import ActivationConverter, Use, activates
from accelgen.ir import Affine, Clip, Threshold

_OVERRIDES = {"hard_sigmoid": "qkeras>hard_sigmoid"}
"""qkeras' layers find these names among its own functions first, and its own are different from Keras'."""


def as_qkeras(value: object) -> object:
    """The activation of a qkeras layer's configuration, so that qkeras' own functions are found."""
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        value = value.get("config")
    return _OVERRIDES.get(value, value) if isinstance(value, str) else value


def _line(slope: float, offset: float, low: float) -> ActivationConverter:
    def convert(use: Use) -> str:
        name = use.builder.unique(f"{use.name}/line")
        line = use.builder.add(Affine(name, (use.source,), np.array([slope]), np.array([offset])))
        return use.builder.add(Clip(use.name, (line,), low, 1.0))

    return convert


activates("qkeras>hard_sigmoid")(_line(0.5, 0.5, 0.0))
activates("smooth_sigmoid")(_line(0.1875, 0.5, 0.0))
activates("smooth_tanh")(_line(0.375, 0.0, -1.0))


@activates("binary_sigmoid")
def _binary_sigmoid(use: Use) -> str:
    """round(clip(x / 2 + 1 / 2, 0, 1)); halves round to even, so 0 gives 0."""
    return use.builder.add(
        Threshold(use.name, (use.source,), np.zeros(1), np.array([0.0, 1.0]), inclusive=False)
    )
