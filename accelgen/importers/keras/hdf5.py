"""HDF5 files of unknown origin, read without following links out of the file or believing claimed sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
import numpy.typing as npt

from accelgen.errors import AccelgenError, ModelError
from accelgen.importers.source_file import check_file

MAX_BYTES = 512 << 20
"""The largest array that is read; the largest network that fits an FPGA is a hundredth of it."""

_MAX_EXPANSION = 1100
"""Deflate, the best of HDF5's own filters, makes at most 1032 bytes of one."""

_MAX_MEMBERS = 10_000
_MAX_DEPTH = 12


class Group:
    """A group of an HDF5 file; every failure to read is a ModelError that names the file."""

    def __init__(self, group: h5py.Group, source: str) -> None:
        self._group = group
        self._source = source

    def __contains__(self, path: str) -> bool:
        try:
            return self._find(path) is not None
        except ModelError:
            return False

    def group(self, path: str) -> Group | None:
        """The group at ``path``, or None where there is none."""
        found = self._find(path)
        return Group(found, self._source) if isinstance(found, h5py.Group) else None

    def array(self, path: str) -> npt.NDArray[Any]:
        """The numeric array at ``path``.

        Raises:
            ModelError: there is none, it is not numeric, lies elsewhere, or claims more than it stores.
        """
        found = self._find(path)
        if not isinstance(found, h5py.Dataset):
            raise ModelError(f"{self._source}: it holds no array {path!r:.100}")
        with self._reading():
            self._check(found, path)
            return np.asarray(found[()])

    def arrays(self) -> Iterator[str]:
        """The paths of all arrays below the group."""
        pending = [("", self._group, 0)]
        count = 0
        while pending:
            prefix, group, depth = pending.pop()
            with self._reading():
                names = sorted(group)
            for name in names:
                count += 1
                if count > _MAX_MEMBERS or depth > _MAX_DEPTH:
                    raise ModelError(f"{self._source}: its groups are nested too deep or too many")
                member = Group(group, self._source)._find(name)
                if isinstance(member, h5py.Group):
                    pending.append((f"{prefix}{name}/", member, depth + 1))
                elif isinstance(member, h5py.Dataset):
                    yield prefix + name

    def text(self, attribute: str) -> str | None:
        """The attribute as a string, or None where there is none."""
        with self._reading():
            value = self._group.attrs.get(attribute)
        if value is None:
            return None
        return _decode(value, self._source)

    def texts(self, attribute: str) -> list[str]:
        """The attribute as strings; Keras splits a long one into ``attribute0``, ``attribute1`` ..."""
        with self._reading():
            parts = [attribute] if attribute in self._group.attrs else []
            while f"{attribute}{len(parts)}" in self._group.attrs:
                parts.append(f"{attribute}{len(parts)}")
            values = [value for part in parts for value in np.atleast_1d(self._group.attrs[part])]
        return [_decode(value, self._source) for value in values]

    def _find(self, path: str) -> Any:
        """The object at ``path`` following hard links only, or None."""
        found: Any = self._group
        with self._reading():
            for part in filter(None, path.split("/")):
                link = found.get(part, getlink=True) if isinstance(found, h5py.Group) else None
                if link is None:
                    return None
                if not isinstance(link, h5py.HardLink):
                    raise ModelError(
                        f"{self._source}: {path!r:.100} is a link to elsewhere, which is not followed"
                    )
                found = found[part]
        return found

    def _check(self, dataset: h5py.Dataset, path: str) -> None:
        if dataset.dtype.kind not in "fiub":
            raise ModelError(f"{self._source}: {path!r:.100} is not numeric ({dataset.dtype!s:.50})")
        if dataset.is_virtual or dataset.external:
            raise ModelError(f"{self._source}: the values of {path!r:.100} lie in another file")
        stored = dataset.id.get_storage_size()
        if dataset.nbytes > MAX_BYTES or dataset.nbytes > _MAX_EXPANSION * stored:
            raise ModelError(
                f"{self._source}: {path!r:.100} claims {dataset.nbytes} bytes and stores {stored}; "
                "the file is damaged"
            )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with _readable(self._source):
            yield


@contextmanager
def open_group(file: Path | BinaryIO, source: str) -> Iterator[Group]:
    """The root group of an HDF5 file, which is open while the context lasts.

    Raises:
        ModelError: the file cannot be read as HDF5.
    """
    if isinstance(file, Path):
        check_file(file)
    with _readable(source):
        opened = h5py.File(file, "r")
    with opened:
        yield Group(opened, source)


@contextmanager
def _readable(source: str) -> Iterator[None]:
    """Whatever h5py raises on a damaged file (OSError, KeyError, RuntimeError, ...) becomes ModelError."""
    try:
        yield
    except AccelgenError:
        raise
    except Exception as error:
        raise ModelError(
            f"{source}: the HDF5 file cannot be read, it may be damaged ({error!s:.200})"
        ) from error


def _decode(value: object, source: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise ModelError(f"{source}: it holds text that is not UTF-8") from None
    if isinstance(value, str):
        return str(value)
    raise ModelError(f"{source}: text expected, it holds {value!r:.50}")
