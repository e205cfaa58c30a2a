from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from accelgen.errors import UsageError
from accelgen.exploration.milp import solve
from accelgen.exploration.tables import read_tables
from tests.exploration.problems import all_designs

OPTIONS = Path(__file__).parent / "options.csv"
ROOT = Path(__file__).parents[2]
NTORC = [ROOT.parent / "shared" / "data" / "search" / f"ntorc_net1_{kind}.csv" for kind in ("conv", "dense")]
HEADER, *LINES = OPTIONS.read_text().splitlines()


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("search_benchmark", ROOT / "benchmarks" / "search.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there for what annotations mean
    spec.loader.exec_module(module)
    return module


def written(path: Path, lines: list[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]))
    return path


def test_optimum_is_that_of_brute_force():
    problem = read_tables([OPTIONS]).problem(400)
    figures = problem.evaluate(all_designs(problem))
    solution = solve(problem)
    assert solution is not None
    assert solution.cost == pytest.approx(problem.cost(figures)[figures["latency"] <= 400].min(), rel=1e-12)


def test_rows_may_be_in_any_order_and_in_several_files(tmp_path: Path):
    whole = solve(read_tables([OPTIONS]).problem(400))
    parts = [written(tmp_path / f"{n}.csv", LINES[::-1][n::3]) for n in range(3)]
    split = solve(read_tables(parts).problem(400))
    assert whole is not None
    assert split is not None
    assert split.cost == pytest.approx(whole.cost, rel=1e-12)


def test_latency_may_be_in_one_column(tmp_path: Path):
    path = written(tmp_path / "t.csv", LINES, HEADER.replace("latency_max", "latency"))
    figures = solve(read_tables([path]).problem(400)).figures
    assert figures == solve(read_tables([OPTIONS]).problem(400)).figures


@pytest.mark.parametrize("entry", ["nan", "NaN", "", "inf"])
def test_rows_without_a_figure_are_left_out(tmp_path: Path, entry: str):
    entries = LINES[0].split(",")
    entries[3] = entry
    table = read_tables([written(tmp_path / "t.csv", [",".join(entries), *LINES[1:]])])
    assert [row.line for row in table.left_out] == [2]
    assert len(table.layers[0]) == 5


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        (LINES, HEADER.replace("predicted_ff", "ff"), "no column 'predicted_ff'"),
        (LINES, HEADER.replace("latency_max", "cycles"), "no column 'predicted_latency_max' or"),
        (LINES, HEADER.replace("layer_name", "name"), "no column 'layer_name'"),
        (LINES, HEADER.replace("predicted_ff", "predicted_lut"), "more than once"),
        ([LINES[0], LINES[1] + ",7"], HEADER, "line 3: 10 entries"),
        ([LINES[0].replace("16", "x", 1).replace(",1,", ",1.5,")], HEADER, "line 2, column 'reuse_factor'"),
        ([LINES[0].replace(",1,16,", ",1,16,many")], HEADER, "line 2, column 'predicted_lut': 'many"),
        ([LINES[0].replace("dense_0", "")], HEADER, "line 2, column 'layer_name'"),
        (["dense_0,1,16,nan,1,1,1,1,1"], HEADER, "'dense_0'"),
        ([], HEADER, "no rows"),
        (['"dense'], HEADER, "no CSV file"),
    ],
)
def test_malformed_tables_are_refused(tmp_path: Path, lines: list[str], header: str, message: str):
    with pytest.raises(UsageError, match=message):
        read_tables([written(tmp_path / "t.csv", lines, header)])


def test_missing_and_binary_files_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot read"):
        read_tables([tmp_path / "none.csv"])
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match="no CSV file"):
        read_tables([tmp_path / "binary.csv"])


def run(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: object,
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["search.py", *map(str, arguments)])
    code = benchmark.main()
    return code, capsys.readouterr().out


@pytest.mark.skipif(not all(path.exists() for path in NTORC), reason="needs ../shared/data/search")
def test_published_problem(benchmark, monkeypatch, capsys):
    code, text = run(
        benchmark,
        monkeypatch,
        capsys,
        *NTORC,
        "--max-latency",
        50000,
        "--trials",
        "1000",
        "--front",
        "--json",
    )
    answer = json.loads(text)
    assert code == 0
    assert answer["combinations"] == 127_031_877_504
    assert answer["cost"] == pytest.approx(159_717.7326435396, rel=1e-12)
    assert answer["proven"]
    assert answer["figures"]["latency"] <= 50_000
    assert len(answer["choices"]) == 11
    assert answer["front"][-1]["cost"] == pytest.approx(answer["cost"])
    assert {row["method"] for row in answer["trials"]} == {"random search", "simulated annealing"}
    assert all(row["gap"] is None or row["gap"] >= 0 for row in answer["trials"])


def test_trials_find_nothing_better(benchmark, monkeypatch, capsys):
    arguments = (OPTIONS, "--max-latency", 400, "--trials", "1000,20000", "--json")
    code, text = run(benchmark, monkeypatch, capsys, *arguments)
    assert code == 0
    answer = json.loads(text)
    best = {row["method"]: row["gap"] for row in answer["trials"]}
    assert best == {"random search": 0, "simulated annealing": 0}
    again = json.loads(run(benchmark, monkeypatch, capsys, *arguments)[1])
    assert [row["cost"] for row in again["trials"]] == [row["cost"] for row in answer["trials"]]
    assert again["choices"] == answer["choices"]


def test_impossible_limit_is_explained(benchmark, monkeypatch, capsys):
    code, text = run(benchmark, monkeypatch, capsys, OPTIONS, "--max-latency", 20)
    assert code == 1
    assert "no design keeps the limit" in text
    assert "the least is latency 118.3" in text
    code, text = run(benchmark, monkeypatch, capsys, OPTIONS, "--max-latency", 20, "--json")
    answer = json.loads(text)
    assert not answer["feasible"]
    assert answer["nearest"]["figures"]["latency"] == answer["least"]["latency"] > 20
    assert sum(row["latency"] for row in answer["choices"]) == pytest.approx(answer["least"]["latency"])
