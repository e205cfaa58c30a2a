"""A generated project on disk: what `build` writes and `verify` reads again."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.ir.nodes import Shape
from accelgen.project_files import REPORT

FORMAT = 2
"""The version of build.json; `read_report` refuses any other."""


@dataclass(frozen=True)
class Port:
    """An input, an output or a layer's result: its name in the network, its shape and its type."""

    name: str
    shape: Shape
    type: FixedType


@dataclass(frozen=True)
class WordsReport:
    """How a layer's result is packed: see `accelgen.backend.packed.PackedTensor`.

    Level n, of ``bits``, stands for (first + step * n) * 2**-fraction. A word holds ``lanes`` levels.
    """

    bits: int
    channels: int
    lanes: int
    words: int
    first: int
    step: int
    fraction: int


@dataclass(frozen=True)
class LayerReport:
    """A layer as built: its C++ name, its kernel and what it multiplies in one inference.

    ``layer`` is the name that a design gives it. ``node`` is the network node whose value the layer computes,
    None for a step on the way to one.
    ``multiplications`` counts the products of the matrix as built, ``nonzero`` those whose weight is not 0;
    a layer of few bits multiplies nothing.
    ``strategy`` and what follows it are the design's choices, None where they mean nothing to the layer.
    ``words`` is given where the result is packed, ``costs`` (`accelgen.design.costs.Costs`) for a layer of
    few bits.
    """

    layer: str
    hls_name: str
    kernel: str
    node: str | None
    shape: Shape
    types: Mapping[str, str]
    multiplications: int = 0
    nonzero: int = 0
    strategy: str | None = None
    reuse_factor: int | None = None
    pe: int | None = None
    simd: int | None = None
    row_sharing: str | None = None
    words: WordsReport | None = None
    costs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BuildReport:
    """Everything that build.json holds."""

    network: str
    top: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: tuple[LayerReport, ...]
    adjustments: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]
    versions: Mapping[str, str]
    golden_samples: int
    calibration: tuple[Mapping[str, Any], ...] = ()
    """`accelgen.calibration.TensorError` of each tensor whose type calibration data chose."""

    def to_json(self) -> str:
        """The text of build.json."""
        data = {"format": FORMAT, **asdict(self)}
        for ports in (data["inputs"], data["outputs"]):
            for port, original in zip(
                ports, self.inputs if ports is data["inputs"] else self.outputs, strict=True
            ):
                port["type"] = str(original.type)
        return json.dumps(data, indent=2, sort_keys=True) + "\n"


def read_report(directory: Path) -> BuildReport:
    """The report of a project.

    Raises:
        UsageError: the directory holds no accelgen project, or one of another version, or a damaged one.
    """
    path = directory / REPORT
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{directory} is no accelgen project: it has no {REPORT}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise UsageError(f"{path} was not written by this version of accelgen; build the project again")
    try:
        for key in ("inputs", "outputs"):
            data[key] = tuple(_port(port) for port in data[key])
        data["layers"] = tuple(_layer(layer) for layer in data["layers"])
        for key in ("adjustments", "notes", "calibration"):
            data[key] = tuple(data[key])
        return BuildReport(**data)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise UsageError(f"{path} is damaged ({error}); build the project again") from None


def _port(data: Mapping[str, Any]) -> Port:
    return Port(str(data["name"]), tuple(int(size) for size in data["shape"]), FixedType.parse(data["type"]))


def _layer(data: Mapping[str, Any]) -> LayerReport:
    words = data["words"]
    packed = None if words is None else WordsReport(**{name: int(value) for name, value in words.items()})
    return LayerReport(**{**data, "shape": tuple(data["shape"]), "words": packed})


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """A temporary directory beside ``directory`` that takes its place when the block ends without an error.

    Whatever interrupts it leaves the old project or the new one. What a killed build left beside the
    directory is removed. A symbolic link is followed.

    Raises:
        UsageError: ``directory`` holds something other than a project of ours, is the current directory, or
            cannot be written.
    """
    try:
        target = Path(directory).resolve()
        if Path.cwd().is_relative_to(target):
            raise UsageError(f"{directory} is where this command runs and cannot be replaced; name another")
        if target.exists() and not _is_ours(target):
            raise UsageError(
                f"{directory} exists and is no accelgen project; choose another directory or remove it"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(target) as temporary:
            yield temporary
            _swap(temporary, target)
    except OSError as error:
        raise UsageError(f"cannot write {directory}: {error.strerror}") from None


@contextmanager
def _temporary_beside(target: Path) -> Iterator[Path]:
    """A directory that is locked while the block lasts, so that no other build takes it for a remnant."""
    prefix = f".{target.name[:40]}.accelgen-"
    with ExitStack() as held:
        with _lock(target.parent):
            _remove_remnants(target.parent, prefix)
            temporary = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
            held.callback(shutil.rmtree, temporary, ignore_errors=True)
            held.enter_context(_lock(temporary))
        temporary.chmod(0o755)
        yield temporary


def _remove_remnants(parent: Path, prefix: str) -> None:
    """Remove the temporary directories of builds that were killed: no process holds a lock on them."""
    for path in parent.iterdir():
        if path.name.startswith(prefix):
            with suppress(OSError), _lock(path, wait=False):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _lock(directory: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a directory's lock, which ends with the process; OSError where it is taken and not waited for."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_ours(directory: Path) -> bool:
    return directory.is_dir() and ((directory / REPORT).is_file() or not any(directory.iterdir()))


def _swap(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``; the old one, if any, ends up under the name ``new``."""
    try:
        new.rename(target)  # which replaces an empty directory too
    except OSError:
        if not _exchange(new, target):
            # without an atomic exchange a kill between the renames leaves the old project under this name
            old = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.old.", dir=target.parent))
            target.rename(old / target.name)
            new.rename(target)
            shutil.rmtree(old, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two directories in one step (renameat2 of Linux); False where there is no such thing."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    at_cwd, exchange = -100, 2
    return bool(renameat2(at_cwd, os.fsencode(first), at_cwd, os.fsencode(second), exchange) == 0)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write relative paths and their contents."""
    for folder in sorted({(directory / path).parent for path in files}):
        folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (directory / path).write_bytes(content)


__all__: Sequence[str] = [
    "BuildReport",
    "LayerReport",
    "Port",
    "WordsReport",
    "read_report",
    "replacing",
    "write_files",
]
