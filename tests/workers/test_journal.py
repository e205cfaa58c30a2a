"""Journals: what was written is there again, whatever a killed process left of the last line."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.errors import UsageError
from accelgen.workers import Journal, evaluate
from tests.workers import functions

SEARCH = {"model": "ab" * 32, "board": "pynq-z2", "limits": {"lut": 0.6}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def write(path, count):
    with Journal(path, SEARCH) as journal:
        for task in range(count):
            journal.add("", str(task), json.dumps({"third": task / 3}))
    return path.read_bytes()


def read(path, tasks=range(5)):
    with Journal(path, SEARCH) as journal:
        return {task: journal.find("", str(task)) for task in tasks if journal.find("", str(task))}


def test_every_line_is_json_for_other_programs(path):
    lines = [json.loads(line) for line in write(path, 2).splitlines()]
    assert lines[0]["accelgen_journal"] == 1
    assert lines[0]["search"]["board"] == "pynq-z2"
    assert [(line["task"], line["result"]) for line in lines[1:]] == [
        (0, {"third": 0.0}),
        (1, {"third": 1 / 3}),
    ]


@given(st.lists(st.floats(), max_size=5), st.text(max_size=5))
def test_floats_and_texts_come_back_exactly(tmp_path_factory, floats, text):
    path = tmp_path_factory.mktemp("journal") / "journal"
    own = json.dumps([*floats, text], separators=(",", ":"))
    with Journal(path, SEARCH) as journal:
        journal.add(text, own, own)
    with Journal(path, SEARCH) as journal:
        assert journal.find(text, own) == own
    *found, end = json.loads(own)
    assert end == text
    assert all(
        (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
        for a, b in zip(found, floats, strict=True)
    )


def test_a_journal_torn_anywhere_reads_as_what_is_whole(path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    whole = write(path, 2)
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        kept = max(sum(end <= size for end in ends) - 1, 0)
        assert list(read(path)) == list(range(kept))
        assert path.read_bytes() == whole[: ends[kept]]  # what was torn is gone, what was absent begun


def test_a_torn_journal_goes_on(path):
    whole = write(path, 3)
    path.write_bytes(whole[:-7])
    with Journal(path, SEARCH) as journal:
        assert len(journal) == 2
        journal.add("", "2", json.dumps({"third": 2 / 3}))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("position", [0, 40, -1])
def test_a_damaged_line_is_named(path, position):
    lines = write(path, 4).splitlines(keepends=True)
    damaged = bytearray(lines[2])
    damaged[position] ^= 1
    path.write_bytes(b"".join([*lines[:2], damaged, *lines[3:]]))
    with pytest.raises(UsageError, match=r"journal.jsonl: line 3 is damaged; remove it"):
        Journal(path, SEARCH)
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert list(read(path)) == [0, 2, 3]


def test_a_spoilt_last_line_is_dropped(path):
    whole = write(path, 2)
    path.write_bytes(whole[:-12] + b"\0" * 11 + b"\n")
    assert list(read(path)) == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"board": "u250"}, '"pynq-z2" there and "u250" here'),
        ({"model": "cd" * 32}, 'model is "abab'),
        ({"bits": 4}, "bits is absent there and 4 here"),
        ({"limits": {"lut": 0.6, "ff": 0.5}}, "search: limits.ff is absent there and 0.5 here. Give"),
        (dict.fromkeys("abcde", 1), "b is absent there and 1 here; c is absent there"),
        (dict.fromkeys("abcde", 1), "there and 1 here; and 2 more. Give"),
    ],
)
def test_the_journal_of_another_search_is_refused(path, change, message):
    whole = write(path, 1)
    with pytest.raises(UsageError, match="is the journal of another search: ") as caught:
        Journal(path, SEARCH | change)
    assert message in str(caught.value)
    assert path.read_bytes() == whole


def test_a_journal_of_another_version_is_refused(path, monkeypatch):
    write(path, 1)
    monkeypatch.setattr("accelgen.workers.journal.__version__", "9.9")
    with pytest.raises(UsageError, match=r'version is ".*" there and "9.9" here'):
        Journal(path, SEARCH)


@pytest.mark.parametrize(
    "content", [b"notes\n", b"notes", b"\n", b'{"a":1,"crc32":"00000000"}\n', b"\xff\xfe"]
)
def test_another_file_is_no_journal_and_stays_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no journal of a search"):
        Journal(path, SEARCH)
    assert path.read_bytes() == content


def test_two_writers_are_refused(path):
    with Journal(path, SEARCH), pytest.raises(UsageError, match="is in use by another search"):
        Journal(path, SEARCH)
    Journal(path, SEARCH).close()


def test_two_writing_processes_are_refused(path):
    script = "import sys, json, pathlib; from accelgen.workers import Journal; "
    script += "Journal(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]))"
    with Journal(path, SEARCH):
        done = subprocess.run(
            [sys.executable, "-c", script, path, json.dumps(SEARCH)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "is in use by another search" in done.stderr


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be used as a journal: No such file or directory"):
        Journal(tmp_path / "absent/journal", SEARCH)
    with pytest.raises(UsageError, match="cannot be used as a journal: Is a directory"):
        Journal(tmp_path, SEARCH)


def test_a_full_disk_leaves_the_journal_as_it_was(path, monkeypatch):
    whole = write(path, 2)

    def full(file, data, offset):
        real(file, data[:9], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.pwrite
    with Journal(path, SEARCH) as journal:
        with monkeypatch.context() as patch:
            patch.setattr("os.pwrite", full)
            with pytest.raises(UsageError, match="cannot be used as a journal: No space left"):
                journal.add("", "2", "0")
        assert path.read_bytes() == whole
        assert journal.find("", "2") is None
        journal.add("", "2", json.dumps({"third": 2 / 3}))
    assert list(read(path)) == [0, 1, 2]


def test_what_the_journal_holds_is_not_evaluated_again(path, tmp_path):
    function = partial(functions.noted, tmp_path)
    for count in (3, 5, 5):
        with Journal(path, SEARCH) as journal:
            found = [outcome.result for outcome in evaluate(range(count), function, journal=journal)]
        assert found == [task / 7 for task in range(count)]
    assert [len(file.read_text().split()) for file in tmp_path.glob("*.ran")] == [1] * 5


def test_kinds_of_tasks_are_kept_apart(path):
    with Journal(path, SEARCH) as journal:
        first = list(evaluate([2], functions.refuse_odd, journal=journal, kind="parity"))
        second = list(evaluate([2], functions.divide, journal=journal, kind="inverse"))
    assert [outcome.result for outcome in (*first, *second)] == [2, 0.5]


def test_failures_are_evaluated_again(path, tmp_path):
    with Journal(path, SEARCH) as journal:
        (outcome,) = evaluate([0], functions.divide, journal=journal, collect=True)
        assert outcome.failure is not None
        (outcome,) = evaluate([0], partial(functions.noted, tmp_path), journal=journal)
        assert outcome.result == 0
