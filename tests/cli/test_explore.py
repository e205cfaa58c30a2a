"""The commands that search: `accelgen explore`, and `accelgen build` where nothing is said of layers."""

import csv
import json
import re

import pytest

from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.exploration.goals import Goals, Limit
from tests.cli.commands import run, run_json

TAGGER = "examples/jet_tagger/model.keras"
EXPLORE = ("explore", TAGGER, "--board", "pynq-z2", "--points", "5")


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("latency", "2us", 400),
        ("latency", "500ns", 100),
        ("latency", "1.5 us", 300),
        ("latency", "120", 120),
        ("latency", "120cycles", 120),
        ("latency", "120 cycles", 120),
        ("interval", "1", 1),
        ("interval", "1ms", 200_000),
        ("lut", "60%", 31_920),
        ("lut", "20000", 20_000),
        ("bram", "50%", 140),
        ("uram", "0", 0),
    ],
)
def test_limits_are_read_as_people_write_them(name, text, most):
    from accelgen.boards import find_board

    limit = Limit.parse(name, text)
    assert limit.most(5.0, find_board("pynq-z2").part.resources) == most


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("latency", "2u"),
        ("latency", "60%"),
        ("lut", "2us"),
        ("lut", "-1"),
        ("lut", ""),
        ("lut", "nan"),
        ("x", "1"),
    ],
)
def test_what_is_no_limit(name, text):
    with pytest.raises(UsageError, match=r"is no limit on|there is no figure"):
        Limit.parse(name, text)


@pytest.mark.parametrize(
    ("margin", "sure"),
    [
        (None, (True, False)),
        ("90%", (True, True)),
        (0.9, (True, True)),
        ("0", (False, False)),
        (0, (False, False)),
    ],
)
def test_margins(margin, sure):
    goals = Goals.of(margin=margin)
    assert (goals.sure_resources, goals.sure_cycles) == sure


@pytest.mark.parametrize("margin", ["50%", "wide", 1])
def test_a_margin_is_that_of_the_intervals(margin):
    with pytest.raises(UsageError, match="a margin is 90%"):
        Goals.of(margin=margin)


def test_a_front_as_a_table(capsys):
    code, out, err = run(capsys, *EXPLORE, "--margin", "0")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^ front_\d\d", out, re.MULTILINE)) >= 3
    assert out.count("*") == 2
    assert "LUT is the limit" in out
    assert "162,624 designs (exact" in out


def test_fifo_depths_are_traded_in_streams_only(capsys):
    code, out, err = run(capsys, *EXPLORE, "--margin", "0", "--points", "3", "--fifos", "trade")
    assert (code, err) == (0, "")
    assert "note: no FIFO depths to trade" in out


def test_a_front_as_json(capsys):
    code, found = run_json(
        capsys, *EXPLORE, "--max-latency", "30us", "--max-lut", "90%", "--objective", "lut"
    )
    assert code == 0
    assert found["axes"] == ["latency_max_cycles", "lut"]
    assert found["limits"]["lut"] == 47_880
    assert found["limits"]["latency_max_cycles"] == 3000
    assert found["proven"]
    assert found["evaluated"] == 0
    best = next(own for own in found["candidates"] if own["name"] == found["best"])
    assert best["reason"].startswith("best by lut")
    luts = [own["estimate"]["total"]["lut"] for own in found["candidates"]]
    assert min(own["value"] for own in luts) == best["estimate"]["total"]["lut"]["value"]
    for own in found["candidates"]:
        assert own["estimate"]["total"]["lut"]["high"] <= 47_880
        assert own["estimate"]["total"]["latency_max_cycles"]["value"] <= 3000
        assert Design.from_yaml(own["design"]).part == "xc7z020clg400-1"


def test_a_directory_of_designs_is_written_and_built(capsys, tmp_path):
    folder = tmp_path / "out"
    code, out, _ = run(capsys, *EXPLORE, "--margin", "0", "-o", folder, "--build", "1", "--name", "tagger")
    assert code == 0
    rows = list(csv.DictReader((folder / "front.csv").open(encoding="utf-8")))
    assert sorted(own.stem for own in (folder / "designs").iterdir()) == [row["name"] for row in rows]
    (recommended,) = (row["name"] for row in rows if row["recommended"] == "true")
    project = folder / "projects" / recommended
    assert f"built: {project}" in out
    assert (folder / "Makefile").read_text().startswith("PROJECTS ?= projects/*\n")
    design = Design.from_yaml((folder / "designs" / f"{recommended}.yaml").read_text(encoding="utf-8"))
    built = Design.from_yaml((project / "design.yaml").read_text(encoding="utf-8"))
    assert built.layers == design.layers
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert json.loads((project / "build.json").read_text(encoding="utf-8"))["network"] == "tagger"


