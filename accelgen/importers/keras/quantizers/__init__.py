"""QKeras' quantizers: how a file writes them, what they make of weights, and their nodes as activations.

Semantics are those of qkeras-v3 1.2.1 (quantizers.py) at inference; QKeras 0.9 gives the same values, with
fewer options. Weights are quantized in float32, as the framework does it.
"""

from accelgen.importers.keras.quantizers import functions, linear, po2, rectified, signs, squashing
from accelgen.importers.keras.quantizers.base import (
    QUANTIZERS,
    QuantizedWeights,
    Quantizer,
    parse_quantizer,
    quantize_weights,
)

__all__ = [
    "QUANTIZERS",
    "QuantizedWeights",
    "Quantizer",
    "functions",
    "linear",
    "parse_quantizer",
    "po2",
    "quantize_weights",
    "rectified",
    "signs",
    "squashing",
]
