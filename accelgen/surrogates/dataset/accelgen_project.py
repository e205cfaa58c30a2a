"""accelgen's own projects once Vitis HLS has synthesised them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelgen.design import Design
from accelgen.errors import AccelgenError
from accelgen.ir.serialize import load
from accelgen.project_files import DESIGN, NETWORK, REPORT
from accelgen.reports import find_report, read_csynth_folder
from accelgen.surrogates.dataset.described import Described
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.files import read_text
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.describe import describe
from accelgen.surrogates.record import DesignRecord, Synthesis


def read_project(folder: Path) -> Iterator[Synthesis | Skipped]:
    """The synthesis of a project; one that no tool has synthesised yet is skipped."""
    try:
        yield _synthesis(folder)
    except (AccelgenError, BadRecordError) as error:
        yield Skipped(str(folder), 0, str(error))


def describe_project(folder: Path) -> Described:
    """The design of a project.

    Raises:
        BadRecordError: one of its files is damaged or cannot be read.
        AccelgenError: the same of its network or its design.
    """
    build = _build(folder)
    network = load(folder / NETWORK)
    design = Design.from_yaml(read_text(folder / DESIGN), str(folder / DESIGN))
    record = _with_requests(describe(network, design), build)
    # hls4ml numbers configs by the layers' positions, from 1, which are those in build.json
    layers = enumerate(_objects(build, "layers"), 1)
    return Described(
        record=record,
        network=network.name,
        group=architecture(record.layers) or network.name,
        configs={Fields(layer).text("layer"): f"config{number}" for number, layer in layers},
    )


def _synthesis(folder: Path) -> Synthesis:
    reports = find_report(folder, "csynth")
    if reports is None:
        raise BadRecordError("it has not been synthesised")
    return describe_project(folder).synthesis(read_csynth_folder(reports), folder)


def _build(folder: Path) -> Fields:
    try:
        data = json.loads(read_text(folder / REPORT))
    except (ValueError, RecursionError) as error:
        raise BadRecordError(f"{REPORT} is no JSON: {error}") from None
    return Fields(data if isinstance(data, dict) else {}, f"{REPORT}: ")


def _objects(build: Fields, name: str) -> list[Mapping[str, Any]]:
    return [entry for entry in build.sequence(name, 100_000) if isinstance(entry, dict)]


def _with_requests(record: DesignRecord, build: Fields) -> DesignRecord:
    """The record with the reuse factors that were asked for, where they became others."""
    requested = {
        Fields(change).text("layer"): Fields(change).integer("requested")
        for change in _objects(build, "adjustments")
        if change.get("choice") == "reuse_factor"
    }
    return replace(
        record,
        layers=tuple(
            replace(layer, requested_reuse_factor=requested.get(layer.name, layer.requested_reuse_factor))
            for layer in record.layers
        ),
    )
