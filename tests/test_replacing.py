"""Files that are written whole."""

from __future__ import annotations

import os

import pytest

from accelgen.replacing import write_whole


def test_a_file_that_cannot_be_written_is_what_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_whole(path, b"old")
    write_whole(path, b"new")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
