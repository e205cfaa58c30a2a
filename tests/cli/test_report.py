"""``accelgen report`` and ``accelgen results``: what they print, keep and answer with."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from accelgen.results import Failure, Store
from accelgen.surrogates import dataset
from tests.cli.commands import run, run_json
from tests.comparison.projects import write_whole_project
from tests.surrogates.dataset.projects import write_project


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    path = tmp_path / "own/results.sqlite"
    monkeypatch.setenv("ACCELGEN_STORE", str(path))
    return path


@pytest.fixture
def whole(tmp_path):
    return write_whole_project(tmp_path / "net")


def test_one_project_is_shown_with_its_layers(capsys, whole):
    code, out, err = run(capsys, "report", whole)
    assert (code, err) == (0, "")
    for text in ("C synthesis", "cosimulation", "timing after implementation is not met", "softmax", "1,000"):
        assert text in " ".join(out.split()), text
    assert "kept as 3 results, 1 to 3" in out


def test_several_are_summarized(capsys, tmp_path, whole):
    write_project(tmp_path / "other")
    code, out, _ = run(capsys, "report", whole, tmp_path / "other", "--no-store")
    assert code == 0
    assert out.count("median size of errors") == 4
    assert "kept" not in out


def test_json_holds_all(capsys, tmp_path, whole):
    write_project(tmp_path / "other")
    code, data = run_json(capsys, "report", tmp_path)
    assert (code, data["failures"], data["results"]) == (0, [], [1, 2, 3])  # of a copy too
    first, second = data["projects"]
    assert (first["project"], second["project"]) == (str(whole), str(tmp_path / "other"))
    csynth, cosim, logic, implementation = first["steps"]
    assert csynth["figures"]["lut"]["measured"] == 1000
    figure = csynth["figures"]["lut"]
    assert figure["error"] == pytest.approx(figure["predicted"] / 1000 - 1, abs=1e-4)
    assert (cosim["passed"], logic["timing"]["met"], implementation["timing"]["wns_ns"]) == (
        True,
        True,
        -0.25,
    )


def test_what_is_not_read_is_named_and_nothing_at_all_fails(capsys, tmp_path, whole):
    (tmp_path / "empty").mkdir()
    code, out, err = run(capsys, "report", whole, tmp_path / "empty", tmp_path / "missing")
    assert code == 0
    assert err.splitlines() == [
        f"accelgen: not read: {tmp_path}/empty is no project of accelgen or hls4ml, and holds none",
        f"accelgen: not read: {tmp_path}/missing is no folder",
    ]
    assert "C synthesis" in " ".join(out.split())
    code, out, err = run(capsys, "report", tmp_path / "empty")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1


def test_a_store_that_cannot_be_written_leaves_the_report(capsys, whole, store):
    store.parent.write_text("a file where the folder should be")
    code, out, err = run(capsys, "report", whole)
    assert (code, err.count("not kept")) == (0, 1)
    assert "kept" not in out


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_is_one_file_that_asks_for_nothing(capsys, tmp_path, whole):
    hostile = tmp_path / "<script>alert(1)</script> & co"
    write_project(hostile)
    page = tmp_path / "report.html"
    unread = tmp_path / "<b>none</b>"
    code, out, _ = run(capsys, "report", whole, hostile, unread, "--html", page)
    assert (code, f"written: {page}" in out) == (0, True)
    parsed = _Page()
    parsed.feed(page.read_text())
    tags = [tag for tag, _ in parsed.tags]
    assert "script" not in tags
    assert "b" not in tags
    assert f"not read: {unread} is no folder" in parsed.text
    assert tags.count("svg") == 5
    assert "<script>alert(1)</script> & co" in parsed.text
    addresses = [own.get("src") or own.get("href") for _, own in parsed.tags]
    assert {address for address in addresses if address} == {"data:,"}
    assert "1,000" in parsed.text
    assert re.search(r"default-src 'none'", page.read_text())


def test_results_are_listed_filtered_shown_and_deleted(capsys, whole):
    run(capsys, "report", whole)
    code, out, _ = run(capsys, "results")
    assert (code, out.splitlines()[-1]) == (0, "3 results")
    _, listed = run_json(capsys, "results", "--stage", "implementation")
    assert [own["number"] for own in listed] == [3]
    assert [own["number"] for own in run_json(capsys, "results", "list", "--part", "XC7Z*")[1]] == [1, 2, 3]
    assert run_json(capsys, "results", "--tool", "Vivado HLS")[1] == []
    code, out, _ = run(capsys, "results", "show", 3)
    shown = json.loads(out)
    assert (shown["targets"]["lut"], shown["details"]["timing"]["wns_ns"]) == (750, -0.25)
    assert [layer["name"] for layer in shown["layers"]][:2] == ["fc1", "fc1_alpha"]
    assert run_json(capsys, "results", "delete", 1, 3) == (0, {"deleted": 2})
    assert [own["number"] for own in run_json(capsys, "results")[1]] == [2]
    assert run_json(capsys, "results", "delete", "--all") == (0, {"deleted": 1})


def test_results_export_what_surrogates_read(capsys, tmp_path, whole):
    run(capsys, "report", whole)
    table = tmp_path / "table.csv"
    assert run(capsys, "results", "export", "-o", table, "--succeeded")[:2] == (
        0,
        f"written: {table}, 3 rows\n",
    )
    rows = list(dataset.read(table))
    assert [row.targets["lut"] for row in rows] == [1000, 800, 750]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_no_text_is_reported_and_exported(capsys, tmp_path):
    folder = tmp_path / "\udcff\n<b>"
    write_whole_project(folder)
    page = tmp_path / "page.html"
    code, out, err = run(capsys, "report", folder, "--html", page)
    assert (code, err) == (0, "")
    assert "kept as 3 results" in out
    assert r"\udcff" in page.read_text()
    tables = [tmp_path / f"table.{kind}" for kind in ("csv", "jsonl")]
    for table in tables:
        assert run(capsys, "results", "export", "-o", table)[0] == 0
        assert [row.source.count(r"\udcff") for row in dataset.read(table)] == [1] * 3


def test_exports_leave_out_what_says_nothing_of_a_design(capsys, tmp_path, whole):
    run(capsys, "report", whole)
    table = tmp_path / "table.jsonl"
    with Store() as store:
        done = next(store.query()).result
        for failure in Failure:
            failed = replace(done.synthesis, success=False, targets={}, per_layer={})
            store.insert(replace(done, synthesis=failed, failure=failure))
    assert run_json(capsys, "results", "export", "-o", table) == (
        0,
        {"rows": 6, "left_out": 2, "output": str(table)},
    )
    assert [row.success for row in dataset.read(table)] == [True] * 3 + [False] * 3
    assert "left out: 2 killed or without a report" in run(capsys, "results", "export", "-o", table)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", 9), "there is no result 9"),
        (("delete",), "say which results"),
        (("delete", 1, "--all"), "say which results"),
        (("delete", "--all", "--part", "x"), "say which results"),
        (("export", "-o", "table.xls"), "tables are written as"),
        (("--part", "x", "delete"), "unrecognized arguments"),
    ],
)
def test_mistakes_are_explained(capsys, whole, arguments, message):
    run(capsys, "report", whole)
    code, _, err = run(capsys, "results", *arguments)
    assert code == 2
    assert message in err
    assert len(run_json(capsys, "results")[1]) == 3


def test_without_results_the_store_is_named(capsys, store):
    code, _, err = run(capsys, "results")
    assert code == 2
    assert str(store) in err
    assert not store.exists()
