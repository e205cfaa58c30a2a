"""The JSON of wa-hls4ml and of rule4ml: arrays of objects, one a synthesis.

Sources of the schema: the card of the Hugging Face data set fastmachinelearning/wa-hls4ml with the scripts
that write it (ben-hawks/wa-hls4ml-search, ``util/json_dataset_merge.py``), and rule4ml 0.2 with its
``data_gen``. Both hold ``model_config``, ``hls_config``, ``latency_report`` (all of C synthesis) and
``target_part``. wa-hls4ml has ``resource_report`` for logic synthesis, where BRAM counts 36 Kb tiles, beside
``hls_resource_report`` for C synthesis, where it counts 18 Kb blocks. rule4ml has both in
``resource_report``, as ``VivadoSynthReport`` and ``CSynthesisReport``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.dataset.json_entries import entries
from accelgen.surrogates.dataset.layer_list import read_layers
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import DesignRecord, Stage, Synthesis

KEYS = frozenset({"model_config", "hls_config"})

_BOARDS = {
    "pynq-z2": "xc7z020clg400-1",
    "zcu102": "xczu9eg-ffvb1156-2-e",
    "alveo-u200": "xcu200-fsgd2104-2-e",
    "alveo-u250": "xcu250-figd2104-2L-e",
}
"""The names by which rule4ml's older files give the part."""

_LATENCY = {
    "latency_cycles": "cycles_min",
    "latency_max_cycles": "cycles_max",
    "interval_cycles": "interval_min",
    "clock_ns": "estimated_clock",
}
_RESOURCES = {"bram_18k": "bram", "dsp": "dsp", "ff": "ff", "lut": "lut", "uram": "uram"}


def read_hls4ml_json(path: Path) -> Iterator[Synthesis | Skipped]:
    """One synthesis for each stage that reported resources, so up to two an entry; one if all failed."""
    number = 0
    try:
        for number, entry in enumerate(entries(path), 1):
            yield from _entry(Fields(entry), str(path), number)
    except BadRecordError as error:
        yield Skipped(str(path), number + 1, str(error))
    except OSError as error:
        yield Skipped(str(path), 0, f"it cannot be read: {error.strerror}")


def _entry(entry: Fields, source: str, number: int) -> Iterator[Synthesis | Skipped]:
    try:
        yield from _syntheses(entry, source)
    except BadRecordError as error:
        yield Skipped(source, number, str(error))


def _syntheses(entry: Fields, source: str) -> Iterator[Synthesis]:
    version = entry.text("vivado_version", "") or entry.text("backend_version", "")
    latency = _lower(entry.mapping("latency_report"))
    design = _design(entry, version, latency)
    failed = Synthesis(
        design=design,
        tool=f"{design.backend} HLS",
        version=version,
        resource_stage=Stage.C_SYNTHESIS,
        success=False,
        group=architecture(design.layers),
        source=source,
    )
    cycles = latency.targets(_LATENCY)
    found = False
    for stage, report in _resources(entry).items():
        scale = {"bram_18k": 2.0} if stage is Stage.LOGIC_SYNTHESIS else {}
        resources = report.targets(_RESOURCES, scale)
        if resources:
            found = True
            yield replace(failed, resource_stage=stage, success=True, targets={**cycles, **resources})
    if not found and cycles:
        raise BadRecordError("it has cycles but no resources")
    if not found:
        yield failed


def _resources(entry: Fields) -> dict[Stage, Fields]:
    report = entry.mapping("resource_report")
    if "CSynthesisReport" in report or "VivadoSynthReport" in report:
        logic, high_level = report.mapping("VivadoSynthReport"), report.mapping("CSynthesisReport")
    else:
        logic, high_level = report, entry.mapping("hls_resource_report")
    return {Stage.C_SYNTHESIS: _lower(high_level), Stage.LOGIC_SYNTHESIS: _lower(logic)}


def _lower(fields: Fields) -> Fields:
    """The same with the names in lower case, as newer files write them."""
    return replace(fields, values={str(name).lower(): value for name, value in fields.values.items()})


def _design(entry: Fields, version: str, latency: Fields) -> DesignRecord:
    config = entry.mapping("hls_config")
    model = config.mapping("Model")
    io_type = (entry if "io_type" in entry else config).text("io_type", "io_parallel")
    if io_type not in ("io_parallel", "io_stream"):
        raise entry.error("io_type", f"is {io_type!r:.40}, not io_parallel or io_stream")
    strategy = model.choice("Strategy", "latency", "resource", "resource_unrolled", "unrolled")
    backend = entry.text("backend", "").removesuffix("Accelerator")
    if not backend:
        # hls4ml's scripts use Vitis wherever it is installed, which it is since 2020.2
        backend = "Vitis" if version >= "2020.2" else "Vivado"
    if backend not in ("Vitis", "Vivado"):
        raise entry.error("backend", f"is {backend!r:.40}, not Vitis, Vivado or VivadoAccelerator")
    clock = next(
        (
            where.number(name, 0.1)
            for where, name in ((config, "clock_period"), (latency, "target_clock"))
            if name in where
        ),
        5.0,
    )
    board = config.text("board", "").lower()
    return DesignRecord(
        layers=read_layers(entry.sequence("model_config"), config, strategy, io_type == "io_stream"),
        io_type=io_type,
        part=entry.text("target_part", _BOARDS.get(board, board)),
        clock_ns=clock,
        clock_uncertainty_percent=12.5,  # as the periods in wa-hls4ml's CSV files show
        backend=backend,
    )
