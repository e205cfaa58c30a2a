"""The directory of a search."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from accelgen.api import load
from accelgen.design import Design, IoType
from accelgen.errors import UsageError
from accelgen.estimation import Figure
from accelgen.exploration.candidate import Exploration
from accelgen.exploration.report import is_exploration, write_exploration
from accelgen.exploration.report.figures import Quantity, variant_of
from tests.exploration.report.conftest import MODEL


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def written(exploration: Exploration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("explored") / "out"
    write_exploration(exploration, directory)
    return directory


def rows(directory: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((directory / "front.csv").read_text(encoding="utf-8").splitlines()))


def test_every_candidate_has_a_row_and_a_line(exploration: Exploration, written: Path) -> None:
    assert is_exploration(written)
    for candidate, row in zip(exploration.candidates, rows(written), strict=True):
        estimate = candidate.estimate
        lut = estimate.total["lut"]
        assert [float(row[f"lut{end}"]) for end in ("", "_low", "_high")] == pytest.approx(
            [lut.value, lut.low, lut.high], abs=1e-3
        )
        assert float(row["latency_us"]) == pytest.approx(estimate.latency_us, abs=1e-3)
        assert float(row["lut_share"]) == pytest.approx(estimate.shares["lut"], abs=1e-4)
        assert row["uram_share"] == ""  # the part has none
        assert row["fits"] == str(estimate.fits).lower()
        assert row["recommended"] == str(candidate.name == exploration.best).lower()
        assert row["reuse_factor:fc2"] == str(candidate.design.layers["fc2"].reuse_factor)
        assert row["weight_bits:fc2"] == "6"
    lines = (written / "front.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [one.as_json() for one in exploration.candidates]


def test_rows_have_the_same_columns_whatever_is_known(exploration: Exploration, tmp_path: Path) -> None:
    first, second = exploration.candidates[:2]
    scored = replace(first, scores={"accuracy": 0.75}, estimate=replace(first.estimate, capacity=None))
    write_exploration(replace(exploration, candidates=(scored, second)), tmp_path / "out")
    known, unknown = rows(tmp_path / "out")
    assert (known["accuracy"], unknown["accuracy"]) == ("0.75", "")
    assert (known["fits"], known["lut_share"]) == ("", "")
    assert "accuracy_low" not in known
    assert None not in known.values()


def test_a_design_file_is_built_as_it_is(exploration: Exploration, written: Path, tmp_path: Path) -> None:
    for candidate in exploration.candidates:
        path = written / "designs" / f"{candidate.name}.yaml"
        assert Design.from_yaml(path.read_text(encoding="utf-8")) == candidate.design
    build = load(MODEL).build(tmp_path / "project", config=path)
    assert {name: (own.strategy, own.reuse_factor) for name, own in build.design.layers.items()} == {
        name: (own.strategy, own.reuse_factor) for name, own in candidate.design.layers.items()
    }
    assert build.report.adjustments == ()


def test_the_same_search_gives_the_same_bytes(exploration: Exploration, written: Path) -> None:
    first = contents(written)
    assert {"front.csv", "front.jsonl", "report.html", "designs/front_00.yaml"} <= first.keys()
    write_exploration(exploration, written)
    assert contents(written) == first


def test_an_earlier_search_is_replaced_and_nothing_else(exploration: Exploration, tmp_path: Path) -> None:
    write_exploration(exploration, tmp_path / "out")
    write_exploration(replace(exploration, candidates=exploration.candidates[:2]), tmp_path / "out")
    assert [path.name for path in sorted((tmp_path / "out" / "designs").iterdir())] == [
        "front_00.yaml",
        "front_01.yaml",
    ]
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="exists and is no exploration"):
        write_exploration(exploration, other)
    assert contents(other) == {"report.html": b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "thesis"]


@pytest.mark.parametrize("name", ["", "../front", "a/b", ".hidden", "-o", "b\u00e4r", "a b"])
def test_a_name_that_is_no_file_is_refused(exploration: Exploration, tmp_path: Path, name: str) -> None:
    named = replace(exploration.candidates[0], name=name)
    with pytest.raises(UsageError, match="a candidate's name"):
        write_exploration(replace(exploration, candidates=(named,)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_search_without_an_answer_is_written_too(exploration: Exploration, tmp_path: Path) -> None:
    write_exploration(replace(exploration, candidates=(), best=""), tmp_path / "out")
    assert rows(tmp_path / "out") == []


def test_equal_names_are_refused(exploration: Exploration, tmp_path: Path) -> None:
    twice = (exploration.candidates[0],) * 2
    with pytest.raises(UsageError, match="two candidates"):
        write_exploration(replace(exploration, candidates=twice), tmp_path / "out")


def test_there_is_a_picture_where_matplotlib_is(exploration: Exploration, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert write_exploration(exploration, tmp_path / "out") == ()
    assert (tmp_path / "out" / "front.png").read_bytes().startswith(b"\x89PNG")


def test_variants_have_marks_of_their_own(exploration: Exploration) -> None:
    pyplot = pytest.importorskip("matplotlib.figure")
    from accelgen.exploration.report import picture

    first, second, *others = exploration.candidates
    streamed = replace(second, design=replace(second.design, io_type=IoType.STREAM))
    mixed = replace(exploration, candidates=(first, streamed, *others), best=first.name)
    axes = pyplot.Figure().subplots()
    designs = [(own, own.estimate.total["lut"], own.estimate.total["ff"]) for own in mixed.candidates]
    picture._draw(axes, designs, mixed.best)
    shapes = {
        line.get_label(): line.get_marker() for line in axes.lines if not line.get_label().startswith("_")
    }
    assert shapes["io_parallel"] == shapes["recommended"] == "o"
    assert shapes["io_stream"] == "s"
    assert variant_of(mixed.candidates)(streamed) == "io_stream"
    assert variant_of(exploration.candidates)(first) == ""


@pytest.mark.parametrize("least", [3, 30, 500])
@pytest.mark.parametrize("decades", [1.2, 2, 2.6, 3.5, 5])
def test_numbers_of_an_axis_do_not_run_into_each_other(least: float, decades: float) -> None:
    matplotlib = pytest.importorskip("matplotlib.figure")
    backend = pytest.importorskip("matplotlib.backends.backend_agg")
    from accelgen.exploration.report import picture

    canvas = matplotlib.Figure(figsize=(6.4, 4.4), layout="constrained")
    drawing = backend.FigureCanvasAgg(canvas)
    axes = canvas.subplots()
    figures = [Figure(value, value, value) for value in (least, least * 10**decades)]
    axes.plot([figure.value for figure in figures], [1, 2])
    picture._scale(axes, "x", Quantity("lut", "LUT"), figures, None)
    drawing.draw()
    boxes = [
        label.get_window_extent()
        for tick in axes.xaxis.get_major_ticks()
        if axes.get_xlim()[0] <= tick.get_loc() <= axes.get_xlim()[1]
        for label in [tick.label1]
    ]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_without_matplotlib_a_note_says_so(
    exploration: Exploration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    (note,) = write_exploration(exploration, tmp_path / "out")
    assert "accelgen[plot]" in note
    assert is_exploration(tmp_path / "out")
    assert not (tmp_path / "out" / "front.png").exists()
