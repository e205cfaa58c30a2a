"""What an ONNX tensor is during import: a node of the network seen through a layout, or a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accelgen.importers.onnx.reader import RawArray
from accelgen.ir.constants import is_power_of_two
from accelgen.ir.nodes import Array


@dataclass(frozen=True)
class Tensor:
    """A computed tensor: ``shape`` as ONNX sees it, batch included and taken as 1.

    The node's own axis ``i`` is ONNX axis ``axes[i]``; ONNX axes that the node does not have are of size 1
    (the batch, above all). So a transpose in the file costs no node until something needs its order.
    """

    node: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The node's own shape."""
        return tuple(self.shape[axis] for axis in self.axes)

    def transposed(self, permutation: tuple[int, ...]) -> Tensor:
        """The tensor whose axis ``i`` is this one's axis ``permutation[i]``."""
        shape = tuple(self.shape[axis] for axis in permutation)
        return Tensor(self.node, shape, tuple(permutation.index(axis) for axis in self.axes))


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant ``codes * scale``: quantized weights keep their grid apart from their real scale.

    ``scale`` broadcasts to the codes and is None where there is none.
    """

    codes: RawArray
    scale: Array | None = None

    @property
    def values(self) -> RawArray:
        """The numbers themselves: float64, or integers as they are."""
        return self.codes if self.scale is None else self.codes * self.scale

    @property
    def reals(self) -> Array:
        """The numbers as float64."""
        return np.asarray(self.values, np.float64)

    def transposed(self, permutation: tuple[int, ...]) -> Constant:
        """The constant with its axes reordered."""
        scale = self.scale
        if scale is not None and scale.size > 1:
            scale = scale.reshape((1,) * (self.codes.ndim - scale.ndim) + scale.shape).transpose(permutation)
        return replace(self, codes=self.codes.transpose(permutation), scale=scale)

    def reshaped(self, shape: tuple[int, ...]) -> Constant:
        """The constant under another shape; a scale of one value stays apart."""
        if self.scale is None or self.scale.size == 1:
            scale = None if self.scale is None else self.scale.reshape(())
            return replace(self, codes=self.codes.reshape(shape), scale=scale)
        return Constant(self.values.reshape(shape))

    def scale_along(self, axis: int) -> tuple[Array, Array | None]:
        """The constant as an array times a scale that varies along ``axis`` alone, (size,) or (1,).

        Where its scale is a power of two or varies otherwise, all is in the array and the scale is None.
        """
        codes = np.asarray(self.codes, np.float64)
        if self.scale is None:
            return codes, None
        scale = self.scale.reshape((1,) * (codes.ndim - self.scale.ndim) + self.scale.shape)
        if is_power_of_two(scale) or scale.size not in (1, scale.shape[axis]):
            return codes * scale, None
        return codes, scale.reshape(-1)


Value = Tensor | Constant
