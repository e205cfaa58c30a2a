"""Sums, averages and maxima over any axes of a tensor, as pooling with a window over all of these axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer
from accelgen.ir import Pool, PoolKind, Reshape, Transpose


def axes_of(layer: KerasLayer, key: str, rank: int) -> list[int]:
    """The option ``key``, one or several distinct axes of ``rank``, counted without batch from 0."""
    value = layer.config.get(key)
    values = value if isinstance(value, (list, tuple)) else [value]
    axes = [replace(layer, config={key: item}).axis(key, rank) for item in values]
    if not axes or len(set(axes)) != len(axes):
        raise layer.error(f"{key} {value!r:.50} are not distinct")
    return axes


def reduce_axes(
    builder: Builder, name: str, source: str, kind: PoolKind, axes: Sequence[int], keepdims: bool
) -> str:
    """Add the sum, average or maximum of ``source`` over ``axes`` (from 0, without batch) as node ``name``.

    The axes lie between those before the first and those after the last of them, as one window does between
    positions and channels; axes that are not neighbours are transposed there.
    """
    shape = builder.shapes[source]
    axes = sorted(axes)
    outer = list(range(axes[0]))
    inner = [axis for axis in range(axes[0], len(shape)) if axis not in axes]
    order = (*outer, *axes, *inner)
    if order != tuple(range(len(shape))):
        source = builder.add(Transpose(builder.unique(f"{name}/ordered"), (source,), order))
    positions, window, channels = (prod(shape[axis] for axis in part) for part in (outer, axes, inner))
    grouped, size = (
        ((window, channels), (window,)) if positions == 1 else ((positions, window, channels), (1, window))
    )
    if builder.shapes[source] != grouped:
        source = builder.add(Reshape(builder.unique(f"{name}/grouped"), (source,), grouped))
    rank = len(size)
    pooled = builder.add(
        Pool(builder.unique(f"{name}/pooled"), (source,), kind, size, (1,) * rank, ((0, 0),) * rank)
    )
    kept = [1 if axis in axes else length for axis, length in enumerate(shape)]
    result = tuple(kept) if keepdims else tuple(shape[axis] for axis in (*outer, *inner))
    return builder.add(Reshape(name, (pooled,), result or (1,)))
