"""Builds hls4ml's ModelGraph from lowered layers, every precision explicit."""

from __future__ import annotations

import contextlib
import io
from importlib.util import find_spec
from typing import Any

from hls4ml.model import ModelGraph

from accelgen.backend.entry import NAME, ensure_registered
from accelgen.backend.layers import Lowered
from accelgen.backend.lowering import HlsLayer
from accelgen.backend.precision import precision
from accelgen.design import Strategy
from accelgen.errors import DesignError

_UNSET = "ap_fixed<1,1>"
"""For types that no layer of ours uses; one that is used by mistake fails every test."""

_WITH_STRATEGY = frozenset(("Dense", "Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D"))
"""The classes whose kernel depends on the strategy."""


def build_graph(lowered: Lowered, top: str, output_dir: str = ".") -> ModelGraph:
    """The graph with all code generated, ready to be written.

    Raises:
        DesignError: a layer is to use distributed arithmetic, and da4ml is not installed.
    """
    ensure_registered()
    for layer in lowered.layers:
        if layer.class_name not in _WITH_STRATEGY or layer.design is None:
            continue
        if layer.design.strategy is Strategy.DISTRIBUTED_ARITHMETIC and find_spec("da4ml") is None:
            raise DesignError(
                f"layer {layer.node or layer.name!r}: distributed arithmetic needs the package da4ml; "
                "install it (pip install 'accelgen[da]') or choose another strategy"
            )
    design = lowered.context.design
    config = {
        "Backend": NAME,
        "ProjectName": top,
        "OutputDir": output_dir,
        "IOType": design.io_type.value,
        "Part": design.part,
        "ClockPeriod": design.clock_ns,
        "ClockUncertainty": f"{design.clock_uncertainty_percent:g}%",
        "HLSConfig": {
            "Model": {
                "Precision": {"default": _UNSET},
                "ReuseFactor": 1,
                "Strategy": "latency",
                "PipelineStyle": "dataflow" if any(map(_takes_turns, lowered.layers)) else "auto",
            },
            "LayerName": {layer.name: _layer_config(layer) for layer in lowered.layers},
        },
        "WriterConfig": {"Namespace": None, "WriteWeightsTxt": False, "WriteTar": False},
    }
    attributes = [_attributes(layer, index) for index, layer in enumerate(lowered.layers)]
    with contextlib.redirect_stdout(io.StringIO()):  # remarks on style, which the design has decided
        return ModelGraph.from_layer_list(
            config, attributes, inputs=list(lowered.inputs), outputs=list(lowered.outputs)
        )


def _takes_turns(layer: HlsLayer) -> bool:
    """Whether a packed layer computes one part after another: pipelined as a whole it would be unrolled."""
    return layer.costs is not None and layer.costs.cycles > 1


def _layer_config(layer: HlsLayer) -> dict[str, Any]:
    config: dict[str, Any] = {"Precision": {name: precision(kind) for name, kind in layer.types.items()}}
    if layer.design is not None:
        config["ReuseFactor"] = layer.design.reuse_factor
        if layer.class_name in _WITH_STRATEGY:
            config["Strategy"] = layer.design.strategy.value
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
