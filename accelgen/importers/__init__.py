"""Readers of model files: each turns a file, as its framework saved it, into a `Network`."""

from __future__ import annotations

import codecs
from os import PathLike
from pathlib import Path

from accelgen.errors import ModelError, UsageError
from accelgen.importers.source_file import check_file
from accelgen.ir import Network

_MAGIC_BYTES = 64
_ARCHIVES = (b"\x89HDF", b"PK\x03\x04")
"""How H5 files and .keras archives begin."""


def load(path: str | PathLike[str], weights: str | PathLike[str] | None = None) -> Network:
    """Read a trained network; its format is told from the file's content, whatever its name.

    Formats: Keras 2 or 3, with QKeras and HGQ layers, in one H5 file, as a .keras archive, or as JSON with
    weights in H5 (``weights``, or ``<stem>_weights.h5``, ``<stem>.weights.h5`` or ``model_weights.h5``
    beside it); ONNX and QONNX, with tensors in files beside it where the model says so.

    Raises:
        ModelError: a file is missing, damaged or malformed.
        UnsupportedError: a layer or option is not converted; the message says what is.
        UsageError: ``weights`` is given for a format that holds its own.
    """
    path = Path(path)
    magic = _first_bytes(path)
    if magic.startswith(_ARCHIVES) or _is_json(magic):
        from accelgen.importers.keras.model import load_keras

        return load_keras(path, magic, None if weights is None else Path(weights))
    if weights is not None:
        raise UsageError(f"{path} is no Keras JSON; a weights file goes with that only")
    from accelgen.importers.onnx import load_onnx

    return load_onnx(path)


def model_files(path: Path, weights: Path | None = None) -> tuple[Path, ...]:
    """The files that `load` reads for the same arguments: the model's, and its weights' where apart.

    Raises:
        ModelError: a file is missing, or an ONNX model names one outside of its folder.
    """
    magic = _first_bytes(path)
    if magic.startswith(_ARCHIVES):
        return (path,)
    if not _is_json(magic):
        from accelgen.importers.onnx.external import external_files

        return (path, *external_files(path))
    from accelgen.importers.keras.files import weights_beside

    return (path, weights or weights_beside(path))


def _is_json(magic: bytes) -> bool:
    return magic.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def _first_bytes(path: Path) -> bytes:
    check_file(path)
    try:
        with path.open("rb") as file:
            magic = file.read(_MAGIC_BYTES)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: it cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if not magic:
        raise ModelError(f"{path} is empty")
    return magic
