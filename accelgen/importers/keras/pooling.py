"""Pooling layers, over windows and over the whole input."""

from __future__ import annotations

from accelgen.importers.builder import Builder
from accelgen.importers.keras.geometry import channels_last_input, pool_window, restore_layout
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.ir import Pool, PoolKind, Reshape


def _windowed(kind: PoolKind, rank: int) -> Converter:
    """Padded positions count neither as maximum nor in the average (tf.nn.pool, TensorFlow 2.21)."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        window = pool_window(layer, builder.shapes[source])
        result = builder.add(Pool(layer.name, (source,), kind, window.size, window.strides, window.padding))
        return restore_layout(layer, builder, result)

    return convert


def _global(kind: PoolKind, rank: int) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        shape = builder.shapes[source]
        result = builder.add(Pool(layer.name, (source,), kind, shape[:-1], (1,) * rank, ((0, 0),) * rank))
        if layer.flag("keepdims", False):
            return restore_layout(layer, builder, result)
        return builder.add(Reshape(builder.unique(f"{layer.name}/flat"), (result,), shape[-1:]))

    return convert


for _name, _kind in (("Max", PoolKind.MAX), ("Average", PoolKind.AVERAGE)):
    for _rank in (1, 2):
        converts(f"{_name}Pooling{_rank}D")(_windowed(_kind, _rank))
        converts(f"Global{_name}Pooling{_rank}D")(_global(_kind, _rank))
