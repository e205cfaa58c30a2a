"""Directories and files that are written whole: a new one takes the place of the old, or nothing happens."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from accelgen.errors import UsageError


def check_replaceable(directory: Path, is_ours: Callable[[Path], bool], what: str) -> Path:
    """The path that `replacing` puts a directory in the place of; its arguments are the same.

    Raises:
        UsageError: ``directory`` holds something else or is the current directory.
    """
    target = Path(directory).resolve()
    if Path.cwd().is_relative_to(target):
        raise UsageError(f"{directory} is where this command runs and cannot be replaced; name another")
    if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or is_ours(target))):
        raise UsageError(f"{directory} exists and is no {what}; choose another directory or remove it")
    return target


@contextmanager
def replacing(directory: Path, is_ours: Callable[[Path], bool], what: str) -> Iterator[Path]:
    """A temporary directory beside ``directory`` that takes its place when the block ends without an error.

    Whatever interrupts it leaves the old directory or the new one. What a killed process left beside the
    directory is removed. A symbolic link is followed. ``is_ours`` says whether an existing directory, which
    is not empty, may be replaced; ``what`` names such a one: "accelgen project".

    Raises:
        UsageError: ``directory`` holds something else, is the current directory, or cannot be written.
    """
    try:
        target = check_replaceable(directory, is_ours, what)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(target) as temporary:
            yield temporary
            _swap(temporary, target)
    except OSError as error:
        raise UsageError(f"cannot write {directory}: {error.strerror}") from None


@contextmanager
def _temporary_beside(target: Path) -> Iterator[Path]:
    """A directory that is locked while the block lasts, so that no other process takes it for a remnant."""
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
    """Remove the temporary directories of processes that were killed: no process holds a lock on them."""
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


def _swap(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``; the old one, if any, ends up under the name ``new``."""
    try:
        new.rename(target)  # which replaces an empty directory too
    except OSError:
        if not _exchange(new, target):
            # without an atomic exchange a kill between the renames leaves the old directory under this name
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


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it, also after a crash, finds all of it or what was there before.

    Processes that write different contents to one path need a lock.

    Raises:
        OSError: it cannot be written; what was there before is.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)  # as on a full disk
        raise
    part.replace(path)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write relative paths and their contents."""
    for folder in sorted({(directory / path).parent for path in files}):
        folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (directory / path).write_bytes(content)
