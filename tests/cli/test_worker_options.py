"""``--workers``, ``--dask`` and ``--journal``: another place, the same answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelgen.workers import cluster
from tests.cli.commands import run, run_json

TAGGER = Path(__file__).resolve().parents[2] / "examples/jet_tagger/model.keras"
EXPLORE = ("explore", TAGGER, "--part", "xc7z020clg400-1", "--clock-ns", "5,10", "--io-type", "both")


def test_workers_and_a_journal_change_no_answer(capsys, tmp_path):
    journal = tmp_path / "journal.jsonl"
    code, here = run_json(capsys, *EXPLORE)
    assert code == 0
    assert run_json(capsys, *EXPLORE, "--workers", "2", "--journal", journal) == (0, here)
    written = journal.read_bytes()
    assert written.count(b"\n") == 1 + 4  # what is searched, and the front of each clock period and io type
    journal.write_bytes(written[:-99])
    assert run_json(capsys, *EXPLORE, "--journal", journal) == (0, here)
    code, _, error = run(capsys, *EXPLORE, "--points", "5", "--journal", journal)
    assert code == 2
    assert f"{journal} is the journal of another search: goals.points is 20 there and 5 here" in error


def test_two_kinds_of_workers_are_refused(capsys):
    code, _, error = run(capsys, *EXPLORE, "--workers", "2", "--dask", "127.0.0.1:1")
    assert (code, error.count("\n")) == (2, 1)
    assert "give --workers or --dask, not both" in error


def test_a_scheduler_that_does_not_answer_is_a_failure(capsys, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "TIMEOUT_S", 0.1)
    code, _, error = run(capsys, *EXPLORE, "--dask", "127.0.0.1:1")
    assert (code, error.count("\n")) == (1, 1)
    assert "no Dask scheduler answers at 127.0.0.1:1" in error
