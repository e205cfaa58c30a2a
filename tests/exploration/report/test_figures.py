"""Which figures are shown, and which limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelgen.estimation import Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report.figures import figures_of, limit_lines, telling_quantities


def shown(exploration: Exploration) -> list[str]:
    figures = [figures_of(candidate) for candidate in exploration.candidates]
    return [entry.name for entry in telling_quantities(exploration, figures)]


def with_total(exploration: Exploration, **figures: Figure) -> Exploration:
    def changed(candidate: Candidate) -> Candidate:
        total = {**candidate.estimate.total, **figures}
        return replace(candidate, estimate=replace(candidate.estimate, total=total))

    return replace(exploration, candidates=tuple(map(changed, exploration.candidates)))


def test_what_says_nothing_is_not_shown(exploration: Exploration) -> None:
    same = with_total(exploration, latency_cycles=Figure(3, 2, 4), latency_max_cycles=Figure(3, 2, 4))
    assert not {"uram", "latency_cycles", "latency_us"} & {*shown(same)}
    assert "uram" in shown(with_total(exploration, uram=Figure(3, 2, 4)))
    assert "uram" in shown(replace(exploration, axes=("latency_us", "uram")))
    differing = with_total(exploration, latency_cycles=Figure(3, 2, 4))
    assert {"latency_cycles", "latency_max_cycles"} <= {*shown(differing)}


def test_cycles_are_microseconds_at_the_clock_asked_for(exploration: Exploration) -> None:
    for candidate in exploration.candidates:
        figures = figures_of(candidate)
        assert figures["latency_us"].value == pytest.approx(candidate.estimate.latency_us, abs=1e-3)
        assert figures["latency_us"].high == pytest.approx(figures["latency_cycles"].high / 100, abs=1e-3)


def test_limits_are_lines_in_both_units_of_time(exploration: Exploration) -> None:
    assert limit_lines(exploration) == {"latency_max_cycles": 200, "latency_max_us": 2, "lut": 60_000}
    timed = replace(exploration, limits={"latency_max_us": 1.5, "lut": 53_200})
    assert limit_lines(timed) == {"latency_max_us": 1.5, "latency_max_cycles": 150}
    first, *others = timed.candidates
    faster = replace(first.estimate, record=replace(first.estimate.record, clock_ns=5.0))
    clocks = replace(timed, candidates=(replace(first, estimate=faster), *others))
    assert limit_lines(clocks) == {"latency_max_us": 1.5}


def test_scores_are_shown_as_they_are(exploration: Exploration) -> None:
    scored = replace(exploration.candidates[0], scores={"accuracy": 0.75, "resources": 0.0106512})
    figures = [figures_of(scored)]
    *_, first, second = telling_quantities(exploration, figures)
    assert (first.name, first.more, second.name, second.more) == ("accuracy", True, "resources", False)
    assert (first.label, second.label) == ("accuracy", "resources [shares]")
    assert figures[0]["resources"] == Figure(0.0106512, 0.0106512, 0.0106512)
