"""Explorations to write reports of: designs of the shipped jet tagger, with estimates of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from accelgen.api import designed
from accelgen.choices import Choices
from accelgen.design.reuse import legalize
from accelgen.estimation import estimate_design
from accelgen.explore.candidate import Candidate, Exploration

MODEL = Path(__file__).parents[3] / "examples" / "jet_tagger" / "model.keras"

Explore = Callable[..., Exploration]


def explore(
    factors: Sequence[int] = (1, 2, 4, 8, 16, 32, 64), board: str = "pynq-z2", **changes: object
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
                estimate=estimate_design(network, legal),
                scores={},
                reason="LUTs are the limit: 52 % of 60 % are taken." if position == 1 else "",
            )
        )
    exploration = Exploration(
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
    return replace(exploration, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def exploration() -> Exploration:
    return explore()
