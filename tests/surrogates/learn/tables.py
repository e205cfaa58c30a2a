"""Syntheses that follow the rules but for what is asked for, as a table to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelgen.surrogates.dataset.wa_hls4ml_csv import dense_chain
from accelgen.surrogates.features import from_records
from accelgen.surrogates.record import DesignRecord, Stage, Synthesis
from accelgen.surrogates.rules import Domain, estimate

DOMAIN = Domain("Vitis HLS", "2023.2", Stage.LOGIC_SYNTHESIS)
WIDTHS = (16, 24, 32, 48, 64, 96)


def chain(widths: list[int], reuse_factor: int, bits: int = 8, strategy: str = "resource") -> DesignRecord:
    return DesignRecord(
        dense_chain(widths, bits, strategy, reuse_factor),
        part="xcu250-figd2104-2L-e",
        clock_uncertainty_percent=12.5,
        backend="Vitis",
    )


def synthesis(design: DesignRecord, success: bool = True, **targets: float) -> Synthesis:
    widths = [design.layers[0].n_in, *(layer.n_out for layer in design.layers)]
    return Synthesis(
        design=design,
        tool=DOMAIN.tool,
        version=DOMAIN.version,
        resource_stage=DOMAIN.stage,
        success=success,
        targets=targets,
        group="-".join(map(str, widths)),
    )


def measured_chains(
    factor: Callable[[DesignRecord], float], noise: float = 0.0, seed: int = 0
) -> list[Synthesis]:
    """Chains of two layers with as many LUTs as the rules say times a factor and noise, all else exact."""
    designs = [
        chain([first, second, 16], reuse)
        for first in WIDTHS
        for second in WIDTHS
        for reuse in (first, 2 * first, 4 * first)
    ]
    said = estimate(from_records(designs), DOMAIN).designs
    errors = np.exp(np.random.default_rng(seed).normal(0, noise, len(designs)))
    return [
        synthesis(
            design,
            lut=float(said["lut"][row] * factor(design) * errors[row]),
            ff=float(said["ff"][row]),
            dsp=float(said["dsp"][row]),
            latency_cycles=float(said["latency_cycles"][row]),
        )
        for row, design in enumerate(designs)
    ]


def with_strategy(design: DesignRecord, strategy: str) -> DesignRecord:
    layers = tuple(replace(layer, strategy=strategy) for layer in design.layers)
    return replace(design, layers=layers)
