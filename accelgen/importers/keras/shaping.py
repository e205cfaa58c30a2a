"""Layers that move, repeat, add or drop elements without computing anything."""

from __future__ import annotations

from math import prod

from accelgen.importers.builder import Builder
from accelgen.importers.keras.geometry import channels_first, channels_last_input, restore_layout
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.ir import Pad, Reshape, Transpose, UpSample
from accelgen.ir.nodes import Pads


@converts("Flatten")
def _flatten(layer: KerasLayer, builder: Builder) -> str:
    """Keras flattens a channels-first input in channels-last order (keras 3.15, Flatten.call)."""
    source = layer.only_input
    shape = builder.shapes[source]
    if channels_first(layer) and len(shape) > 1:
        source = channels_last_input(layer, builder, len(shape) - 1)
    return builder.add(Reshape(layer.name, (source,), (prod(shape),)))


@converts("Reshape")
def _reshape(layer: KerasLayer, builder: Builder) -> str:
    source = layer.only_input
    target = layer.config.get("target_shape")
    if not isinstance(target, (list, tuple)) or not all(
        isinstance(size, int) and not isinstance(size, bool) and (size > 0 or size == -1) for size in target
    ):
        raise layer.error(f"target_shape {target!r:.60} is no list of sizes")
    sizes = list(target)
    if sizes.count(-1) > 1:
        raise layer.error(f"target_shape {target!r:.60} leaves more than one size open")
    if -1 in sizes:
        sizes[sizes.index(-1)] = prod(builder.shapes[source]) // prod(size for size in sizes if size > 0)
    return builder.add(Reshape(layer.name, (source,), tuple(sizes)))


@converts("Permute")
def _permute(layer: KerasLayer, builder: Builder) -> str:
    source = layer.only_input
    permutation = layer.sizes("dims", len(builder.shapes[source]))
    return builder.add(Transpose(layer.name, (source,), tuple(axis - 1 for axis in permutation)))


def _border(layer: KerasLayer, key: str, rank: int) -> Pads:
    """(before, after) of each spatial axis, from a number, one number per axis, or one pair per axis."""
    value = layer.config.get(key, 1)
    if isinstance(value, int):
        value = [value] * rank
    if rank == 1 and isinstance(value, (list, tuple)) and len(value) == 2:
        value = [value]
    pairs = [
        tuple(item) if isinstance(item, (list, tuple)) else (item, item)
        for item in (value if isinstance(value, (list, tuple)) else ())
    ]
    if len(pairs) != rank or not all(
        len(pair) == 2 and all(isinstance(size, int) and size >= 0 for size in pair) for pair in pairs
    ):
        raise layer.error(f"{key} {value!r:.60} is no (before, after) for {rank} axes")
    return tuple((before, after) for before, after in pairs)


def _pad(rank: int, key: str, sign: int) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        border = _border(layer, key, rank)
        padding = (*((sign * before, sign * after) for before, after in border), (0, 0))
        return restore_layout(layer, builder, builder.add(Pad(layer.name, (source,), padding)))

    return convert


def _upsample(rank: int) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        method = layer.text("interpolation", "nearest")
        if method != "nearest":
            raise layer.unsupported(f"interpolation {method!r:.40} is not supported; 'nearest' is")
        source = channels_last_input(layer, builder, rank)
        factors = layer.sizes("size", rank, 2)
        return restore_layout(layer, builder, builder.add(UpSample(layer.name, (source,), factors)))

    return convert


for _rank in (1, 2):
    converts(f"ZeroPadding{_rank}D")(_pad(_rank, "padding", 1))
    converts(f"Cropping{_rank}D")(_pad(_rank, "cropping", -1))
    converts(f"UpSampling{_rank}D")(_upsample(_rank))
