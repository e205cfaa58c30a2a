"""``accelgen surrogate dataset`` as its users meet it."""

import json

import pytest

from accelgen import cli
from accelgen.cli.surrogate import reading
from accelgen.surrogates.dataset import read
from tests.surrogates.dataset.projects import write_project

CHAINS = """\
model_string,prec,rf,strategy,est_clk_ns,latency_min,latency_max,ii_min,bram_18k,dsp,ff,lut,uram,success
80-24-120,6,1024,resource,3.781,1923,1925,1923,1.5,0,10075,15596,0,TRUE
80-24,6,0,resource,3.781,1923,1925,1923,1.5,0,10075,15596,0,TRUE
16-16,4,3,resource,3.7,17,18,17,0,0,100,200,0,FALSE
"""


def run(capsys, *arguments):
    """Exit code, stdout and stderr of one command."""
    code = cli.main(["surrogate", "dataset", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def sources(tmp_path):
    """A table with a bad row, a project, and a file of something else."""
    folder = tmp_path / "data"
    write_project(folder / "net")
    (folder / "chains.csv").write_text(CHAINS)
    (folder / "other.csv").write_text("a,b\n1,2\n")
    return folder


def test_convert_counts_rows_failures_and_skipped_records(capsys, sources, tmp_path):
    table = tmp_path / "table.csv"
    code, out, err = run(capsys, "convert", sources, "-o", table, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "output": str(table),
        "written": 3,
        "rows": 3,
        "failures": 1,
        "skipped": 1,
        "sources": [
            {
                "path": str(sources / "chains.csv"),
                "format": "wa-hls4ml dense chains",
                "rows": 2,
                "failures": 1,
                "skipped": 1,
            },
            {
                "path": str(sources / "net"),
                "format": "hls4ml project",
                "rows": 1,
                "failures": 0,
                "skipped": 0,
            },
        ],
        "reasons": [
            {
                "source": str(sources / "chains.csv"),
                "row": 2,
                "reason": "rf is '0', not a number from 1 up",
            }
        ],
        "ignored": [str(sources / "other.csv")],
    }
    assert read(table).rows == read(sources).rows


def test_convert_shows_the_same_as_text(capsys, sources, tmp_path):
    code, out, _ = run(capsys, "convert", sources, "-o", tmp_path / "table.jsonl")
    assert code == 0
    assert f"skipped {sources / 'chains.csv'}:2: rf is '0'" in out
    assert f"ignored {sources / 'other.csv'}" in out
    assert "3 rows, 1 failures, 1 skipped\n" in out


def test_many_sources_are_shown_by_format(capsys, sources, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SOURCES", 2)
    write_project(sources / "second")
    _, out, _ = run(capsys, "convert", sources, "-o", tmp_path / "table.jsonl")
    assert "2 sources" in out
    assert str(sources / "net") not in out


def test_merge_writes_each_synthesis_once(capsys, sources, tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.jsonl"
    run(capsys, "convert", sources, "-o", first)
    run(capsys, "convert", sources / "net", "-o", second)
    _, out, _ = run(capsys, "merge", first, second, "-o", tmp_path / "all.csv", "--json")
    found = json.loads(out)
    assert (found["rows"], found["written"]) == (4, 3)
    assert read(tmp_path / "all.csv").rows == read(first).rows
    _, out, _ = run(capsys, "merge", first, second, "-o", first)  # a table may be extended in place
    assert "3 rows, 1 failures, 0 skipped, 1 that stand there already" in out
    assert len(read(first)) == 3


def test_describe_gives_counts_and_ranges(capsys, sources):
    code, out, _ = run(capsys, "describe", sources, "--json")
    found = json.loads(out)
    assert (code, found["rows"], found["groups"]) == (0, 3, 3)
    assert found["counts"]["tool"] == {"Vitis HLS 2023.2": 2, "Vitis HLS 2021.1": 1}
    assert found["counts"]["stage"] == {"logic_synthesis": 2, "c_synthesis": 1}
    assert found["counts"]["kind"] == {"dense": 3, "normalize": 1, "relu": 1, "softmax": 1}
    assert found["counts"]["strategy"] == {"resource": 3, "latency": 1}
    assert found["targets"]["lut"] == {"rows": 2, "min": 1000, "median": 8298, "mean": 8298, "max": 15596}
    code, out, _ = run(capsys, "describe", sources)
    assert code == 0
    assert "3 architectures" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("convert", "missing", "-o", "table.csv"), "missing is no file and no folder"),
        (("convert", ".", "-o", "table.csv"), "there is no synthesis in ."),
        (("convert", "chains.csv", "-o", "table.xlsx"), "tables are written as .parquet, .csv, .jsonl"),
        (
            ("describe", "bad.csv"),
            "there is no synthesis in bad.csv; the first was skipped: bad.csv:1: rf is",
        ),
    ],
)
def test_bad_usage_is_one_sentence(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    if arguments[1] != ".":
        (tmp_path / "chains.csv").write_text(CHAINS)
        lines = CHAINS.splitlines()
        (tmp_path / "bad.csv").write_text(f"{lines[0]}\n{lines[2]}\n")
    before = sorted(tmp_path.iterdir())
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_completion_knows_the_commands_below_a_group(capsys):
    assert cli.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for command in ("convert", "merge", "describe"):
        assert f"surrogate_dataset_{command}" in script
