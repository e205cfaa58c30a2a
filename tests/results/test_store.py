"""The store of results: nothing is lost, doubled or damaged, whoever writes it and however they end."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen.errors import ReportError, UsageError
from accelgen.results import Failure, Filter, Predicted, Result, Store, schema, store_path
from accelgen.surrogates import dataset
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord, Stage, Synthesis

ROOT = Path(__file__).resolve().parents[2]
DESIGN = DesignRecord((LayerRecord("fc1", LayerKind.DENSE, n_in=16, n_out=4),), part="xczu7ev-ffvc1156-2-e")
SYNTHESIS = Synthesis(
    DESIGN,
    "Vitis HLS",
    "2023.2",
    Stage.C_SYNTHESIS,
    True,
    {"lut": 120.0, "latency_cycles": 7.0},
    {"fc1": {"lut": 100.0}},
    group="16-4",
    source="/somewhere/net",
)
PREDICTED = Predicted("0.3.0", "Vitis HLS 2023.2 c_synthesis", {"lut": (118.5, 100.0, 130.25)}, True, 0.99)
RESULT = Result(SYNTHESIS, "net", PREDICTED, details={"timing": {"wns_ns": 0.25, "met": True}})


def measured(lut, **changes):
    return replace(RESULT, synthesis=replace(SYNTHESIS, targets={"lut": float(lut)}, **changes))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "deep/er/results.sqlite") as opened:
        yield opened


def test_results_read_back_equal(store):
    failed = replace(
        RESULT,
        synthesis=replace(SYNTHESIS, success=False, targets={}, per_layer={}),
        predicted=None,
        failure=Failure.TIMED_OUT,
        details={},
    )
    assert store.insert(RESULT, failed) == [1, 2]
    first, second = store.query()
    assert (first.number, first.result) == (1, RESULT)
    assert (second.number, second.result) == (2, failed)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.added)


def test_the_same_report_is_one_result_with_its_first_prediction(store):
    later = replace(
        RESULT,
        synthesis=replace(SYNTHESIS, source="/elsewhere/net"),
        predicted=replace(PREDICTED, accelgen="9.9", total={"lut": (120.0, 119.0, 121.0)}),
        details={"vivado": "2023.2"},
    )
    assert store.insert(RESULT) == store.insert(later) == [1]
    (stored,) = store.query()
    assert stored.result == replace(later, predicted=PREDICTED)
    store.insert(replace(later, details={}))
    assert next(store.query()).result.details == {"vivado": "2023.2"}
    unpredicted = replace(measured(1), predicted=None)
    store.insert(unpredicted)
    store.insert(measured(1))
    assert [own.result.predicted for own in store.query()] == [PREDICTED, PREDICTED]


@pytest.mark.parametrize(
    "other",
    [
        replace(RESULT, network="other"),
        replace(RESULT, failure=Failure.KILLED),
        measured(121),
        measured(120, version="2024.1"),
        measured(120, tool="Vivado HLS"),
        measured(120, resource_stage=Stage.IMPLEMENTATION),
        measured(120, design=replace(DESIGN, part="xc7z020clg400-1")),
        measured(120, design=replace(DESIGN, clock_ns=4.0)),
    ],
)
def test_anything_else_that_differs_is_another_result(store, other):
    assert store.insert(measured(120), other) == [1, 2]


def test_filters(store):
    store.insert(
        RESULT,
        measured(1, design=replace(DESIGN, part="xc7z020clg400-1")),
        measured(2, tool="Vivado HLS", version="2019.1"),
        measured(3, resource_stage=Stage.LOGIC_SYNTHESIS),
        replace(measured(4, success=False), failure=Failure.FAILED, network="net[1]"),
    )

    def numbers(**filters):
        found = [own.number for own in store.query(Filter(**filters))]
        assert store.count(Filter(**filters)) == len(found)
        return found

    assert numbers() == [1, 2, 3, 4, 5]
    assert numbers(number=3) == [3]
    assert numbers(part="XC7Z*") == [2]
    assert numbers(tool="vivado hls") == numbers(tool="*2019.?") == [3]
    assert numbers(tool="vitis hls 2023.2", stage="c_synthesis", failed=False) == [1, 2]
    assert numbers(network="net") == [1, 2, 3, 4]
    assert numbers(failed=True) == [5]
    assert numbers(network="'; DROP TABLE results; --") == []
    assert numbers(network="\udcff*") == numbers(part="\udcff") == numbers(tool="\udcff") == []
    assert numbers(number=1 << 80) == []
    assert store.delete(Filter(part="xc7*")) == 1
    assert store.insert(measured(5)) == [6]  # no number is given twice
    assert numbers() == [1, 3, 4, 5, 6]


def test_inserts_are_all_or_none(store):
    broken = replace(RESULT, network="other", details={"bad": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        store.insert(RESULT, broken)
    assert store.count() == 0


def test_what_would_not_be_read_back_is_not_kept(store):
    twice = replace(DESIGN, layers=DESIGN.layers * 2)
    with pytest.raises(ReportError, match=r"the result of /somewhere/net: .*two of one name"):
        store.insert(RESULT, measured(1, design=twice))
    assert store.count() == 0


def test_exports_read_back_as_a_table(store, tmp_path):
    store.insert(RESULT, measured(3))
    path = tmp_path / "table.jsonl"
    dataset.write(path, (own.result.synthesis for own in store.query()))
    assert list(dataset.read(path)) == [SYNTHESIS, measured(3).synthesis]


def test_the_place_of_the_store(monkeypatch):
    monkeypatch.setenv("ACCELGEN_STORE", "")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert store_path() == Path("/data/accelgen/results.sqlite")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert store_path() == Path.home() / ".local/share/accelgen/results.sqlite"
    monkeypatch.setenv("ACCELGEN_STORE", "own.sqlite")
    assert store_path() == Path("own.sqlite")


TEXTS = st.text(st.characters(), max_size=30)  # with halves of characters, which SQLite does not take


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(network=TEXTS, part=TEXTS, layer=TEXTS)
def test_any_names_can_be_kept(store, network, part, layer):
    design = replace(DESIGN, part=part, layers=(replace(DESIGN.layers[0], name=layer),))
    result = replace(RESULT, network=network, synthesis=replace(SYNTHESIS, design=design, per_layer={}))
    (number,) = store.insert(result)
    (stored,) = store.query(Filter(number=number))
    assert stored.result.synthesis == result.synthesis
    assert stored.result.network == network.encode("utf-8", "backslashreplace").decode()


def test_migration_keeps_what_there_is(store, monkeypatch):
    store.insert(RESULT)
    more = ("ALTER TABLE results ADD COLUMN note TEXT NOT NULL DEFAULT ''", "CREATE TABLE other (x)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    with Store(store.path) as newer:
        assert [own.result for own in newer.query()] == [RESULT]
        newer.insert(measured(1))
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT note FROM results").fetchall() == [("",), ("",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


def test_a_migration_that_fails_changes_nothing(store, monkeypatch):
    store.insert(RESULT)
    version = len(schema.MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE other (x)", "NONSENSE")))
    with pytest.raises(UsageError, match="cannot be used"):
        Store(store.path)
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'other'").fetchone() == (
            0,
        )


def test_newer_and_foreign_files_are_refused(store, tmp_path):
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="written by a newer accelgen"):
        Store(store.path)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    with pytest.raises(UsageError, match="another program"):
        Store(other)
    text = tmp_path / "text"
    text.write_text("no database " * 1000)
    with pytest.raises(UsageError, match="cannot be used"):
        Store(text)
    with pytest.raises(UsageError, match="cannot be"):
        Store(text / "below")
    with pytest.raises(UsageError, match="is no file"):
        Store(tmp_path)
    with pytest.raises(UsageError, match="is no file"):
        Store(os.devnull)


def test_a_folder_that_cannot_be_written_is_named_as_the_cause(store, monkeypatch):
    def refuse(*_, **__):
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(UsageError, match=r"unable to open database file$"):
        Store(store.path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not bind root
    with pytest.raises(UsageError, match="writes beside the file even to read it"):
        Store(store.path)


@pytest.mark.parametrize(
    ("column", "value"), [("synthesis", "{}"), ("predicted", "[1"), ("failure", "bored")]
)
def test_a_damaged_row_is_named(store, column, value):
    store.insert(RESULT)
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"UPDATE results SET {column} = ?", (value,))
    with pytest.raises(ReportError, match=r"result 1 of .* cannot be read: .*'accelgen results delete 1'"):
        list(store.query())
    assert store.delete(Filter(number=1)) == 1
    assert list(store.query()) == []


WRITER = textwrap.dedent("""
    import sys
    from tests.results.test_store import Store, measured

    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Store(path) as store:
        for number in range(first, last):
            store.insert(measured(number))
            print(number, flush=True)
