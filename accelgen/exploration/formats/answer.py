"""What a search for formats answers: the front of the points that it evaluated, as designs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from accelgen.design import Design
from accelgen.errors import InfeasibleError
from accelgen.estimation import Estimate
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.formats.accuracy import Benchmark, Metric
from accelgen.exploration.formats.evaluation import Evaluations
from accelgen.exploration.formats.points import Point, front
from accelgen.exploration.front import thin
from accelgen.exploration.goals import TITLES
from accelgen.exploration.milp import Point as Place

TOLERATED = 0.01
"""Of samples that the recommended design may get wrong beyond those of the network as imported."""
TOLERATED_ERROR = 1.5
"""Times the least error, where errors are measured."""


@dataclass(frozen=True, eq=False)
class _Designed:
    """A point of the front as a design."""

    loss: float
    cost: float
    design: Design
    estimate: Estimate


def exploration(found: Evaluations, network: str, board: str) -> Exploration:
    """The front of the points that were found, thinned, as designs for a board.

    Raises:
        InfeasibleError: none keeps the limits.
    """
    space, hardware, metric = found.task.space, found.task.hardware, found.task.benchmark.metric
    points = front(found.points.values())
    chosen = (
        _thinned(points, _recommended(points, found.task.benchmark), hardware.goals.points) if points else []
    )
    shown = _designed(found, chosen)
    if not shown:
        nearest = min(found.points.values(), key=lambda point: point.excess)
        why = (
            hardware.why_impossible(*space.apply(nearest.genes))
            if nearest.excess > 0
            else "its layers keep the limits, but not once it is estimated as a whole"
        )
        raise InfeasibleError(
            f"none of the {len(found.points):,} format assignments that were tried keeps the limits: allow "
            f"fewer bits, or relax the limits. Of the nearest one, {why}"
        )
    best = _recommended(shown, found.task.benchmark)
    reason = _reason(found, shown, best)
    if metric is Metric.MEAN_ABS_ERROR:
        shown.reverse()  # ascending by the first axis
    names = [f"front_{number:02}" for number in range(1, len(shown) + 1)]
    return Exploration(
        network=network,
        board=board,
        axes=(metric.value, hardware.figure),
        limits=hardware.limits,
        candidates=tuple(
            Candidate(name, own.design, own.estimate, _scores(found, own), reason if own is best else "")
            for name, own in zip(names, shown, strict=True)
        ),
        best=names[shown.index(best)],
        proven=len(found.points) == space.combinations and not found.stopped,
        evaluated=len(found.points),
        combinations=space.combinations,
        notes=tuple(_notes(found)),
    )


def _designed(found: Evaluations, points: Sequence[Point]) -> list[_Designed]:
    """The designs of points that none beats, estimated as a whole, ascending by cost."""
    hardware, designs = found.task.hardware, []
    for point in points:
        try:
            design, estimate = hardware.best(*found.task.space.apply(point.genes))
        except InfeasibleError:
            continue  # its layers keep the limits, but the whole does not
        designs.append(_Designed(point.loss, hardware.cost(estimate), design, estimate))
    least, kept = inf, []
    for own in sorted(designs, key=lambda own: (own.cost, own.loss)):
        if own.loss < least:
            least = own.loss
            kept.append(own)
    return kept


_Rated = TypeVar("_Rated", Point, _Designed)


def _recommended(rated: Sequence[_Rated], benchmark: Benchmark) -> _Rated:
    """What costs least among those that are nearly as right as the network as imported, or as the best."""
    least = min(own.loss for own in rated)
    if benchmark.metric is Metric.MEAN_ABS_ERROR:
        bound = least * TOLERATED_ERROR
    else:
        bound = max(least, benchmark.original) + TOLERATED
    return min((own for own in rated if own.loss <= bound), key=lambda own: own.cost)


def _reason(found: Evaluations, shown: Sequence[_Designed], best: _Designed) -> str:
    """Why the recommended design is that."""
    benchmark, figure = found.task.benchmark, found.task.hardware.figure
    metric, least = benchmark.metric, min(own.loss for own in shown)
    name, score = metric.value.replace("_", " "), metric.score
    lead = f"the least {TITLES.get(figure, figure)} with"
    if metric is Metric.MEAN_ABS_ERROR:
        return (
            f"{lead} a {name} of at most {TOLERATED_ERROR:g} times the least: {best.loss:.4g} of {least:.4g}"
        )
    reference = "the network as imported" if benchmark.original >= least else "the best that was found"
    return (
        f"{lead} {name} at most {TOLERATED:.0%} below that of {reference}: {score(best.loss):.4g} of "
        f"{score(max(least, benchmark.original)):.4g}"
    )


def _thinned(points: Sequence[Point], best: Point, most: int) -> list[Point]:
    """At most so many points of a front, the recommended one among them."""
    places = [Place((number,), {"cost": own.cost, "loss": own.loss}) for number, own in enumerate(points)]
    kept = [number for number, own in enumerate(points) if own is best]
    return [points[place.positions[0]] for place in thin(places, ("cost", "loss"), most, kept)]


def _scores(found: Evaluations, own: _Designed) -> dict[str, float]:
    metric, figure = found.task.benchmark.metric, found.task.hardware.figure
    scores = {metric.value: metric.score(own.loss)}
    return scores if figure in own.estimate.total else {**scores, figure: own.cost}


def _notes(found: Evaluations) -> Iterator[str]:
    space, benchmark = found.task.space, found.task.benchmark
    original = benchmark.metric.score(benchmark.original)
    yield (
        f"{benchmark.metric.value} is the golden model's on {len(benchmark):,} samples; the network as "
        f"imported has {original:.4g}"
    )
    points = found.points.values()
    yield f"{len(points):,} of {space.combinations:,} format assignments were tried"
    if missed := sum(not point.feasible for point in points):
        yield f"no hardware keeps the limits for {missed:,} of them, by the same figures and margin"
    if found.stopped:
        seen = sum(point.samples for point in points)
        whole = sum(point.feasible for point in points) * len(benchmark)
        saved = 1 - seen / whole
        yield f"{found.stopped:,} of them were hopeless after part of the samples: {saved:.0%} were saved"
    if narrowed := space.narrowed_layers():
        yield (
            f"the model quantizes {', '.join(narrowed)} itself: with fewer bits it is another network than "
            "the trained one, and training it with them may give a better one"
        )
    yield from space.kept
