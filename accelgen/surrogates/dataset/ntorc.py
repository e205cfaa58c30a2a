"""The CSV files of N-TORC (HeRCLab/N-TORC, FCCM 2025): single layers, means over equal syntheses.

As its ``src/design_space_explorer.py`` makes them: Vivado HLS 2019.1 on an xczu7ev at 4 ns, io_stream,
ap_fixed<16,8,AP_RND,AP_SAT> for everything, Latency strategy for a reuse factor of 1 and Resource otherwise,
convolutions of 3 taps with padding "same", LSTMs that return sequences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from accelgen.surrogates.dataset.csv_rows import read_rows
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.dataset.table import Skipped
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord, Stage, Synthesis

CONV1D_COLUMNS = frozenset({"n_chan", "n_filt", "sequence_length", "reuse_factor_legal"})
LSTM_COLUMNS = frozenset({"n_in", "n_units", "sequence_length", "reuse_factor_legal"})
DENSE_COLUMNS = frozenset({"n_in", "n_out", "reuse_factor_legal"})

BITS = 16
TAPS = 3
MAX_SIZE = 1 << 20


def read_conv1d(path: Path) -> Iterator[Synthesis | Skipped]:
    """Convolutions along a sequence.

    The length given is that of the network's first layer, which has one channel: all later convolutions take
    exactly as many cycles as half of it does (a pool by two lies between), so that is their positions.
    """

    def convert(row: Fields) -> Synthesis:
        channels, length = _size(row, "n_chan"), _size(row, "sequence_length")
        shape = (channels * TAPS, _size(row, "n_filt"), length if channels == 1 else max(1, length // 2))
        return _synthesis(row, LayerKind.CONV1D, shape, str(path))

    return read_rows(path, convert)


def read_lstm(path: Path) -> Iterator[Synthesis | Skipped]:
    """LSTMs; the legal reuse factor given is that of the kernel."""

    def convert(row: Fields) -> Synthesis:
        shape = (_size(row, "n_in"), _size(row, "n_units"), _size(row, "sequence_length"))
        return _synthesis(row, LayerKind.LSTM, shape, str(path))

    return read_rows(path, convert)


def read_dense(path: Path) -> Iterator[Synthesis | Skipped]:
    """Dense layers."""

    def convert(row: Fields) -> Synthesis:
        return _synthesis(row, LayerKind.DENSE, (_size(row, "n_in"), _size(row, "n_out"), 1), str(path))

    return read_rows(path, convert)


def _size(row: Fields, name: str) -> int:
    return row.integer(name, maximum=MAX_SIZE)


def _synthesis(row: Fields, kind: LayerKind, shape: tuple[int, int, int], source: str) -> Synthesis:
    n_in, n_out, positions = shape
    legal = row.integer("reuse_factor_legal")
    requested = row.integer("reuse_factor_requested") if "reuse_factor_requested" in row else legal
    layer = LayerRecord(
        name=kind.value,
        kind=kind,
        n_in=n_in,
        n_out=n_out,
        positions=positions,
        input_bits=BITS,
        weight_bits=BITS,
        accum_bits=BITS,
        result_bits=BITS,
        strategy="latency" if requested == 1 else "resource",
        reuse_factor=legal,
        requested_reuse_factor=requested,
    )
    names = {
        "latency_cycles": "latency_min",
        "latency_max_cycles": "latency_max",
        **{name: name for name in ("bram_18k", "lut", "ff", "dsp")},
    }
    return Synthesis(
        design=DesignRecord(
            layers=(layer,),
            io_type="io_stream",
            part="xczu7ev-ffvc1156-2-e",
            clock_ns=4.0,
            clock_uncertainty_percent=12.5,
            backend="Vivado",
        ),
        tool="Vivado HLS",
        version="2019.1",
        resource_stage=Stage.C_SYNTHESIS,
        success=True,
        targets=row.targets(names),
        runs=max(1, row.integer("runs", 0)) if "runs" in row else 1,  # 0 where only cycles were measured
        group=architecture([replace(layer, positions=1)]),  # whatever the length of the sequence
        source=source,
    )
