"""The registry of own kernels, which the backend hands to hls4ml when it is created."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer, layer_map, register_layer

MODULES: tuple[str, ...] = (
    "dot",
    "einsum_dense",
    "embedding",
    "gather",
    "lookup",
    "merge",
    "recurrent",
    "pooling",
    "quantize_array",
    "relu",
    "softmax",
    "threshold",
)
"""The modules of this package that hold kernels."""


@dataclass(frozen=True)
class Kernel:
    """An hls4ml layer class with its templates.

    The function template's ``include_header`` names what the generated code includes.
    """

    layer: type[Layer]
    config: type[LayerConfigTemplate]
    function: type[FunctionCallTemplate]


KERNELS: list[Kernel] = []


def kernel(entry: Kernel) -> None:
    """Register a kernel; its layer class must have a name that hls4ml does not use."""
    name = entry.layer.__name__
    if name in layer_map:
        raise ValueError(f"hls4ml already has a layer class {name}")
    register_layer(name, entry.layer)
    KERNELS.append(entry)


def load_kernels() -> list[Kernel]:
    """Import every kernel module and give all kernels."""
    for module in MODULES:
        import_module(f"accelgen.backend.kernels.{module}")
    return KERNELS
