"""A journal of results on disk, from which a search that was killed goes on."""

from __future__ import annotations

import fcntl
import json
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from accelgen import __version__
from accelgen.errors import UsageError
from accelgen.workers.tasks import Json, json_text, shortened, task_text

FORMAT = 1

DIFFERENCES = 3
"""Between two searches, that are named."""

_START = '{"accelgen_journal":'
_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"}')
_CHECKSUM_SIZE = len(b',"crc32":"01234567"}')


class Journal:
    """The results of one search in a file, which nothing else may have open at the same time.

    The file is JSON lines: the first says what is searched, the others hold a kind, a task and a result. Each
    ends with the CRC-32 of what comes before it, and is on the disk when `add` returns. What a killed process
    left of a last line is dropped; any other damage is an error. A context manager, which closes the file.
    """

    def __init__(self, path: Path, search: Mapping[str, Json]) -> None:
        """Open a journal, or begin it.

        Args:
            path: the file; its directory exists.
            search: everything on which results depend, by name: the checksum of the model, options. A journal
                of another search, or of another version of accelgen, is refused.

        Raises:
            UsageError: the file belongs to another search or is no journal, is damaged, in use, or cannot be
                written.
        """
        self.path = path
        self._results: dict[tuple[str, str], str] = {}
        identity = {"version": __version__, **search}
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._end = self._read(identity)
                os.ftruncate(self._file, self._end)
                if self._end == 0:
                    self._append(f'{_START}{FORMAT},"search":{task_text(identity)}')
                    self._save_name()
            except BaseException:
                self.close()
                raise
        except BlockingIOError:
            raise UsageError(f"{path} is in use by another search") from None
        except OSError as error:
            raise self._unusable(error) from None

    def __len__(self) -> int:
        return len(self._results)

    def find(self, kind: str, task: str) -> str | None:
        """The JSON text of the result of a task, which is given as `task_text`; None where there is none."""
        return self._results.get((kind, task))

    def add(self, kind: str, task: str, result: str) -> None:
        """Write a result to the disk; ``task`` and ``result`` are JSON texts.

        Raises:
            UsageError: the file cannot be written; it holds what it held before.
        """
        try:
            self._append(f'{{"kind":{json.dumps(kind)},"task":{task},"result":{result}')
        except OSError as error:
            raise self._unusable(error) from None
        self._results[kind, task] = result

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, identity: Mapping[str, Json]) -> int:
        """Take over the results; the bytes that hold them."""
        with open(os.dup(self._file), "rb") as file:  # noqa: PTH123 (of a descriptor, not of a path)
            *lines, torn = file.read().split(b"\n")
        if not lines and (torn.startswith(_START.encode()) or _START.encode().startswith(torn)):
            return 0
        header = _entry(lines[0]) if lines else None
        if header is None or "accelgen_journal" not in header:
            raise UsageError(f"{self.path} is no journal of a search, or its first line is damaged")
        if differences := _differences(header["search"], identity):
            raise UsageError(
                f"{self.path} is the journal of another search: {'; '.join(differences)}. "
                "Give another file, or remove this one to begin anew"
            )
        end = len(lines[0]) + 1
        for number, line in enumerate(lines[1:], 2):
            entry = _entry(line)
            if entry is None:
                if number == len(lines) and not torn:  # all that a loss of power can spoil
                    break
                raise UsageError(
                    f"{self.path}: line {number} is damaged; remove it, and its task is evaluated again"
                )
            self._results[entry["kind"], task_text(entry["task"])] = json_text(entry["result"])
            end += len(line) + 1
        return end

    def _append(self, content: str) -> None:
        """Write a line at the end and wait until the disk has it."""
        data = content.encode()
        data += b',"crc32":"%08x"}\n' % zlib.crc32(data)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, data[written:], self._end + written)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(data)

    def _save_name(self) -> None:
        """Wait until the directory with the new file is on the disk."""
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _unusable(self, error: OSError) -> UsageError:
        return UsageError(f"{self.path} cannot be used as a journal: {error.strerror or error}")


def _entry(line: bytes) -> Json:
    """What a line holds; None where its checksum is wrong."""
    body, end = line[:-_CHECKSUM_SIZE], line[-_CHECKSUM_SIZE:]
    match = _CHECKSUM.fullmatch(end)
    if match is None or int(match[1], 16) != zlib.crc32(body):
        return None
    return json.loads(body + b"}")


def _differences(found: Mapping[str, Json], own: Mapping[str, Json]) -> list[str]:
    """In what two searches differ."""
    there, here = _entries(found), _entries(own)
    other = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    texts = [
        f"{name} is {shortened(there.get(name, 'absent'), 40)} there "
        f"and {shortened(here.get(name, 'absent'), 40)} here"
        for name in other[:DIFFERENCES]
    ]
    return texts if len(other) <= DIFFERENCES else [*texts, f"and {len(other) - DIFFERENCES} more"]


def _entries(search: Mapping[str, Json], path: str = "") -> dict[str, str]:
    """The values of a search as JSON by their names, those in mappings by the names on the way to them."""
    entries: dict[str, str] = {}
    for name, value in search.items():
        if isinstance(value, Mapping):
            entries |= _entries(value, f"{path}{name}.")
        else:
            entries[path + name] = task_text(value)
    return entries
