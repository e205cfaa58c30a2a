"""Finished hls4ml projects: what was generated, and what Vivado HLS or Vitis HLS reported of it.

The generated C++ says what was built; ``hls4ml_config.yml``, which may be older, only which backend built it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import AccelgenError
from accelgen.ir import Conv, Dense
from accelgen.reports import SynthesisReport, find_report, read_csynth_folder
from accelgen.surrogates.dataset.described import Described
from accelgen.surrogates.dataset.files import read_text
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.dataset.hls4ml_source import (
    Config,
    Flow,
    Types,
    chain,
    read_configs,
    read_flow,
    read_types,
)
from accelgen.surrogates.dataset.order import in_order
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import RECURRENT, DesignRecord, LayerKind, LayerRecord, Synthesis
from accelgen.surrogates.weights import weight_cost

MODEL = "keras_model.h5"
PARAMETERS = ("parameters.h", "firmware/parameters.h")

_NAME = re.compile(r"[A-Za-z_]\w{0,199}", re.ASCII)

_KINDS = {
    "dense": LayerKind.DENSE,
    "conv1d": LayerKind.CONV1D,
    "conv2d": LayerKind.CONV2D,
    "lstm": LayerKind.LSTM,
    "gru": LayerKind.GRU,
    "batchnorm": LayerKind.NORMALIZE,
    "pooling1d": LayerKind.POOL,
    "pooling2d": LayerKind.POOL,
    "merge": LayerKind.MERGE,
    "concat": LayerKind.MOVE,
    "padding1d": LayerKind.MOVE,
    "padding2d": LayerKind.MOVE,
    "cropping1d": LayerKind.MOVE,
    "cropping2d": LayerKind.MOVE,
    "resize": LayerKind.MOVE,
    "transpose": LayerKind.MOVE,
}
_WINDOWED = (LayerKind.CONV1D, LayerKind.CONV2D)
_MULTIPLYING = (LayerKind.DENSE, *_WINDOWED, *RECURRENT)


def is_project(folder: Path) -> bool:
    """Whether a folder holds an hls4ml project."""
    return _parameters(folder) is not None


def is_synthesised(folder: Path) -> bool:
    """Whether a folder holds an hls4ml project with a folder of reports."""
    return is_project(folder) and find_report(folder, "csynth") is not None


def read_project(folder: Path) -> Iterator[Synthesis | Skipped]:
    """The one synthesis of a project; its group is the folder above it where that holds its model.

    Weights are read from ``firmware/weights`` where they are, else from a Keras model in the project or in
    the folder above it, where that has layers of the same names, sizes and non-zero weights.
    """
    try:
        yield _synthesis(folder)
    except (AccelgenError, BadRecordError) as error:
        yield Skipped(str(folder), 0, str(error))


def _parameters(folder: Path) -> Path | None:
    return next((folder / name for name in PARAMETERS if (folder / name).is_file()), None)


def describe_project(folder: Path, report: SynthesisReport) -> Described:
    """The design of a project, whose part and clock its report says.

    Raises:
        BadRecordError: it is no hls4ml project, or one of its files is damaged or cannot be read.
    """
    parameters = _parameters(folder)
    if parameters is None:
        raise BadRecordError("it is no hls4ml project")
    defines = read_text(parameters.with_name("defines.h"))
    configs, helpers = read_configs(read_text(parameters), defines)
    if not _NAME.fullmatch(report.top.name):
        raise BadRecordError(f"its top function is {report.top.name!r:.60}, which is no name in C++")
    source = parameters.with_name(f"{report.top.name}.cpp")
    flow = read_flow(read_text(source), configs) if source.is_file() else chain(configs)
    known = {config.name: config for config in configs}
    project = _Project(known, helpers, read_types(defines), flow, _Weights(folder, parameters.parent))
    layers = in_order([project.layer(config) for config in configs])
    return Described(
        record=_design(folder, layers, configs, report),
        network=report.top.name,
        group=folder.resolve().parent.name if (folder.parent / MODEL).is_file() else architecture(layers),
        configs={config.layer: config.name for config in configs},
    )


def _synthesis(folder: Path) -> Synthesis:
    reports = find_report(folder, "csynth")
    if reports is None:
        raise BadRecordError("it has not been synthesised")
    report = read_csynth_folder(reports)
    return describe_project(folder, report).synthesis(report, folder)


def _design(
    folder: Path, layers: tuple[LayerRecord, ...], configs: list[Config], report: SynthesisReport
) -> DesignRecord:
    settings = dict(re.findall(r"set (\w+) \"?([\w.%-]+)\"?", _optional(folder / "project.tcl")))
    uncertainty = report.clock_uncertainty_ns / report.target_clock_ns * 100
    if re.fullmatch(r"\d{1,2}(\.\d{1,3})?%", settings.get("clock_uncertainty", "")):
        uncertainty = float(settings["clock_uncertainty"].rstrip("%"))
    stream = any("io_stream" in config.constants.get("io_type", "") for config in configs)
    return DesignRecord(
        layers=layers,
        io_type="io_stream" if stream else "io_parallel",
        part=report.part,
        clock_ns=report.target_clock_ns,
        clock_uncertainty_percent=round(uncertainty, 3),
        backend=_backend(folder, report),
        # a naming of hls4ml_MLP_estimator's projects; one of them holds a copy of the report with DSPs
        dsp_multipliers=not folder.name.startswith("LUT_") or report.top.resources.get("dsp", 0) > 0,
    )


def _backend(folder: Path, report: SynthesisReport) -> str:
    """hls4ml's backend, which older writers name correctly in ``hls4ml_config.yml`` alone."""
    found = re.search(r"^Backend: *(\w{1,50})$", _optional(folder / "hls4ml_config.yml"), re.MULTILINE)
    return found[1] if found else report.tool.removesuffix(" HLS")


