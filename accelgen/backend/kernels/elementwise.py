"""What element-wise kernels share: constants that repeat, and the loop over elements (accelgen_map.h)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.backend.kernels.config import constants, table
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer
from accelgen.ir import FixedType, Node
from accelgen.ir.nodes import Shape

Constants = npt.NDArray[Any]


@dataclass(frozen=True)
class Period:
    """After how many elements of ``shape`` a layer's constants repeat: 1, the channels, or all."""

    shape: Shape
    length: int

    @classmethod
    def of(cls, shape: Shape, *arrays: Constants) -> Period:
        """The shortest period of arrays that broadcast to ``shape``."""
        if all(array.size == 1 for array in arrays):
            return cls(shape, 1)
        per_channel = all(prod(array.shape[:-1]) == 1 for array in arrays)
        return cls(shape, shape[-1] if per_channel else prod(shape))

    def spread(self, array: Constants) -> Constants:
        """One constant for each element of a period, flat."""
        if self.length == 1:
            return array.reshape(1)
        if self.length == self.shape[-1]:
            return np.broadcast_to(array.reshape(array.shape[-1:]), self.length)
        return np.broadcast_to(array, self.shape).ravel()

    def table(self, name: str, codes: Constants, context: Context) -> str:
        """A table of such constants that all elements computed at once can read."""
        by_position = context.stream and self.length > self.shape[-1]
        partition = f"cyclic factor={self.shape[-1]}" if by_position else "complete"
        return table(name, self.spread(codes).tolist(), partition)


def sharing(node: Node, context: Context, products: int) -> dict[str, int]:
    """The reuse factor of a node, and how many multipliers that leaves for ``products`` computed at once."""
    reuse = context.choice(node).reuse_factor
    return {"reuse_factor": reuse, "multiplier_limit": -(-products // reuse)}


def elementwise(
    node: Node,
    context: Context,
    header: str,
    operation: str,
    members: str,
    *,
    period: Period | None = None,
    multiplies: bool = False,
    step: str | None = None,
    inputs: tuple[str, ...] | None = None,
    result: FixedType | None = None,
) -> HlsLayer:
    """The layer that applies ``accelgen::operation`` to every element of the node's input.

    ``step`` names a layer on the way to the node's result; ``result`` is its type. ``period`` is None for an
    operation without constants. Only one that ``multiplies`` has multipliers to reuse, and takes longer then.
    """
    shape = context.shape(node.name)
    sizes = {"n_elem": prod(shape), "period": 1 if period is None else period.length}
    at_once = shape[-1] if context.stream else prod(shape)
    sizes |= sharing(node, context, at_once) if multiplies else {"reuse_factor": 1, "multiplier_limit": 1}
    layer = context.layer(
        "AccelgenKernel",
        node,
        {} if result is None else {"result": result},
        inputs,
        **call(
            header,
            "map",
            shape,
            constants(**sizes) + members,
            operation=operation,
            multiplications=prod(shape) if multiplies else 0,
        ),
    )
    return layer if step is None else layer.as_step(context.step_name(node, step))