def test_several_boards_and_periods_and_io_types(capsys):
    code, found = run_json(
        capsys,
        *("explore", TAGGER, "--board", "pynq-z2", "--board", "u250", "--clock-ns", "5,10"),
        *("--io-type", "both", "--points", "4", "--axes", "interval,ff", "--margin", "0"),
    )
    assert code == 0
    assert found["axes"] == ["interval_us", "ff"]
    assert found["board"] == "pynq-z2, u250"
    assert found["combinations"] == 8 * 162_624


def test_impossible_limits_fail_with_the_reason(capsys):
    code, out, err = run(capsys, *EXPLORE, "--max-latency", "20 cycles", "--margin", "0")
    assert (code, out) == (1, "")
    assert err.startswith("accelgen: error: no design keeps the limits: ")
    assert "latency of at most 20 cycles (0.2 us) is impossible" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--build", "2"), "--build goes with -o DIR"),
        (("--axes", "latency"), "names no two figures"),
        (("--axes", "latency,latency"), "two different axes"),
        (("--axes", "latency,speed"), "there is no figure 'speed'"),
        (("--clock-ns", "5,x"), "no list of clock periods"),
        (("--points", "1"), "2 points or more"),
        (("--max-lut", "60us"), "is no limit on lut"),
        (("--part", "xcu250-figd2104-2L-e", "--config", "nothing.yaml"), "cannot be read"),
    ],
)
def test_bad_usage_of_explore(capsys, arguments, message):
    code, out, err = run(capsys, *EXPLORE, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_build_that_says_nothing_of_layers_is_searched(capsys, tmp_path):
    code, found = run_json(capsys, "build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p")
    assert code == 0
    search = found["search"]
    assert search["objective"] == "latency"
    assert search["proven"]
    assert search["combinations"] == 162_624
    assert "LUT is the limit" in search["reason"]
    assert found["estimate"]["fits"]
    again_code, front = run_json(capsys, *EXPLORE)
    best = next(own for own in front["candidates"] if own["name"] == front["best"])
    assert again_code == 0
    assert best["reason"] == search["reason"]
    assert best["estimate"]["total"] == found["estimate"]["total"]


def test_a_build_within_limits_says_why(capsys, tmp_path):
    code, out, _ = run(
        capsys,
        *("build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p"),
        *("--max-latency", "5us", "--objective", "lut", "--reuse-factor", "fc1=16", "--margin", "0"),
    )
    assert code == 0
    assert "chosen: best by lut: latency is the limit" in out
    built = Design.from_yaml((tmp_path / "p" / "design.yaml").read_text(encoding="utf-8"))
    assert built.layers["fc1"].reuse_factor == 16


@pytest.mark.parametrize("said", [("--strategy", "auto"), ("--reuse-factor", "1")])
def test_a_build_that_says_how_is_not_searched(capsys, tmp_path, said):
    code, found = run_json(capsys, "build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p", *said)
    assert code == 0
    assert found["search"] is None
    assert {layer["reuse_factor"] for layer in found["layers"]} <= {1, None}


def test_a_build_within_impossible_limits_writes_nothing(capsys, tmp_path):
    code, _, err = run(
        capsys, "build", TAGGER, "--board", "pynq-z2", "-o", tmp_path / "p", "--max-interval", "1"
    )
    assert code == 1
    assert "no design keeps the limits" in err
    assert not (tmp_path / "p").exists()


def test_a_front_that_time_cuts_short_says_so(capsys):
    code, found = run_json(capsys, *EXPLORE, "--time-limit", "1e-9")
    assert code == 0
    assert not found["proven"]
    assert any("--time-limit" in note for note in found["notes"])
    assert found["best"]


@pytest.mark.parametrize("journal", ["search.jsonl", "designs/search.jsonl"])
def test_a_journal_in_what_is_replaced_is_refused(capsys, tmp_path, journal):
    code, _, err = run(capsys, *EXPLORE, "-o", tmp_path / "o", "--journal", tmp_path / "o" / journal)
    assert code == 2
    assert "put it beside that" in err
    assert not (tmp_path / "o").exists()


def test_a_directory_that_holds_something_else_is_refused_before_the_search(capsys, tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was searched")

    monkeypatch.setattr("accelgen.api.explore", never)
    (tmp_path / "thesis.tex").write_text("mine")
    code, _, err = run(capsys, *EXPLORE, "-o", tmp_path)
    assert code == 2
    assert "exists and is no exploration" in err


def test_a_time_limit_is_a_number_of_seconds(capsys):
    code, _, err = run(capsys, *EXPLORE, "--time-limit", "soon")
    assert code == 2
    assert "'soon' is no number of seconds" in err
