"""Reads sample data from .npz files: inputs ``x`` and, where known, the framework's answers ``y``."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.ir import Network
from accelgen.ir.nodes import Shape

Real = npt.NDArray[np.float64]

MAX_VALUES = 1 << 27
"""The largest array, in values: 1 GiB once they are float64."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs by name, (n, *shape) each, and the expected outputs in the network's order, where known."""

    inputs: Mapping[str, Real]
    outputs: tuple[Real, ...] | None = None


def read_samples(path: str | PathLike[str], network: Network) -> Samples:
    """Samples for ``network`` from a .npz file; nothing pickled is ever loaded.

    A network with one input takes its values from ``x``. With several, each takes ``x_<name>``, ``<name>`` or
    ``x_<position>`` (from 0). Outputs are found in the same way under ``y``, or are missing altogether.

    Raises:
        UsageError: the file cannot be read, or an array is missing, not numeric, not finite or misshapen.
    """
    names = [node.name for node in network.inputs]
    with _Source(Path(path)) as source:
        inputs = source.take("x", [(name, network.shapes[name]) for name in names])
        if inputs is None:
            raise source.error(f"it holds no array {_keys('x', names)[0][0]!r} for the input {names[0]!r}")
        outputs = source.take("y", [(name, network.shapes[name]) for name in network.outputs])
    return Samples(dict(zip(names, inputs, strict=True)), outputs)


def read_labels(path: str | PathLike[str], network: Network) -> Real | None:
    """The right classes (n, ...) of the samples in a .npz file: ``label`` or ``labels``, or one-hot ``y``.

    None where it holds none of these.

    Raises:
        UsageError: the file cannot be read, or the labels are not numeric, not finite or misshapen.
    """
    shape = network.shapes[network.outputs[0]]
    positions = shape[:-1] if len(network.outputs) == 1 else ()
    with _Source(Path(path)) as source:
        labels = source.take_first(("label", "labels"), positions)
        if labels is not None or len(network.outputs) > 1 or shape[-1] < 2:
            return labels
        (y,) = source.take("y", [(network.outputs[0], shape)]) or (None,)
    if y is None or not np.all((y == 0) | (y == 1)) or not np.all(y.sum(axis=-1) == 1):
        return None
    classes: Real = y.argmax(axis=-1).astype(np.float64)
    return classes


def _keys(prefix: str, names: Sequence[str]) -> list[tuple[str, ...]]:
    """For each of the names, the keys that its array may have, the preferred one first."""
    if len(names) == 1:
        return [(prefix, f"{prefix}_{names[0]}", names[0])]
    return [(f"{prefix}_{name}", name, f"{prefix}_{position}") for position, name in enumerate(names)]


_UNREADABLE = (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error, MemoryError, RecursionError)
"""What numpy raises on damaged files."""


class _Source:
    """The arrays of one file, each read and checked as it is taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._samples: int | None = None
        try:
            archive = np.load(path, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise self.error("it is a single array; save it with numpy.savez(path, x=...)")
        except _UNREADABLE as error:
            raise self._unreadable(error) from None
        self._archive = archive

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def _unreadable(self, error: BaseException) -> UsageError:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or "it is too large"
        if "pickle" in reason:
            reason = "it holds Python objects, which are never loaded"
        return UsageError(f"{self._path} cannot be read as .npz data: {reason}")

    def _read(self, key: str) -> npt.NDArray[Any]:
        """One array, not believing what it claims: a member that is too large is not unpacked."""
        too_large = self.error(f"{key!r} holds more than {MAX_VALUES:,} values; give fewer samples")
        try:
            members = self._archive.zip
            if members is not None and members.getinfo(f"{key}.npy").file_size > 8 * MAX_VALUES:
                raise too_large
            array: npt.NDArray[Any] = self._archive[key]
        except _UNREADABLE as error:
            raise self._unreadable(error) from None
        if not isinstance(array, np.ndarray):
            raise self.error(f"{key!r} is no array")
        if array.size > MAX_VALUES:
            raise too_large
        return array

    def error(self, cause: str) -> UsageError:
        return UsageError(f"{self._path}: {cause}")

    def take(self, prefix: str, ports: Sequence[tuple[str, Shape]]) -> tuple[Real, ...] | None:
        """The array of every port, or None where the file holds none of them."""
        taken: list[Real] = []
        keys = _keys(prefix, [name for name, _ in ports])
        for (name, shape), candidates in zip(ports, keys, strict=True):
            key = next((key for key in candidates if key in self._archive.files), None)
            if key is not None:
                taken.append(self._checked(key, shape))
            elif taken:
                raise self.error(f"it holds no array {candidates[0]!r} for {name!r}")
        if taken and len(taken) < len(ports):
            raise self.error(f"it holds no array {keys[0][0]!r} for {ports[0][0]!r}")
        return tuple(taken) or None

    def take_first(self, keys: Sequence[str], shape: Shape) -> Real | None:
        """The first of some arrays that the file holds, None where it holds none."""
        key = next((key for key in keys if key in self._archive.files), None)
        return None if key is None else self._checked(key, shape)

    def _checked(self, key: str, shape: Shape) -> Real:
        array = self._read(key)
        if array.dtype.kind not in "fiub":
            raise self.error(f"{key!r} is not numeric ({array.dtype})")
        if array.shape[1:] != shape:
            wanted = ", ".join(map(str, ("n", *shape)))
            raise self.error(f"{key!r} has shape {array.shape}, the network needs ({wanted})")
        values: Real = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise self.error(f"{key!r} holds values that are not finite (NaN or infinity)")
        if len(values) == 0:
            raise self.error(f"{key!r} holds no samples")
        if self._samples not in (None, len(values)):
            raise self.error(f"{key!r} holds {len(values)} samples, the arrays before it {self._samples}")
        self._samples = len(values)
        return values
