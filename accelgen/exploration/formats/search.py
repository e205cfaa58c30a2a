"""The search for number formats: designs between the fewest errors and the least hardware."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.exploration.formats.accuracy import Benchmark, Metric
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.evaluation import Evaluate, Evaluations
from accelgen.exploration.formats.genetic import Genetic, first_generation
from accelgen.exploration.formats.hardware import HardwareSearch
from accelgen.exploration.formats.space import FormatSpace
from accelgen.ir import Network
from accelgen.passes.precision import NodeTypes
from accelgen.workers import Journal, Json, Workers

STALLED = 20
"""Generations without a new assignment, after which there are none to find."""


@dataclass(frozen=True)
class FormatOptions:
    """How long to search, and how.

    Attributes:
        evaluations: the most assignments that are evaluated.
        population: those of a generation.
        seed: of the search and of the order of samples.
        halving: whether hopeless assignments are stopped after part of the samples.
        metric: what is measured on samples; None leaves it to `Benchmark.of`.
    """

    evaluations: int = 400
    population: int = 24
    seed: int = 0
    halving: bool = True
    metric: Metric | None = None

    def __post_init__(self) -> None:
        if self.evaluations < 1 or self.population < 2:
            raise UsageError("a search of formats takes at least 1 evaluation, and 2 in a generation")


@dataclass(frozen=True, eq=False)
class FormatSearch:
    """A search for formats: what workers evaluate, how often, and how that is chosen."""

    task: Evaluate
    options: FormatOptions

    @classmethod
    def of(
        cls,
        network: Network,
        design: Design,
        bits: Bits,
        hardware: Sequence[HardwareSearch],
        *,
        data: Mapping[str, npt.NDArray[Any]],
        labels: npt.NDArray[Any] | None = None,
        calibration: Mapping[str, npt.NDArray[Any]] | None = None,
        options: FormatOptions = FormatOptions(),
    ) -> FormatSearch:
        """A search over the widths that ``bits`` allows.

        Args:
            network: as imported, before any pass.
            design: board, clock, io type, and what else is fixed.
            bits: the widths that layers may have.
            hardware: what the hardware of each assignment is chosen for: the first of these that finds some
                for the fewest bits, or the last.
            data: inputs by name, (n, *shape), on which losses are measured.
            labels: the right classes (n, ...); without them the original network's answers are what is right.
            calibration: inputs from which ranges of float layers are taken; needed where there are any.
            options: how long to search, and how.

        Raises:
            UsageError: no layer's widths can vary, or the data do not fit the network.
            PrecisionError: a float layer, and no calibration data.
            UnsupportedError: the network has several outputs.
        """
        space = FormatSpace.of(network, design, bits, calibration)
        benchmark = Benchmark.of(network, data, labels, options.seed, options.metric)
        narrowest = space.apply([0] * len(space.knobs))
        possible = (own for own in hardware if own.least_cost(*narrowest)[1] == 0)
        return cls(Evaluate(space, benchmark, next(possible, hardware[-1])), options)

    def identity(self) -> dict[str, Json]:
        """What the results of evaluations depend on, for `Journal`, but for the network.

        How many there are is not among it, so that a longer search goes on from a shorter one.
        """
        space, benchmark, hardware = self.task.space, self.task.benchmark, self.task.hardware
        samples = hashlib.sha256(np.ascontiguousarray(benchmark.expected).tobytes())
        for name, array in sorted(benchmark.inputs.items()):
            samples.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return {
            "formats": [[knob.layer, knob.part, _texts(knob.types)] for knob in space.knobs],
            "metric": benchmark.metric.value,
            "samples": samples.hexdigest(),
            **hardware.identity(),
            "seed": self.options.seed,
        }

    def run(self, workers: Workers | None = None, journal: Journal | None = None) -> Evaluations:
        """Every point that is evaluated; the same ones wherever they are, and after being killed and resumed.

        Raises:
            UsageError: pymoo is not installed.
            TaskError: an evaluation failed.
        """
        space, options = self.task.space, self.options
        found = Evaluations(self.task, options.halving, workers, journal)
        most = min(options.evaluations, space.combinations)
        sizes = [len(knob.widths) for knob in space.knobs]
        first = first_generation(sizes, space.uniform(), options.population, options.seed)
        genetic = Genetic(sizes, first, options.population, options.seed)
        stalled = 0
        while len(found.points) < most and stalled < STALLED:
            asked = genetic.ask(found.points)
            fresh = [genes for genes in dict.fromkeys(asked) if genes not in found.points]
            stalled = 0 if fresh else stalled + 1
            found.add(fresh[: most - len(found.points)])
            if all(genes in found.points for genes in asked):
                genetic.tell([found.points[genes] for genes in asked])
        return found


def _texts(types: Sequence[NodeTypes]) -> list[dict[str, str]]:
    return [{what: str(kind) for what, kind in own.items()} for own in types]
