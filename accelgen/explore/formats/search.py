"""The search for number formats: designs between the fewest errors and the least hardware."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.design import Design
from accelgen.errors import InfeasibleError, UsageError
from accelgen.estimation import Estimate
from accelgen.explore.candidate import Candidate, Exploration
from accelgen.explore.formats.accuracy import Benchmark, Metric
from accelgen.explore.formats.bits import Bits
from accelgen.explore.formats.evaluation import Evaluate, Evaluations
from accelgen.explore.formats.genetic import Genetic, first_generation
from accelgen.explore.formats.hardware import HardwareSearch
from accelgen.explore.formats.points import Point, front
from accelgen.explore.formats.space import FormatSpace
from accelgen.explore.goals import TITLES
from accelgen.ir import Network
from accelgen.workers import Journal, Json, Workers

TOLERATED = 0.01
"""Of samples that the recommended design may get wrong beyond those of the most right one."""
TOLERATED_ERROR = 1.5
"""Times the least error, where errors are measured."""
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
    """

    evaluations: int = 400
    population: int = 24
    seed: int = 0
    halving: bool = True

    def __post_init__(self) -> None:
        if self.evaluations < 1 or self.population < 2:
            raise UsageError("a search of formats takes at least 1 evaluation, and 2 in a generation")


