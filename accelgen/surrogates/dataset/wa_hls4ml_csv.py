"""The flat CSV files of wa-hls4ml: chains of Dense layers, and single ones with the failures.

Both were synthesised for an Alveo U250 at 5 ns with an uncertainty of 12.5 % (no estimated period exceeds
4.375 ns). Weights have the bits of ``prec``; inputs and results stay at hls4ml's default fixed<16,6>, as the
registers show, which do not depend on ``prec``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from accelgen.design.factors import nearest
from accelgen.design.reuse import legal_reuse_factors
from accelgen.surrogates.dataset.csv_rows import read_rows
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord, Stage, Synthesis

ALVEO_U250 = "xcu250-figd2104-2L-e"
DEFAULT_BITS = 16
MAX_WIDTH = 1 << 16
STRATEGIES = ("latency", "resource")

CHAIN_COLUMNS = frozenset({"model_string", "prec", "rf", "strategy"})
SINGLE_COLUMNS = frozenset({"d_in", "d_out", "prec", "rf", "strategy"})


def read_dense_chains(path: Path) -> Iterator[Synthesis | Skipped]:
    """Chains of Dense layers: cycles and clock from C synthesis, resources from logic synthesis.

    ``bram_18k`` there counts 36 Kb tiles. ``ii_min`` is left out, since it was never measured: the script
    that made the file wrote the latency there (jdweitz/wa-hls4ml,
    ``data/wa_hls4ml_multiple_json_to_one_csv.py``), and the two are equal in every row.
    """
    return read_rows(path, lambda row: _chain(row, str(path)))


def read_single_dense(path: Path) -> Iterator[Synthesis | Skipped]:
    """Attempts at one Dense layer, everything from C synthesis; those that failed have no targets."""
    return read_rows(path, lambda row: _single(row, str(path)))


def dense_chain(widths: list[int], bits: int, strategy: str, reuse_factor: int) -> tuple[LayerRecord, ...]:
    """Dense layers from the first width to the last, with the reuse factors that hls4ml makes of one."""
    layers: list[LayerRecord] = []
    for number, (n_in, n_out) in enumerate(pairwise(widths), 1):
        legal = reuse_factor
        if strategy == "resource":
            legal = nearest(legal_reuse_factors(n_in, n_out), reuse_factor)
        layers.append(
            LayerRecord(
                name=f"fc{number}",
                kind=LayerKind.DENSE,
                inputs=(layers[-1].name,) if layers else (),
                n_in=n_in,
                n_out=n_out,
                input_bits=DEFAULT_BITS,
                weight_bits=bits,
                accum_bits=DEFAULT_BITS,
                result_bits=DEFAULT_BITS,
                strategy=strategy,
                reuse_factor=legal,
                requested_reuse_factor=reuse_factor,
            )
        )
    return tuple(layers)


def _design(layers: tuple[LayerRecord, ...], backend: str) -> DesignRecord:
    return DesignRecord(layers, part=ALVEO_U250, clock_uncertainty_percent=12.5, backend=backend)


def _chain(row: Fields, source: str) -> Synthesis:
    model = row.text("model_string")
    widths = [int(text) if text.isdecimal() and len(text) < 9 else 0 for text in model.split("-")]
    if not 2 <= len(widths) <= 1000 or not all(1 <= width <= MAX_WIDTH for width in widths):
        raise BadRecordError(f"model_string is {model!r:.60}, not the widths of a chain, such as 80-40-112")
    layers = dense_chain(
        widths, row.integer("prec", 1, 64), row.choice("strategy", *STRATEGIES), row.integer("rf")
    )
    names = {
        "clock_ns": "est_clk_ns",
        "latency_cycles": "latency_min",
        "latency_max_cycles": "latency_max",
        **{name: name for name in ("bram_18k", "dsp", "ff", "lut", "uram")},
    }
    success, targets = _outcome(row, "success", names, {"bram_18k": 2.0})
    return Synthesis(
        design=_design(layers, "Vitis"),
        tool="Vitis HLS",
        version="2023.2",
        resource_stage=Stage.LOGIC_SYNTHESIS,
        success=success,
        targets=targets,
        group=architecture(layers),
        source=source,
    )


def _single(row: Fields, source: str) -> Synthesis:
    widths = [row.integer("d_in", maximum=MAX_WIDTH), row.integer("d_out", maximum=MAX_WIDTH)]
    layers = dense_chain(
        widths, row.integer("prec", 1, 64), row.choice("strategy", *STRATEGIES), row.integer("rf")
    )
    names = {
        "clock_ns": "EstimatedClockPeriod_hls",
        "latency_cycles": "BestLatency_hls",
        "latency_max_cycles": "WorstLatency_hls",
        "interval_cycles": "IntervalMin_hls",
        "bram_18k": "BRAM_18K_hls",
        "dsp": "DSP_hls",
        "ff": "FF_hls",
        "lut": "LUT_hls",
        "uram": "URAM_hls",
    }
    success, targets = _outcome(row, "hls_synth_success", names)
    return Synthesis(
        design=_design(layers, "Vivado"),
        tool="Vivado/Vitis HLS",  # the publication does not say which
        version="",
        resource_stage=Stage.C_SYNTHESIS,
        success=success,
        targets=targets,
        group=architecture(layers),
        source=source,
    )


def _outcome(
    row: Fields, name: str, names: Mapping[str, str], scale: Mapping[str, float] | None = None
) -> tuple[bool, dict[str, float]]:
    """Whether an attempt succeeded, and its targets; where nothing says so, what was measured succeeded."""
    success = row.flag(name) if name in row else None
    targets = {} if success is False else row.targets(names, scale)
    if success is None and not targets:
        raise row.error(name, "is missing, and nothing was measured")
    return success is not False, targets
