"""HGQ2's softmax: an exponential and a reciprocal between quantizers, a sum and a product."""

from __future__ import annotations

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.graph import HGQ
from accelgen.importers.keras.hgq2 import add_quantizer, quantized_inputs, quantized_result
from accelgen.importers.keras.layer import KerasLayer, converts
from accelgen.importers.keras.reductions import axes_of, reduce_axes
from accelgen.ir import Merge, MergeKind, PoolKind, Unary

_EPSILON = float(np.float32(1e-7))
"""keras.config.epsilon(), which keeps the reciprocal finite."""


@converts(HGQ + "QSoftmax")
def _softmax(layer: KerasLayer, builder: Builder) -> str:
    """``e * inverse(sum(e))`` with ``e = exp_table(max(x) - x)``, or ``exp_table(x)`` where not ``stable``.

    ``exp_table(d)`` is exp(-d * input_scaler) (exp(d * input_scaler)) and ``inverse(s)`` is 1 / (s + 1e-7),
    each with its argument and its result quantized (hgq2 0.2.0, hgq/layers/softmax.py).
    """
    (source,) = quantized_inputs(layer, builder)
    axes = axes_of(layer, "axes", len(builder.shapes[source]))
    scale = float(np.float32(layer.number("input_scaler", 1.0)))
    stable = layer.flag("stable", True)
    if stable:
        maximum = reduce_axes(builder, builder.unique(f"{layer.name}/max"), source, PoolKind.MAX, axes, True)
        distance = builder.unique(f"{layer.name}/distance")
        source = builder.add(Merge(distance, (maximum, source), MergeKind.SUBTRACT))
    power = _table(layer, builder, source, "exp", (-scale if stable else scale,), with_input=stable)
    total = reduce_axes(builder, builder.unique(f"{layer.name}/sum"), power, PoolKind.SUM, axes, True)
    inverse = _table(layer, builder, total, "inv", (_EPSILON,))
    result = builder.add(Merge(layer.name, (power, inverse), MergeKind.MULTIPLY))
    return quantized_result(layer, builder, result)


_FUNCTIONS = {"exp": "exp_scaled", "inv": "reciprocal_shifted"}


def _table(
    layer: KerasLayer,
    builder: Builder,
    source: str,
    table: str,
    parameters: tuple[float, ...],
    with_input: bool = True,
) -> str:
    """Add the function of the layer's ``<table>_table`` between its quantizers."""
    path = f"{table}_table"
    if with_input:
        source = add_quantizer(layer, builder, layer.config.get(f"{table}_iq_conf"), f"{path}/iq", source)
    name = builder.unique(f"{layer.name}/{table}")
    function = builder.add(Unary(name, (source,), _FUNCTIONS[table], parameters))
    return add_quantizer(layer, builder, layer.config.get(f"{table}_oq_conf"), f"{path}/oq", function)
