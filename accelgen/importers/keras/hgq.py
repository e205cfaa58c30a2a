"""HGQ's proxy models: Keras layers with quantizers of per-element types between them.

Semantics are those of HGQ 0.2.6 (HGQ/proxy/fixed_point_quantizer.py and unary_lut.py). A proxy model's
weights lie on their grids already.
"""

from __future__ import annotations

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.hgq_casts import casts
from accelgen.importers.keras.layer import KerasLayer, converts
from accelgen.ir import FixedType, Lookup, Overflow, Quantize, Rounding

MAX_TABLE_BITS = 24
"""The widest index of a lookup table; HGQ itself makes none above 16 bits."""


@converts("FixedPointQuantizer")
def _fixed_point_quantizer(layer: KerasLayer, builder: Builder) -> str:
    signed, width, integer = (
        layer.weight(name, position) for position, name in enumerate(("keep_negative", "bits", "integers"))
    )
    if (width < 0).any():
        raise layer.error("it has a negative number of bits")
    modes = (layer.text("RND", "TRN"), layer.text("SAT", "WRAP"))
    own = casts(layer, width, integer, signed, *modes)
    return own.add(layer, builder, layer.name, layer.only_input)


@converts("UnaryLUT")
def _unary_lut(layer: KerasLayer, builder: Builder) -> str:
    """``table[round(x * 2**f) mod 2**(k + i + f)]`` for the input's ``kif_in`` = (k, i, f)."""
    value = layer.config.get("kif_in")
    if (
        not isinstance(value, (list, tuple))
        or len(value) != 3
        or not all(isinstance(bits, (int, float)) and float(bits).is_integer() for bits in value)
        or value[0] not in (0, 1)
        or not 1 <= sum(value) <= MAX_TABLE_BITS
    ):
        raise layer.error(f"kif_in is (sign, integer bits, fraction bits), not {value!r:.50}")
    signed, integer, fraction = map(int, value)
    width = signed + integer + fraction
    if abs(integer) > 2 * MAX_TABLE_BITS:
        raise layer.error(f"kif_in {value!r:.50} is out of range")
    index = FixedType(width, signed + integer, bool(signed), Rounding.RND_CONV, Overflow.WRAP)
    table = layer.weight("table", 0, (1 << width,))
    rounded = builder.add(Quantize(builder.unique(f"{layer.name}/index"), (layer.only_input,), index))
    return builder.add(Lookup(layer.name, (rounded,), index.storage(), np.ascontiguousarray(table)))