def _optional(path: Path) -> str:
    return read_text(path) if path.is_file() else ""


@dataclass(frozen=True)
class _Project:
    """What the layers of a project are described from."""

    configs: Mapping[str, Config]
    helpers: Mapping[str, Config]
    types: Types
    flow: Mapping[str, Flow]
    weights: _Weights

    def layer(self, config: Config) -> LayerRecord:
        kind = self._kind(config)
        flow = self.flow.get(config.name, Flow((), ()))
        product = self.helpers.get(config.types.get("mult_config", ""), config)
        if kind in RECURRENT:
            product = self.helpers.get(config.types.get("mult_config1", ""), config)
        n_in, n_out, positions = self._shape(config, kind)
        weight = self.types.fixed(product.types.get("weight_t", config.types.get("scale_t", "")))
        nonzero = product.integer("n_nonzeros")
        values = None
        if product.types.get("weight_t") is not None and kind not in RECURRENT:
            values = self.weights.find(config, product, (n_in, n_out))
        cost = None if values is None else weight_cost(values)
        strategy = (product.constants.get("strategy") or config.constants.get("strategy", "")).rpartition(
            "::"
        )[2]
        reuse = 1
        if kind in (*_MULTIPLYING, LayerKind.NORMALIZE):
            reuse = product.integer("reuse_factor") or config.integer("reuse_factor") or 1
        inputs = tuple(self.configs[name].layer for name in flow.inputs)
        return LayerRecord(
            name=config.layer,
            kind=kind,
            inputs=inputs,
            n_in=n_in,
            n_out=n_out,
            positions=positions,
            parallel_positions=max(1, positions // (config.integer("n_partitions") or positions)),
            input_bits=self._input_bits(flow),
            weight_bits=0 if weight is None else weight.width,
            accum_bits=self.types.bits(product.types.get("accum_t", "")),
            result_bits=self._result_bits(config, flow),
            nonzero=-1 if nonzero is None else nonzero,
            digits=-1 if cost is None else cost.digits,
            dsp_products=-1 if cost is None else cost.dsp_products,
            strategy=strategy if kind in _MULTIPLYING else "",
            reuse_factor=reuse,
            requested_reuse_factor=reuse,
            table_size=0 if kind is LayerKind.RELU else (config.integer("table_size") or 0),
        )

    def _kind(self, config: Config) -> LayerKind:
        if config.kind != "activ":
            return _KINDS.get(config.kind, LayerKind.OTHER)
        name = config.name.partition("_config")[0]
        if name == "softmax":
            return LayerKind.SOFTMAX
        return LayerKind.RELU if name in ("relu", "leaky_relu", "linear") else LayerKind.TABLE

    def _shape(self, config: Config, kind: LayerKind) -> tuple[int, int, int]:
        """Inputs and results of one position, and how many positions."""
        if kind in _WINDOWED:
            taps = (config.integer("filt_height") or 1) * config.count("filt_width")
            positions = (config.integer("out_height") or 1) * config.count("out_width")
            return taps * config.count("n_chan"), config.count("n_filt"), positions
        if kind in RECURRENT:
            return config.count("n_in"), config.count("n_out"), config.count("n_sequence")
        if kind is LayerKind.POOL:
            size = (config.integer("pool_height") or 1) * config.count("pool_width")
            positions = (config.integer("out_height") or 1) * (config.integer("out_width", "n_out") or 1)
            return size, config.integer("n_filt") or 1, positions
        if kind is LayerKind.DENSE:
            return config.count("n_in"), config.count("n_out"), 1
        elements = config.integer("n_in", "n_elem") or self._elements(config)
        return elements, elements, 1

    def _elements(self, config: Config) -> int:
        """Elements of a layer that only moves them, where its config gives heights, widths and channels."""
        height = config.integer("out_height", "height") or 1
        width = config.integer("out_width", "width") or 1
        return height * width * (config.integer("n_chan") or 1)

    def _result_bits(self, config: Config, flow: Flow) -> int:
        name = flow.types[-2] if len(flow.types) > 2 else f"layer{config.number}_t"
        return self.types.bits(name) or self.types.bits("result_t")

    def _input_bits(self, flow: Flow) -> int:
        if len(flow.types) > 2:
            return self.types.bits(flow.types[0])
        if not flow.inputs:
            return self.types.bits("input_t") or 16
        before = flow.inputs[0]
        return self._result_bits(self.configs[before], self.flow[before])


class _Weights:
    """The weights of a project's layers, from its own files or from the model that it was made of."""

    def __init__(self, folder: Path, firmware: Path) -> None:
        self._texts = firmware / "weights"
        self._models = [folder / MODEL, folder.parent / MODEL]
        self._nodes: Mapping[str, npt.NDArray[Any]] | None = None

    def find(self, config: Config, product: Config, shape: tuple[int, int]) -> npt.NDArray[Any] | None:
        """A layer's weights (n_in, n_out) where some of that size, and as many not zero, are found."""
        text = self._texts / f"w{config.number}.txt"
        if text.is_file():
            # for the resource kernels, hls4ml writes them transposed (passes/resource_strategy.py)
            values = _numbers(text)
            transposed = "resource" in product.constants.get("strategy", "")
        else:
            values = self._model().get(config.layer, np.zeros(0))
            transposed = False
        if values.size != prod(shape) or not np.isfinite(values).all():
            return None
        if product.integer("n_nonzeros") not in (None, np.count_nonzero(values)):
            return None
        return values.reshape(shape[::-1]).T if transposed else values.reshape(shape)

    def _model(self) -> Mapping[str, npt.NDArray[Any]]:
        if self._nodes is None:
            self._nodes = next((_model_weights(path) for path in self._models if path.is_file()), {})
        return self._nodes


def _numbers(path: Path) -> npt.NDArray[np.float64]:
    try:
        return np.array([float(part) for part in read_text(path).split(",")])
    except ValueError:
        raise BadRecordError(f"{path.name} holds something that is no number") from None


def _model_weights(path: Path) -> dict[str, npt.NDArray[Any]]:
    from accelgen import importers

    try:
        network = importers.load(path, None)
    except AccelgenError:
        return {}  # without its model, a project still says how many weights are not zero
    return {node.name: node.weight for node in network if isinstance(node, Dense | Conv)}