""")


def writer(path, first, last, output):
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=output, text=True)


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: what is tested is no disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = memory / f"accelgen-test-{os.getpid()}"
    folder.mkdir()
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_eight_processes_lose_nothing(quick_folder):
    path = quick_folder / "results.sqlite"
    writers = [writer(path, 1000 * number, 1000 * (number + 1), subprocess.DEVNULL) for number in range(8)]
    assert [process.wait() for process in writers] == [0] * 8
    with Store(path) as store:
        assert sorted(own.result.synthesis.targets["lut"] for own in store.query()) == list(range(8000))


def test_killed_writers_damage_nothing_and_lose_nothing_acknowledged(quick_folder):
    path = quick_folder / "results.sqlite"
    chance = random.Random(5)
    acknowledged = set()
    for round_number in range(3):
        writers = [
            writer(path, 100_000 * (3 * round_number + own), 10_000_000, subprocess.PIPE) for own in range(2)
        ]
        for process in writers:
            for _ in range(chance.randint(5, 60)):
                acknowledged.add(int(process.stdout.readline()))
        for process in writers:
            process.send_signal(signal.SIGKILL)
            acknowledged |= {int(line) for line in process.stdout if line.endswith("\n")}
            process.wait()
            process.stdout.close()
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with Store(path) as store:
            assert acknowledged <= {int(own.result.synthesis.targets["lut"]) for own in store.query()}
