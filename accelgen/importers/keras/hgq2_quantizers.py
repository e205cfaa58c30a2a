"""HGQ2's quantizers: read from a layer's configuration and variables, applied to weights and to nodes.

Semantics are those of hgq2 0.2.0 (hgq/quantizer) and quantizers 1.x (quantizers/fixed_point) at inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.hgq_casts import Casts, casts
from accelgen.importers.keras.layer import KerasLayer, RawArray
from accelgen.ir import Affine
from accelgen.ir.nodes import Array

_SUGAR: dict[str, dict[str, object]] = {
    "QuantizerConfig": {},
    "HardTanhConfig": {"overflow_mode": "SAT"},
    "HardSigmoidConfig": {"overflow_mode": "SAT", "affine": (0.25, 0.5)},
}
"""What each class of configuration fixes, and therefore leaves out of the file (hgq/quantizer/config.py)."""


@dataclass(frozen=True, eq=False)
class Quantizer:
    """``cast(x / scaler) * scaler * slope + offset``; ``only_rounds`` where values never overflow.

    HGQ2 lets weights with overflow mode WRAP keep what does not fit.
    """

    casts: Casts
    scaler: float = 1.0
    slope: float = 1.0
    offset: float = 0.0
    only_rounds: bool = False

    def constants(self, values: Array) -> Array:
        """Weights as the layer computes with them."""
        own = values / self.scaler
        own = self.casts.rounded(own) if self.only_rounds else self.casts.applied(own)
        return own * (self.scaler * self.slope) + self.offset

    def add(self, layer: KerasLayer, builder: Builder, name: str, source: str) -> str:
        """Add the quantizer of node ``source``, the last node called ``name``."""
        if self.scaler != 1:
            scaled = builder.unique(f"{name}/scaled")
            source = builder.add(Affine(scaled, (source,), np.array([1 / self.scaler])))
        scale = self.scaler * self.slope
        if (scale, self.offset) == (1, 0):
            return self.casts.add(layer, builder, name, source)
        code = self.casts.add(layer, builder, builder.unique(f"{name}/cast"), source)
        return builder.add(Affine(name, (code,), np.array([scale]), np.array([self.offset])))


def read_quantizer(layer: KerasLayer, config: object, path: str) -> Quantizer | None:
    """The quantizer with configuration ``config`` and variables at ``path``; None for one that does nothing.

    Raises:
        ModelError: it is malformed or its variables are missing.
        UnsupportedError: it is of a type, or has an option, that is not converted.
    """
    options = _options(layer, config)
    kind = options.get("q_type")
    if kind == "dummy":
        return None
    if kind not in ("kbi", "kif"):
        raise layer.unsupported(f"quantizers of type {kind!r:.40} are not converted; 'kbi' and 'kif' are")
    if options.get("bw_mapper") is not None:
        raise layer.unsupported("a quantizer with a bw_mapper of its own is not converted")
    rounding, overflow = options.get("round_mode"), options.get("overflow_mode")
    if not isinstance(rounding, str) or not isinstance(overflow, str):
        raise layer.error("a quantizer has no round_mode or no overflow_mode")
    # stochastic rounding is plain rounding at inference
    rounding, overflow = rounding.upper().removeprefix("S_"), overflow.upper()
    signed, first, second = _variables(layer, f"{path}/quantizer/vars/".removeprefix("/"))
    if kind == "kbi":
        bits, integer = first, second
    elif overflow == "WRAP":
        bits, integer = first + second, second
    else:
        bits, integer = first + second, first
    own = casts(layer, signed + bits, signed + integer, signed, rounding, overflow)
    wraps_nothing = (
        overflow == "WRAP"
        and options.get("is_weight") is True
        and options.get("trainable", True) is True
        and (kind == "kif" or rounding == "RND")
    )
    slope, offset = _affine(layer, options.get("affine"))
    return Quantizer(own, _scaler(layer, options.get("scaler")), slope, offset, wraps_nothing)


def _options(layer: KerasLayer, config: object) -> Mapping[str, Any]:
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise layer.error("a quantizer has no configuration")
    class_name = config.get("class_name")
    if class_name not in _SUGAR:
        raise layer.unsupported(
            f"quantizers configured by {class_name!r:.60} are not converted; {', '.join(_SUGAR)} are"
        )
    return {**config["config"], **_SUGAR[class_name]}


def _variables(layer: KerasLayer, prefix: str) -> tuple[Array, Array, Array]:
    """Keep-negative flags and the two trainable kinds of bits, rounded as HGQ2 does it (halves to even).

    Keras saves trainable variables first, so their numbers depend on the overflow mode; the flags are told by
    their dtype, uint8, and the decay speed by being a scalar.
    """
    arrays = [array for array in numbered(layer, prefix) if array.ndim > 0]
    flags = [array for array in arrays if array.dtype == np.uint8]
    bits = [array for array in arrays if array.dtype.kind == "f"]
    if len(flags) != 1 or len(bits) != 2:
        raise layer.error(
            f"the weights file holds no quantizer at {prefix!r}; save the model as a .keras file"
        )
    if not all(np.isfinite(array).all() for array in bits):
        raise layer.error("a quantizer's bits are not finite")
    first, second = (np.rint(array).astype(np.float64) for array in bits)
    return flags[0].astype(np.float64), first, second


def numbered(layer: KerasLayer, prefix: str = "vars/") -> list[RawArray]:
    """The variables called ``prefix`` and a number, in the numbers' order."""
    found = {
        int(path.removeprefix(prefix)): array
        for path, array in layer.weights.items()
        if path.startswith(prefix) and path.removeprefix(prefix).isdecimal()
    }
    return [found[number] for number in sorted(found)]


def _scaler(layer: KerasLayer, value: object) -> float:
    if value is None:
        return 1.0
    number = _number(layer, value)
    if np.frexp(abs(number))[0] != 0.5:
        raise layer.unsupported(
            f"a quantizer's scaler {number} is not a power of two, so that its grid has no fixed-point type"
        )
    return number


def _affine(layer: KerasLayer, value: object) -> tuple[float, float]:
    if value is None:
        return 1.0, 0.0
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise layer.error(f"a quantizer's affine is a scale and a shift, not {value!r:.50}")
    slope, offset = (float(np.float32(_number(layer, item))) for item in value)
    return slope, offset


def _number(layer: KerasLayer, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise layer.error(f"a quantizer's scaler and affine are numbers, not {value!r:.50}")
    return float(value)
