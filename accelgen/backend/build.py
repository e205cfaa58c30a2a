"""Writes a project: an exact network, a design and golden vectors become a Vitis HLS project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from accelgen import __version__
from accelgen.backend.codes import as_text, to_words, words_per_value
from accelgen.backend.graph import build_graph
from accelgen.backend.kernels.registry import load_kernels
from accelgen.backend.layers import Lowered, lower
from accelgen.backend.lowering import Context, HlsLayer
from accelgen.backend.naming import safe_name
from accelgen.backend.packed import PackedTensor
from accelgen.backend.project import (
    BuildReport,
    LayerReport,
    Port,
    WordsReport,
    is_replaceable,
)
from accelgen.backend.streams import plan_fifos
from accelgen.backend.writer import firmware
from accelgen.design import Design, IoType, Strategy
from accelgen.design.packed_choice import GENERAL, PACKED
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, PrecisionError, UsageError
from accelgen.flows.board import Signal, board_files, find_target
from accelgen.flows.files import flow_files
from accelgen.ir import FixedType, Network
from accelgen.ir.fixed import FixedArray
from accelgen.ir.serialize import to_bytes
from accelgen.project_files import DESIGN, NETWORK, REPORT
from accelgen.replacing import replacing, write_files
from accelgen.templates import fill

MAX_GOLDEN_SAMPLES = 1000
"""Samples that go into tb_data; the testbench needs to notice a mistake, not to measure accuracy."""


def write_project(
    network: Network,
    design: Design,
    directory: Path,
    *,
    sources: Mapping[str, str],
    golden_inputs: Mapping[str, FixedArray],
    golden_outputs: Mapping[str, FixedArray],
    calibration: Sequence[Mapping[str, Any]] = (),
) -> BuildReport:
    """Write the project of an exact, typed network into ``directory``, and say what was built.

    ``sources`` maps the names of the files that the network came from to their SHA-256. The golden arrays
    (n, *shape) hold the codes of every input and output for the same samples. The same arguments give the
    same bytes. ``calibration`` is what chosen types cost, for the report.

    Raises:
        UnsupportedError: a node that no kernel computes.
        DesignError: a choice that the network cannot have.
        PrecisionError: the network has no types yet.
        UsageError: ``directory`` holds something else, or a golden array is missing.
    """
    if any(node.name not in network.types for node in network):
        raise PrecisionError("the network has no types yet; run accelgen.passes.infer_types first")
    load_kernels()
    legal, adjustments = legalize(network, design)
    lowered = lower(network, legal)
    top = safe_name(network.name) + "_top"
    graph = build_graph(lowered, top)
    fifos, fifo_notes = plan_fifos(lowered, graph) if lowered.context.stream else ((), ())
    inputs = tuple(_port(network, node.name) for node in network.inputs)
    outputs = tuple(_port(network, name) for name in network.outputs)
    board, board_notes = _board(network, legal, graph, top)
    samples = {name: len(array.codes) for name, array in {**golden_inputs, **golden_outputs}.items()}
    if len(set(samples.values())) > 1:
        raise UsageError(f"golden vectors for different numbers of samples: {samples}")
    report = BuildReport(
        network=network.name,
        top=top,
        inputs=inputs,
        outputs=outputs,
        layers=tuple(_layer_report(layer, lowered.context, graph) for layer in lowered.layers),
        adjustments=tuple({**vars(adjustment)} for adjustment in adjustments),
        notes=(*network.notes, *fifo_notes, *board_notes),
        sources=dict(sources),
        versions={"accelgen": __version__, "hls4ml": version("hls4ml")},
        calibration=tuple(calibration),
        fifos=tuple(asdict(fifo) for fifo in fifos),
        golden_samples=min([MAX_GOLDEN_SAMPLES, *samples.values()]),
    )
    files = {
        **firmware(graph),
        **_simulation(lowered, report, graph),
        **board,
        "tb_data/inputs.txt": _vectors(inputs, golden_inputs).encode(),
        "tb_data/outputs.txt": _vectors(outputs, golden_outputs).encode(),
        DESIGN: _decided(legal, lowered).to_yaml().encode(),
        REPORT: report.to_json().encode(),
        NETWORK: to_bytes(network),
    }
    with replacing(directory, is_replaceable, "accelgen project") as temporary:
        write_files(temporary, files)
    return report


def _board(
    network: Network, design: Design, graph: Any, top: str
) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
    """The files for the design's board, none for a part alone; and why there are none for a board."""

    def signal(name: str, kind: FixedType, variable: Any) -> Signal:
        stream = design.io_type is IoType.STREAM
        return Signal(name, network.shapes[name], kind, variable.type.name, stream)

    try:
        target = find_target(design)
        if target is None:
            return {}, ()
        inputs = [
            signal(node.name, node.type or network.types[node.name], variable)
            for node, variable in zip(network.inputs, graph.get_input_variables(), strict=True)
        ]
        outputs = [
            signal(name, network.types[name].storage(), variable)
            for name, variable in zip(network.outputs, graph.get_output_variables(), strict=True)
        ]
        return board_files(network.name, top, target, inputs, outputs), ()
    except DesignError as error:
        return {}, (str(error),)


