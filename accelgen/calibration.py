"""What the number types chosen for a float network cost: the error of each tensor on calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import real, reference
from accelgen.ir import Network, Unary
from accelgen.passes.precision import Types

MAX_SAMPLES = 500
"""Samples on which errors are measured; the largest error hardly grows beyond."""


@dataclass(frozen=True)
class TensorError:
    """How far a layer's typed result is from its real one: ``low`` to ``high`` is the real one's range."""

    layer: str
    type: str
    low: float
    high: float
    max_abs_error: float
    mean_abs_error: float


def tensor_errors(
    network: Network, exact: Network, types: Types, data: Mapping[str, npt.NDArray[Any]]
) -> tuple[TensorError, ...]:
    """The error of every tensor that ``types`` types, and of every output, in the network's order.

    Args:
        network: before its numbers were put on grids; evaluated in float64.
        exact: after.
        types: the types chosen (`accelgen.passes.pipeline.ChooseTypes.plan`).
        data: inputs by name, (n, *shape), of which `MAX_SAMPLES` are used.
    """
    chosen = [name for name, own in types.items() if "result" in own and name not in data]
    pairs = {name: name if isinstance(network[name], Unary) else f"{name}/result" for name in chosen}
    pairs = {
        name: typed
        for name, typed in pairs.items()
        if typed in exact and exact.shapes[typed] == network.shapes[name]  # not absorbed, not moved
    }
    pairs.update(zip(network.outputs, exact.outputs, strict=True))
    samples = {name: values[:MAX_SAMPLES] for name, values in data.items()}
    wanted = real.evaluate(network, samples, keep=pairs)
    got = reference.evaluate(exact, reference.quantize_inputs(exact, samples), keep=pairs.values())
    order = [node.name for node in network if node.name in pairs]
    found = []
    for name in order:
        error = np.abs(got[pairs[name]].values.reshape(wanted[name].shape) - wanted[name])
        low, high = float(wanted[name].min()) + 0.0, float(wanted[name].max()) + 0.0
        kind = exact.types[pairs[name]]
        found.append(TensorError(name, str(kind), low, high, float(error.max()), float(error.mean())))
    return tuple(found)
