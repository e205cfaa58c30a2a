import json
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.api import Model
from accelgen.errors import InfeasibleError, ToolError, UsageError
from accelgen.exploration.formats.answer import exploration
from accelgen.exploration.formats.evaluation import Evaluations
from accelgen.exploration.formats.points import Point, front
from accelgen.exploration.goals import Goals
from accelgen.ir.serialize import load as load_network
from accelgen.project_files import NETWORK
from accelgen.workers import Journal, open_workers
from tests.exploration.formats.small import classifier, format_search, samples

pytest.importorskip("pymoo", reason="pymoo is not installed")

THREE = ["4..8", "relu=8"]
"""5 widths of weights of two layers, and of the last result: 125 assignments."""


def figures(points) -> list[tuple[float, float]]:
    return [(point.cost, point.loss) for point in front(points)]


@pytest.fixture(scope="module")
def everything() -> list[Point]:
    """Every assignment, in full."""
    task = format_search(THREE).task
    found = Evaluations(task, halving=False)
    found.add(product(*(range(len(knob.widths)) for knob in task.space.knobs)))
    return list(found.points.values())


@pytest.mark.parametrize("halving", [True, False])
def test_the_true_front_is_found(everything, halving):
    assert len(everything) == 125
    found = format_search(THREE, evaluations=100, population=16, halving=halving).run()
    assert len(found.points) == 100
    assert figures(found.points.values()) == figures(everything)
    stopped = [point for point in found.points.values() if point.expected is not None]
    assert bool(stopped) == halving
    best = {point.genes for point in front(everything)}
    assert not best & {point.genes for point in stopped}


def test_nothing_is_left_of_a_small_space(everything):
    search = format_search(THREE, evaluations=1000, population=40, halving=False)
    found = search.run()
    assert len(found.points) == len(everything)
    assert exploration(found, "classifier", "board").proven


def test_points_are_those_of_the_golden_model(everything):
    task = format_search(THREE).task
    x, labels = samples()
    for point in everything[::17]:
        network, _ = task.space.apply(point.genes)
        (y,) = reference.predict(network, {"x": x}).values()
        assert point.loss == pytest.approx(np.mean(y.argmax(-1) != labels), abs=1e-12)


OPTIONS = {"evaluations": 80, "population": 12}


@pytest.fixture(scope="module")
def once() -> Evaluations:
    return format_search(**OPTIONS).run()


def test_workers_and_repetition_change_nothing(once):
    with open_workers(2) as workers:
        found = format_search(**OPTIONS).run(workers)
    assert list(found.points.values()) == list(once.points.values())


def test_another_seed_is_another_search(once):
    other = format_search(**{**OPTIONS, "evaluations": 40}, seed=1).run()
    assert list(other.points) != list(once.points)[:40]


SCRIPT = """
import os
import signal
import sys
from pathlib import Path
from accelgen.workers import Journal
from tests.exploration.formats.small import format_search

class Deadly(Journal):
    def add(self, kind, task, result):
        super().add(kind, task, result)
        if len(self) == 40:
            os.kill(os.getpid(), signal.SIGKILL)

search = format_search(evaluations=80, population=12)
with Deadly(Path(sys.argv[1]), search.identity()) as journal:
    search.run(journal=journal)
"""


def test_a_killed_search_goes_on_to_the_same_end(once, tmp_path):
    path = tmp_path / "journal"
    root = Path(__file__).resolve().parents[3]
    killed = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    search = format_search(**OPTIONS)
    with Journal(path, search.identity()) as journal:
        kept = len(journal)
        resumed = search.run(journal=journal)
        assert kept == 40 < len(journal)
    assert list(resumed.points.values()) == list(once.points.values())
    tasks = [json.dumps(json.loads(line)["task"]) for line in path.read_text().splitlines()[1:]]
    evaluated = sum(max(len(point.parts), 1) for point in resumed.points.values())
    assert len(tasks) == len(set(tasks)) == evaluated


def test_a_longer_search_goes_on_from_a_shorter_one(once, tmp_path):
    path = tmp_path / "journal"
    short = format_search(**{**OPTIONS, "evaluations": 40})
    with Journal(path, short.identity()) as journal:
        found = short.run(journal=journal)
        assert list(found.points.values()) == list(once.points.values())[:40]
    long = format_search(**OPTIONS)
    with Journal(path, long.identity()) as journal:
        known = len(journal)
        assert list(long.run(journal=journal).points.values()) == list(once.points.values())
        assert 40 <= known < len(journal)


def test_another_search_is_not_resumed(tmp_path):
    path = tmp_path / "journal"
    Journal(path, format_search(seed=1).identity()).close()
    with pytest.raises(UsageError):
        Journal(path, format_search(seed=2).identity())


def test_what_differs_between_searches_is_said(tmp_path):
    path = tmp_path / "journal"
    Journal(path, format_search(goals=Goals.of({"latency": "100"}, "lut")).identity()).close()
    with pytest.raises(UsageError, match=r"search: goals.objective is \"lut\" there and \"ff\" here. Give"):
        Journal(path, format_search(goals=Goals.of({"latency": "100"}, "ff")).identity())


def test_estimates_are_corrected_as_where_the_search_began(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELGEN_SURROGATES", str(tmp_path))
    search = format_search()
    search.task([[0] * len(search.task.space.knobs), 0, 1])
    (tmp_path / "corrections.json").write_text("{}")
    with pytest.raises(ToolError, match=r"corrections of estimates in .* are not those with which"):
        search.task([[0] * len(search.task.space.knobs), 0, 1])
    assert format_search().identity()["corrections"] != search.identity()["corrections"]


def test_candidates_are_a_front_of_designs_with_scores(once):
    found = exploration(once, "classifier", "some board")
    accuracies = [candidate.scores["accuracy"] for candidate in found.candidates]
    luts = [candidate.estimate.total["lut"].value for candidate in found.candidates]
    assert found.axes == ("accuracy", "lut")
    assert accuracies == sorted(set(accuracies))
    assert luts == sorted(set(luts))
    best = next(candidate for candidate in found.candidates if candidate.name == found.best)
    original = 1 - once.task.benchmark.original
    assert best.scores["accuracy"] >= min(max(accuracies), original) - 0.01
    assert "the least LUT with accuracy at most 1% below" in best.reason
    assert [candidate.name for candidate in found.candidates if candidate.reason] == [found.best]
    assert all(candidate.estimate.total["latency_max_cycles"].value <= 100 for candidate in found.candidates)


def test_limits_that_nothing_keeps_are_an_error():
    search = format_search(evaluations=30, population=12, goals=Goals.of({"lut": 10}, "lut"))
    with pytest.raises(InfeasibleError, match=r"none of the 30 format .* the nearest one, LUT of at most 10"):
        exploration(search.run(), "classifier", "board")


def test_a_point_builds_and_its_project_computes_it(once, tmp_path):
    found = exploration(once, "classifier", "board")
    best = next(candidate for candidate in found.candidates if candidate.name == found.best)
    config = tmp_path / "best.yaml"
    config.write_text(best.design.to_yaml())
    data = tmp_path / "data.npz"
    x, labels = samples()
    np.savez(data, x=x)
    build = Model(classifier(), {}).build(tmp_path / "project", config=config)
    verified = build.verify(data)
    assert verified.csim_mismatches == 0
    (y,) = reference.predict(load_network(tmp_path / "project" / NETWORK), {"x": x}).values()
    assert np.mean(y.argmax(-1) == labels) == pytest.approx(best.scores["accuracy"], abs=1e-12)