def _port(network: Network, name: str) -> Port:
    return Port(name, network.shapes[name], network.types[name].storage())


def _vectors(ports: tuple[Port, ...], golden: Mapping[str, FixedArray]) -> str:
    for port in ports:
        if port.name not in golden:
            raise UsageError(f"no golden vectors for {port.name!r}")
    return as_text(
        [
            to_words(golden[port.name].at(port.type.fraction).codes[:MAX_GOLDEN_SAMPLES], port.type)
            for port in ports
        ]
    )


def _layer_report(layer: HlsLayer, context: Context, graph: Any) -> LayerReport:
    """What is told of a layer."""
    variable = graph.graph[layer.name].get_output_variable()
    weight = layer.attributes.get("weight_data", layer.attributes.get("depthwise_data"))
    products, nonzero = layer.attributes.get("multiplications", (0, 0))
    if weight is not None:
        positions = variable.size() // layer.attributes.get("n_filt", weight.shape[-1])
        products, nonzero = weight.size * positions, int(np.count_nonzero(weight)) * positions
    scale = layer.attributes.get("scale_data")
    if scale is not None:
        positions = variable.size() // scale.size
        products, nonzero = variable.size(), int(np.count_nonzero(scale)) * positions
    return LayerReport(
        layer=next((name for name, safe in context.names.items() if safe == layer.name), layer.name),
        hls_name=layer.name,
        kernel=layer.attributes.get("kernel", layer.class_name),
        node=layer.node,
        shape=tuple(variable.shape) if layer.node is None else context.shape(layer.node),
        types={name: str(kind) for name, kind in sorted(layer.types.items())},
        multiplications=products,
        nonzero=nonzero,
        **_choices_report(layer, products > 0),
        words=None if layer.words is None else _words_report(layer.words),
        costs=None if layer.costs is None else asdict(layer.costs),
    )


def _choices_report(layer: HlsLayer, multiplies: bool) -> dict[str, Any]:
    """The design's choices that the layer's kernel heeds."""
    design = layer.design
    if design is None or not (multiplies or layer.costs is not None):
        return {}
    strategy = design.strategy if layer.costs is not None else GENERAL.get(design.strategy, design.strategy)
    choices: dict[str, Any] = {"strategy": strategy.value, "reuse_factor": design.reuse_factor}
    if strategy is Strategy.PACKED_FOLDED:
        choices |= {"pe": design.pe, "simd": design.simd}
    if strategy in PACKED:
        choices["row_sharing"] = design.row_sharing.value
    return choices


def _words_report(tensor: PackedTensor) -> WordsReport:
    levels = tensor.levels
    return WordsReport(
        levels.bits, tensor.channels, tensor.lanes, tensor.words, levels.first, levels.step, levels.fraction
    )


def _decided(design: Design, lowered: Lowered) -> Design:
    """The design with what lowering decided: how rows are shared."""
    names = {safe: name for name, safe in lowered.context.names.items()}
    decided = {
        names[layer.name]: layer.design
        for layer in lowered.layers
        if layer.design is not None and layer.costs is not None
    }
    return replace(design, layers={**design.layers, **decided})


def _simulation(lowered: Lowered, report: BuildReport, graph: Any) -> dict[str, bytes]:
    """The files that run the network: testbench, C interface, Makefile and scripts for the vendor's tools."""
    inputs, outputs = graph.get_input_variables(), graph.get_output_variables()
    body = "".join(f"    static {variable.definition_cpp()};\n" for variable in (*inputs, *outputs))
    for position, variable in enumerate(inputs):
        body += f"    load(inputs[{position}], {variable.name}, {variable.size()});\n"
    body += f"    {report.top}({', '.join(variable.name for variable in (*inputs, *outputs))});\n"
    for position, variable in enumerate(outputs):
        body += f"    store({variable.name}, outputs[{position}], {variable.size()});\n"
    words = [
        ", ".join(str(prod(port.shape) * words_per_value(port.type)) for port in ports)
        for ports in (report.inputs, report.outputs)
    ]
    run = fill(
        "accelgen_run.h",
        top=report.top,
        n_inputs=str(len(inputs)),
        n_outputs=str(len(outputs)),
        input_words=words[0],
        output_words=words[1],
        body=body,
    )
    return {
        "accelgen_run.h": run.encode(),
        "csim.cpp": fill("csim.cpp", top=report.top).encode(),
        "testbench.cpp": fill("testbench.cpp").encode(),
        **flow_files(report.network, report.top, lowered.context.design),
    }
