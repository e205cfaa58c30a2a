"""The search for number formats: designs between the fewest errors and the least hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from accelgen.design import Design, LayerDesign
from accelgen.explore.candidate import Exploration
from accelgen.explore.formats.bits import Bits
from accelgen.ir import Network


@dataclass(frozen=True)
class Hardware:
    """The best hardware for one network: choices by layer, the objective, and how far limits are missed.

    ``excess`` is the worst excess over a limit, relative to it: 0 where all are kept.
    """

    layers: Mapping[str, LayerDesign]
    cost: float
    excess: float = 0.0


class HardwareSearch(Protocol):
    """What finds the best hardware of an exact network: picklable, and the same for equal networks."""

    objective: str
    """What is to be least, such as "lut": a figure's name, or "resources"."""
    limits: Mapping[str, float]

    def best(self, network: Network, design: Design) -> Hardware:
        """The best choices for the layers of an exact, typed network, beside what ``design`` fixes."""


@dataclass(frozen=True)
class FormatOptions:
    """How long to search, and how.

    Attributes:
        evaluations: the most format assignments that are evaluated.
        population: those of a generation.
        seed: of the search and of the order of samples.
        halving: whether hopeless assignments are stopped after part of the samples.
        workers: processes that evaluate.
        dask: the Dask scheduler to evaluate on instead, "host:port".
        journal: where finished evaluations are kept, so that a killed search resumes.
    """

    evaluations: int = 400
    population: int = 24
    seed: int = 0
    halving: bool = True
    workers: int = 1
    dask: str | None = None
    journal: Path | None = None


def search_formats(
    network: Network,
    design: Design,
    bits: Bits,
    hardware: HardwareSearch,
    *,
    data: Mapping[str, npt.NDArray[Any]],
    labels: npt.NDArray[Any] | None = None,
    calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    options: FormatOptions = FormatOptions(),
) -> Exploration:
    """The front of designs between errors and hardware over the widths that ``bits`` allows.

    Args:
        network: as imported, before any pass.
        design: board, clock, io type, and what else is fixed.
        bits: the widths that layers may have.
        hardware: finds the best hardware of each network.
        data: inputs by name, (n, *shape), on which accuracy is measured.
        labels: the right classes, (n,); without them the original network's answers are what is right.
        calibration: inputs from which ranges of float layers are taken; needed where there are any.
        options: how long to search, and how.

    Raises:
        UsageError: no layer's widths can vary, or the data do not fit the network.
        PrecisionError: a float layer, and no calibration data.
        DesignError: no assignment keeps the limits.
    """
    raise NotImplementedError
