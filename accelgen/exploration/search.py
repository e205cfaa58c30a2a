"""The best designs of a network for boards, clocks and io types, and the front between two figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TypeAlias, TypeVar

from accelgen.design import Design, IoType, LayerDesign
from accelgen.errors import InfeasibleError, UsageError
from accelgen.estimation import Estimate
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.fifos import Built, Streams, Traded, beyond_limits, depths_given, trade
from accelgen.exploration.front import Front, thin
from accelgen.exploration.fronts import fronts
from accelgen.exploration.goals import Goals, in_cycles, in_us
from accelgen.exploration.milp import Point
from accelgen.exploration.target import Target
from accelgen.ir import Network
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain
from accelgen.workers import Journal, Workers

Allowed: TypeAlias = Callable[[Design], Mapping[str, Sequence[LayerDesign]]]
"""What single layers of a design may be, instead of everything that they can be."""


NAMED = 2
"""Targets, besides the one that comes nearest, of which it is said why nothing keeps the limits."""


@dataclass(frozen=True, eq=False)
class Found:
    """The best design of a search.

    Attributes:
        design: complete and legal.
        estimate: of the whole design.
        reason: what keeps it from being better, in a sentence.
        proven: that no other design of the space is better, by the table of estimates.
        combinations: the number of designs in the space.
        notes: what else there is to know.
        targets: what was searched.
        target: the one that the design is of.
        goals: what was kept to.
    """

    design: Design
    estimate: Estimate
    reason: str
    proven: bool
    combinations: int
    notes: tuple[str, ...]
    targets: tuple[Target, ...]
    target: Target
    goals: Goals


def search(
    network: Network,
    designs: Sequence[Design],
    goals: Goals,
    *,
    io_types: Sequence[IoType] = (),
    allowed: Allowed = lambda _: {},
    domain: Domain = DEFAULT_DOMAIN,
) -> Found:
    """The best design of a network.

    Where no limits are asked for, a design that the part holds by its estimate alone will do if none fits
    with margin; the notes say so.

    Args:
        network: exact and typed.
        designs: part, clock period and numbers of each target.
        goals: limits and objective.
        io_types: those that are searched together; without any, io_stream is searched only where nothing in
            io_parallel keeps the limits.
        allowed: what layers may be.
        domain: whose measurements are estimated.

    Raises:
        InfeasibleError: no design keeps the limits; the message says which cannot be kept.
        DesignError: a layer cannot have what is asked for.
        UsageError: a limit is a share of a part whose resources are not known.
    """
    turns = [
        tuple(
            Target.of(network, own, allowed(own), domain)
            for design in designs
            for own in (replace(design, io_type=io_type) for io_type in together)
        )
        for together in io_type_turns(io_types)
    ]
    for asked in [goals] if goals.limits else [goals, goals.without_margin()]:
        for number, targets in enumerate(turns):
            found = _best(targets, asked)
            if found is None:
                continue
            notes = []
            if asked is not goals:
                notes.append(
                    "the estimate fits, but the upper ends of its intervals, as of all designs, do not"
                )
            if number:
                notes.append("io_stream, since nothing in io_parallel keeps the limits")
            return replace(found, notes=tuple(notes))
    why = why_impossible([target for targets in turns for target in targets], asked)
    raise InfeasibleError(f"no design keeps the limits: {why}")


def io_type_turns(io_types: Sequence[IoType]) -> list[Sequence[IoType]]:
    """The io types that are searched together, in the order in which they are until something is found."""
    return [io_types] if io_types else [[io_type] for io_type in IoType]


def _best(targets: Sequence[Target], goals: Goals) -> Found | None:
    won = [(target, winner) for target in targets if (winner := target.winner(goals)) is not None]
    if not won:
        return None
    target, winner = min(won, key=lambda entry: goals.cost(entry[1].estimate, in_time=True))
    return Found(
        design=winner.design,
        estimate=winner.estimate,
        reason=winner.reason,
        proven=all(own.proven for _, own in won),
        combinations=sum(own.space.combinations for own in targets),
        notes=(),
        targets=tuple(targets),
        target=target,
        goals=goals,
    )


def why_impossible(targets: Sequence[Target], goals: Goals) -> str:
    """Why no design keeps the limits: in full for the target that comes nearest, in short for others."""
    (nearest, target), *others = sorted(
        ((own.impossible(goals), own) for own in targets), key=lambda entry: entry[0].missed
    )
    if not others:
        return str(nearest)
    named = [f"in {own} ({reason.why})" for reason, own in others[:NAMED]]
    if len(others) > NAMED:
        named.append(f"in {len(others) - NAMED} more")
    return f"in {target}, which comes nearest, {nearest}. Nor does one {', nor '.join(named)}"


def explore_front(
    found: Found,
    network: str,
    board: str,
    workers: Workers | None = None,
    journal: Journal | None = None,
    time_limit_s: float = inf,
    streams: Streams | None = None,
) -> Exploration:
    """The front between two figures, of what a search has looked at, thinned, and its best design.

    Every candidate is estimated as a whole, and left out if it then breaks a limit. Each target's front is a
    task for the workers, which stop after ``time_limit_s``; a note says of which there may be more. Where the
    goals ask for it, depths of FIFOs are traded then for as long again, in what ``streams`` makes of designs.

    Raises:
        UsageError: depths are to be traded, and some are given.
    """
    goals, axes = found.goals, _comparable_axes(found)
    problems = [target.problem(goals) for target in found.targets]
    complete = fronts(problems, goals.figures, workers=workers, journal=journal, time_limit_s=time_limit_s)
    best = Built(found.target, found.design, found.estimate)
    designs = [best, *_estimated(found, complete, axes)]
    reason, traded = found.reason, Traded(tuple(designs), ())
    if goals.fifos == "trade" and streams is not None:
        traded = _traded(found, designs, streams, workers, journal, time_limit_s)
        best = min(traded.designs, key=lambda own: _rank(own, goals, axes), default=best)
        if best.design != found.design:
            reason = f"the least {goals.objective} with FIFOs as they are built; before that, {reason}"
    shown = _unbeaten(
        traded.designs or [best],
        lambda own: (_on_axis(own.estimate, axes[0]), _on_axis(own.estimate, axes[1])),
        lambda own: own is best,
    )
    shown = _fewer(shown, best, axes, goals.points)
    names = {id(own): f"front_{number:02}" for number, own in enumerate(shown, 1)}
    shallow = [names[id(own)] for own in shown if own in traded.shallow]
    return Exploration(
        network=network,
        board=board,
        axes=axes,
        limits=goals.common([(target.clock_ns, target.held) for target in found.targets]),
        candidates=tuple(
            Candidate(names[id(own)], own.design, own.estimate, {}, reason if own is best else "")
            for own in shown
        ),
        best=names[id(best)],
        proven=found.proven and all(own.proven for own in complete),
        evaluated=0,
        combinations=found.combinations,
        notes=(*found.notes, *_open(found, complete, time_limit_s), *traded.notes, *_named(shallow)),
    )


def _estimated(found: Found, complete: Sequence[Front], axes: tuple[str, str]) -> Iterator[Built]:
    """The points of all fronts together, thinned, that keep the limits when they are estimated as a whole."""
    points = [
        _Point.of(target, point, axes)
        for target, own in zip(found.targets, complete, strict=True)
        for point in own.points
    ]
    for point in _thinned(points, axes, found.goals.points):
        built = Built(point.target, *point.target.estimate(point.solution))
        if not built.target.broken(built.estimate, found.goals):
            yield built


def _traded(
    found: Found,
    designs: Sequence[Built],
    streams: Streams,
    workers: Workers | None,
    journal: Journal | None,
    time_limit_s: float,
) -> Traded:
    """Designs with less deep FIFOs, of a front and of what lies just beyond the limits."""
    if any(depths_given(target.space.design) for target in found.targets):
        raise UsageError("FIFO depths are traded or given, not both: leave out --fifo-depth or --fifos trade")
    firsts = {id(own.target): own for own in reversed(designs)}
    beyond = [
        own
        for base in firsts.values()
        for own in beyond_limits(base, found.goals, workers, journal, time_limit_s)
    ]
    return trade(designs, beyond, found.goals, streams, time_limit_s)


def _fewer(designs: Sequence[Built], best: Built, axes: tuple[str, str], most: int) -> list[Built]:
    """At most so many of the designs of a front, the best one among them."""
    points = [
        Point((place,), {axis: _on_axis(own.estimate, axis) for axis in axes})
        for place, own in enumerate(designs)
    ]
    kept = [place for place, own in enumerate(designs) if own is best]
    return [designs[point.positions[0]] for point in thin(points, axes, most, kept)]


def _rank(own: Built, goals: Goals, axes: tuple[str, str]) -> tuple[float, float, float]:
    """Designs are the better the less this is: by the objective, then by the axes."""
    first, second = (_on_axis(own.estimate, axis) for axis in axes)
    return goals.cost(own.estimate, in_time=True), second, first


def _named(shallow: Sequence[str]) -> list[str]:
    """Which candidates have other FIFOs than automatic ones."""
    if not shallow:
        return []
    return [f"FIFOs are less deep than automatic ones, as their design files say: {', '.join(shallow)}"]


def _open(found: Found, complete: Sequence[Front], time_limit_s: float) -> list[str]:
    """What to know of fronts that time has cut short."""
    cut = [str(target) for target, own in zip(found.targets, complete, strict=True) if not own.proven]
    if not cut:
        return []
    which = " and of ".join(cut)
    return [
        f"the front of {which} may have more points: its search ended after {time_limit_s:g} s (--time-limit)"
    ]


def _comparable_axes(found: Found) -> tuple[str, str]:
    """The axes of a front of all targets: microseconds instead of cycles where clock periods differ."""
    first, second = found.goals.figures
    if len({target.clock_ns for target in found.targets}) > 1:
        return in_us(first), in_us(second)
    return first, second


@dataclass(frozen=True, eq=False)
class _Point:
    """A design of a front, and the target that it is of; its figures are those of the axes, too."""

    target: Target
    solution: Point

    @classmethod
    def of(cls, target: Target, solution: Point, axes: tuple[str, str]) -> _Point:
        on_axes = {axis: _value(solution.figures, axis, target.clock_ns) for axis in axes}
        return cls(target, replace(solution, figures={**solution.figures, **on_axes}))


_Entry = TypeVar("_Entry")


def _unbeaten(
    entries: Iterable[_Entry],
    figures: Callable[[_Entry], tuple[float, float]],
    is_kept: Callable[[_Entry], bool] = lambda _: False,
) -> list[_Entry]:
    """The entries that no other one is as good as in both figures, ascending by the first; and those kept."""
    least = inf
    unbeaten = []
    for entry in sorted(entries, key=lambda entry: (*figures(entry), not is_kept(entry))):
        second = figures(entry)[1]
        if second < least or is_kept(entry):
            unbeaten.append(entry)
            least = min(least, second)
    return unbeaten


def _thinned(points: Sequence[_Point], axes: tuple[str, str], most: int) -> list[_Point]:
    """At most so many of the points that no other one is as good as."""
    first, second = axes
    unbeaten = _unbeaten(points, lambda own: (own.solution.figures[first], own.solution.figures[second]))
    by_solution = {id(point.solution): point for point in unbeaten}
    return [by_solution[id(own)] for own in thin([point.solution for point in unbeaten], axes, most)]


def _on_axis(estimate: Estimate, axis: str) -> float:
    values = {name: figure.value for name, figure in estimate.total.items()}
    return _value(values, axis, estimate.record.clock_ns)


def _value(figures: Mapping[str, float], axis: str, clock_ns: float) -> float:
    """The figure of an axis, which may be in microseconds where figures are in cycles."""
    return figures[axis] if axis in figures else figures[in_cycles(axis)] * clock_ns / 1000
