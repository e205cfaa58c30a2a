"""Builds hls4ml's ModelGraph from lowered layers, every precision explicit."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from hls4ml.model import ModelGraph
from hls4ml.model.types import FixedPrecisionType, RoundingMode, SaturationMode

from accelgen.backend import plugin
from accelgen.backend.lowering import HlsLayer, Lowered
from accelgen.ir import FixedType

_UNSET = "ap_fixed<1,1>"
"""For types that no layer of ours uses; one that is used by mistake fails every test."""


def precision(kind: FixedType) -> FixedPrecisionType:
    """hls4ml's form of a type; a new object each time, since hls4ml changes its class later."""
    return FixedPrecisionType(
        kind.width,
        kind.integer,
        kind.signed,
        RoundingMode[kind.rounding.name],
        SaturationMode[kind.overflow.name],
        0,
    )


def build_graph(lowered: Lowered, top: str, output_dir: str = ".") -> ModelGraph:
    """The graph with all code generated, ready to be written."""
    plugin.ensure_registered()
    design = lowered.context.design
    config = {
        "Backend": plugin.NAME,
        "ProjectName": top,
        "OutputDir": output_dir,
        "IOType": design.io_type.value,
        "Part": design.part,
        "ClockPeriod": design.clock_ns,
        "ClockUncertainty": f"{design.clock_uncertainty_percent:g}%",
        "HLSConfig": {
            "Model": {"Precision": {"default": _UNSET}, "ReuseFactor": 1, "Strategy": "latency"},
            "LayerName": {layer.name: _layer_config(layer) for layer in lowered.layers},
        },
        "WriterConfig": {"Namespace": None, "WriteWeightsTxt": False, "WriteTar": False},
    }
    attributes = [_attributes(layer, index) for index, layer in enumerate(lowered.layers)]
    with contextlib.redirect_stdout(io.StringIO()):  # remarks on style, which the design has decided
        return ModelGraph.from_layer_list(
            config, attributes, inputs=list(lowered.inputs), outputs=list(lowered.outputs)
        )


def _layer_config(layer: HlsLayer) -> dict[str, Any]:
    config: dict[str, Any] = {"Precision": {name: precision(kind) for name, kind in layer.types.items()}}
    if layer.design is not None:
        config["Strategy"] = layer.design.strategy.value
        config["ReuseFactor"] = layer.design.reuse_factor
        config["ParallelizationFactor"] = layer.design.parallelization_factor
    return config


def _attributes(layer: HlsLayer, index: int) -> dict[str, Any]:
    return {
        "class_name": layer.class_name,
        "name": layer.name,
        "inputs": list(layer.inputs),
        "outputs": [layer.name],
        **layer.attributes,
        "accelgen_trace": index,
    }
