"""Explorations to write reports of: designs of the shipped jet tagger, with figures that stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from accelgen.api import designed
from accelgen.choices import Choices
from accelgen.design.reuse import legalize
from accelgen.estimation import Figure, estimate_design
from accelgen.exploration.candidate import Candidate, Exploration

MODEL = Path(__file__).parents[3] / "examples" / "jet_tagger" / "model.keras"


def totals(factor: int, spread: float) -> dict[str, Figure]:
    """Figures such as a design with this reuse factor has, with intervals of ``spread`` times each way."""
    values = {
        "latency_cycles": 24 + 4 * factor,
        "latency_max_cycles": 28 + 4 * factor,
        "interval_cycles": factor,
        "lut": 270_000 * factor**-0.55,
        "ff": 50_000 * factor**-0.25,
        "dsp": 5,
        "bram_18k": 5 + 512 // factor,
        "uram": 0,
        "clock_ns": 6.5,
    }
    return {name: Figure(value, value / spread, value * spread) for name, value in values.items()}


def explore(
    factors: Sequence[int] = (1, 2, 4, 8, 16, 32, 64), board: str = "pynq-z2", spread: float = 32.0
) -> Exploration:
    """The jet tagger with some reuse factors, as a search would return them."""
    network, base = designed(MODEL, board=board)
    candidates = []
    for position, factor in enumerate(factors):
        asked = Choices(reuse_factor=factor, strategy="resource" if factor > 1 else "latency")
        legal, _ = legalize(network, asked.for_all_layers(base))
        candidates.append(
            Candidate(
                name=f"front_{position:02}",
                design=legal,
                estimate=replace(estimate_design(network, legal), total=totals(factor, spread)),
                scores={},
                reason="LUTs are the limit: 52 % of 60 % are taken." if position == 1 else "",
            )
        )
    return Exploration(
        network=network.name,
        board=board,
        axes=("latency_max_cycles", "lut"),
        limits={"latency_max_cycles": 200.0, "lut": 60_000.0, "ff": 106_400.0},
        candidates=tuple(candidates),
        best=candidates[min(1, len(candidates) - 1)].name,
        proven=True,
        evaluated=0,
        combinations=123_456_789,
        notes=("intervals hold in 90 % of cases",),
    )


@pytest.fixture(scope="session")
def exploration() -> Exploration:
    return explore()
