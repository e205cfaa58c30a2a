"""Batch normalization and the other layers that are one multiplication and one addition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer, converts
from accelgen.ir import Affine

Array = npt.NDArray[np.float64]


def batch_norm_scale_bias(
    gamma: Array | None, beta: Array | None, mean: Array, variance: Array, epsilon: float
) -> tuple[Array, Array]:
    """Batch normalization at inference as ``x * scale + bias``, in float64; all arrays are (channels,).

    scale = gamma / sqrt(variance + epsilon), bias = beta - mean * scale; gamma is 1 and beta 0 where None.
    """
    scale = (1.0 if gamma is None else gamma) / np.sqrt(variance + epsilon)
    return scale, (0.0 if beta is None else beta) - mean * scale


@dataclass(frozen=True, eq=False)
class BatchNormVariables:
    """The variables of a batch normalization, (channels,) each; gamma or beta None where not used."""

    gamma: Array | None
    beta: Array | None
    mean: Array
    variance: Array
    epsilon: float


def batch_norm_variables(layer: KerasLayer, channels: int, prefix: str = "") -> BatchNormVariables:
    """The variables of a layer that holds a batch normalization over ``channels``.

    ``prefix`` is where they lie inside the layer's group, such as "batch_normalization/".

    Raises:
        ModelError: a variable is missing or has another shape, or a variance is not positive.
    """
    names = [name for name, used in (("gamma", "scale"), ("beta", "center")) if layer.flag(used, True)]
    names += ["moving_mean", "moving_variance"]
    values = {}
    for position, name in enumerate(names):
        path = prefix + name
        numbered = f"{prefix}vars/{position}"
        values[name] = layer.weight(
            numbered if path not in layer.weights and prefix else path, position, (channels,)
        )
    epsilon = layer.number("epsilon", 1e-3)
    if (values["moving_variance"] + epsilon <= 0).any():
        raise layer.error("moving_variance + epsilon is not positive")
    return BatchNormVariables(
        values.get("gamma"), values.get("beta"), values["moving_mean"], values["moving_variance"], epsilon
    )


@converts("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization")
def _batch_normalization(layer: KerasLayer, builder: Builder) -> str:
    source = layer.only_input
    shape = builder.shapes[source]
    axis = layer.axis("axis", len(shape))
    own = batch_norm_variables(layer, shape[axis])
    scale, bias = batch_norm_scale_bias(own.gamma, own.beta, own.mean, own.variance, own.epsilon)
    along = (-1, *(1,) * (len(shape) - 1 - axis))
    return builder.add(Affine(layer.name, (source,), scale.reshape(along), bias.reshape(along)))


@converts("Rescaling")
def _rescaling(layer: KerasLayer, builder: Builder) -> str:
    scale, offset = (
        np.asarray(layer.config.get(key, default), np.float64)
        for key, default in (("scale", 1.0), ("offset", 0.0))
    )
    return builder.add(Affine(layer.name, (layer.only_input,), scale, offset))


@converts("Normalization")
def _normalization(layer: KerasLayer, builder: Builder) -> str:
    """(x - mean) / max(sqrt(variance), 1e-7), or its inverse (keras 3.15, Normalization.call)."""
    source = layer.only_input
    shape = builder.shapes[source]
    axes = layer.config.get("axis", -1)
    kept = [axes] if isinstance(axes, int) else list(axes or ())
    kept = sorted({axis - 1 if axis > 0 else axis + len(shape) for axis in kept})
    along = [shape[axis] if axis in kept else 1 for axis in range(len(shape))]
    if layer.config.get("mean") is None:
        mean, variance = layer.weight("mean", 0), layer.weight("variance", 1)
    else:
        mean, variance = (np.asarray(layer.config[key], np.float64) for key in ("mean", "variance"))
    mean, variance = (
        np.broadcast_to(values, [shape[axis] for axis in kept]).reshape(along) for values in (mean, variance)
    )
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    if layer.flag("invert", False):
        return builder.add(Affine(layer.name, (source,), deviation, mean))
    return builder.add(Affine(layer.name, (source,), 1 / deviation, -mean / deviation))