@dataclass(frozen=True, eq=False)
class _Designed:
    """A point of the front as a design."""

    loss: float
    cost: float
    design: Design
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class FormatSearch:
    """A search for formats: what is searched, with which samples, for which hardware.

    ``network`` is as imported, and ``task`` what workers evaluate.
    """

    network: Network
    task: Evaluate
    options: FormatOptions

    @classmethod
    def of(
        cls,
        network: Network,
        design: Design,
        bits: Bits,
        hardware: HardwareSearch,
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
            hardware: what the hardware of each assignment is chosen for.
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
        benchmark = Benchmark.of(network, data, labels, options.seed)
        return cls(network, Evaluate(space, benchmark, hardware), options)

    def identity(self) -> dict[str, Json]:
        """What the results of evaluations depend on, for `Journal`; the network and the design apart."""
        space, benchmark, hardware = self.task.space, self.task.benchmark, self.task.hardware
        samples = hashlib.sha256(np.ascontiguousarray(benchmark.expected).tobytes())
        for name, array in sorted(benchmark.inputs.items()):
            samples.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return {
            "formats": [[knob.layer, knob.part, _texts(knob.types)] for knob in space.knobs],
            "metric": benchmark.metric.value,
            "samples": samples.hexdigest(),
            "hardware": str(hardware),
            "search": asdict(self.options),
        }

    def run(self, workers: Workers | None = None, journal: Journal | None = None) -> Evaluations:
        """Every point that is evaluated; the same ones wherever they are, and after being killed and resumed.

        Raises:
            UsageError: pymoo is not installed.
            TaskError: an evaluation failed.
        """
        found = Evaluations(self.task, self.options.halving, workers, journal)
        for _ in self.generations(found):
            pass
        return found

    def generations(self, found: Evaluations) -> Iterator[int]:
        """Evaluate a generation at a time into ``found``; yields how many points there are after each."""
        space, options = self.task.space, self.options
        most = min(options.evaluations, space.combinations)
        sizes = [len(knob.widths) for knob in space.knobs]
        first = first_generation(sizes, list(space.uniform()), options.population, options.seed)
        genetic = Genetic(sizes, first, options.population, options.seed)
        stalled = 0
        while len(found.points) < most and stalled < STALLED:
            asked = genetic.ask(found.points)
            fresh = [genes for genes in dict.fromkeys(asked) if genes not in found.points]
            stalled = 0 if fresh else stalled + 1
            found.add(fresh[: most - len(found.points)])
            yield len(found.points)
            if all(genes in found.points for genes in asked):
                genetic.tell([found.points[genes] for genes in asked])

    def exploration(self, found: Evaluations, board: str) -> Exploration:
        """The front of the points that were found, as designs for a board.

        Raises:
            InfeasibleError: none keeps the limits.
        """
        space, hardware = self.task.space, self.task.hardware
        designed = list(self._designed(front(found.points.values())))
        if not designed:
            nearest = min(found.points.values(), key=lambda point: point.excess)
            raise InfeasibleError(
                f"none of the {len(found.points):,} format assignments that were tried keeps the limits; the "
                f"nearest misses one by {nearest.excess:.0%}: allow fewer bits, or relax the limits"
            )
        metric = self.task.benchmark.metric
        if metric is Metric.MEAN_ABS_ERROR:
            designed.reverse()  # ascending by the first axis
        best, reason = self._recommended(designed)
        names = [f"front_{number:02d}" for number in range(1, len(designed) + 1)]
        return Exploration(
            network=self.network.name,
            board=board,
            axes=(metric.value, hardware.figure),
            limits=hardware.limits,
            candidates=tuple(
                Candidate(name, own.design, own.estimate, self._scores(own), reason if own is best else "")
                for name, own in zip(names, designed, strict=True)
            ),
            best=names[designed.index(best)],
            proven=len(found.points) == space.combinations and not self._stopped(found),
            evaluated=len(found.points),
            combinations=space.combinations,
            notes=tuple(self._notes(found)),
        )

    def _designed(self, points: Iterable[Point]) -> Iterator[_Designed]:
        """The designs of points that none beats, estimated as a whole, ascending by cost."""
        found = []
        for point in points:
            network, typed = self.task.space.apply(point.genes)
            try:
                design, estimate = self.task.hardware.best(network, typed)
            except InfeasibleError:
                continue
            found.append(_Designed(point.loss, self.task.hardware.cost(estimate), design, estimate))
        least = inf
        for own in sorted(found, key=lambda own: (own.cost, own.loss)):
            if own.loss < least:
                least = own.loss
                yield own

    def _scores(self, own: _Designed) -> dict[str, float]:
        metric, figure = self.task.benchmark.metric, self.task.hardware.figure
        scores = {metric.value: metric.score(own.loss)}
        return scores if figure in own.estimate.total else {**scores, figure: own.cost}

    def _recommended(self, designed: Sequence[_Designed]) -> tuple[_Designed, str]:
        """The design of least cost among those that are nearly as right as the most right one, and why."""
        metric, figure = self.task.benchmark.metric, self.task.hardware.figure
        least = min(own.loss for own in designed)
        if metric is Metric.MEAN_ABS_ERROR:
            bound, words = least * TOLERATED_ERROR, f"at most {TOLERATED_ERROR:g} times the least error"
        else:
            bound, words = least + TOLERATED, f"{metric.value} within {TOLERATED:.0%} of the best"
        best = min((own for own in designed if own.loss <= bound), key=lambda own: own.cost)
        score, top = metric.score(best.loss), metric.score(least)
        title = TITLES.get(figure, figure)
        return best, f"the least {title} with {words}: {score:.4g}, where the best has {top:.4g}"

    def _stopped(self, found: Evaluations) -> int:
        return sum(point.expected is not None for point in found.points.values())

    def _notes(self, found: Evaluations) -> Iterator[str]:
        space, benchmark = self.task.space, self.task.benchmark
        original = benchmark.metric.score(benchmark.original)
        yield (
            f"{benchmark.metric.value} is the golden model's on {len(benchmark):,} samples; the network as "
            f"imported has {original:.4g}"
        )
        seen = sum(point.samples for point in found.points.values())
        whole = sum(point.feasible for point in found.points.values()) * len(benchmark)
        yield (
            f"{len(found.points):,} of {space.combinations:,} format assignments were tried, "
            f"{self._stopped(found):,} of them stopped early: {seen:,} of {whole:,} samples were evaluated"
        )
        if narrowed := space.narrowed_layers():
            yield (
                f"the model quantizes {', '.join(narrowed)} itself: with fewer bits it is another network "
                "than the trained one, and training it with them may give a better one"
            )
        yield from space.kept


def _texts(types: Any) -> list[dict[str, str]]:
    return [{what: str(kind) for what, kind in own.items()} for own in types]


def search_formats(
    network: Network,
    design: Design,
    bits: Bits,
    hardware: HardwareSearch,
    board: str,
    *,
    data: Mapping[str, npt.NDArray[Any]],
    labels: npt.NDArray[Any] | None = None,
    calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    options: FormatOptions = FormatOptions(),
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> Exploration:
    """The front of designs between losses and hardware: `FormatSearch.of`, run as a whole."""
    search = FormatSearch.of(
        network,
        design,
        bits,
        hardware,
        data=data,
        labels=labels,
        calibration=calibration,
        options=options,
    )
    return search.exploration(search.run(workers, journal), board)
