"""The three ways in which Keras saves a model: JSON beside H5 weights, one H5 file, a .keras archive."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelgen.errors import ModelError, UsageError
from accelgen.importers.keras.hdf5 import MAX_BYTES, Group, open_group

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
ZIP_MAGIC = b"PK\x03\x04"

_MAX_TEXT_BYTES = 64 << 20
_MAX_EXPANSION = 100
"""Keras stores the members of its archives as they are; one that expands more than this is a bomb."""


@dataclass(frozen=True)
class SavedModel:
    """A model file's content: the architecture, the open weights file, and which Keras wrote them."""

    config: Mapping[str, Any]
    weights: Group
    weights_source: str
    keras_major: int


@contextmanager
def open_saved_model(path: Path, magic: bytes, weights: Path | None) -> Iterator[SavedModel]:
    """Open the model file ``path`` that begins with ``magic``, and its weights, while the context lasts.

    Raises:
        ModelError: a file is missing, damaged, or not a Keras model.
        UsageError: ``weights`` is given for a file that holds its own.
    """
    is_json = not magic.startswith((HDF5_MAGIC, ZIP_MAGIC))
    if weights is not None and not is_json:
        raise UsageError(f"{path} holds its own weights; a weights file goes with a model in JSON only")
    if is_json:
        config = _json(_read_text(path), str(path))
        weights = weights or weights_beside(path)
        with open_group(weights, str(weights)) as root:
            yield SavedModel(config, root, str(weights), _major(config.get("keras_version"), config))
    elif magic.startswith(ZIP_MAGIC):
        with _archive(path) as saved:
            yield saved
    else:
        with open_group(path, str(path)) as root:
            text = root.text("model_config")
            if text is None:
                raise ModelError(
                    f"{path}: it holds weights only; give the model's JSON, with this as its weights"
                )
            config = _json(text, str(path))
            yield SavedModel(config, root, str(path), _major(root.text("keras_version"), config))


def weights_beside(path: Path) -> Path:
    """The H5 file with the weights of the model in JSON ``path``, by its name; ModelError without one."""
    stem = path.name.removesuffix(".json")
    names = (f"{stem}_weights.h5", f"{stem}.weights.h5", f"{stem}.h5", "model_weights.h5", "model.weights.h5")
    for name in names:
        if path.with_name(name).is_file():
            return path.with_name(name)
    raise ModelError(
        f"{path}: no weights beside it ({', '.join(dict.fromkeys(names))}); name the weights file"
    )


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_TEXT_BYTES:
            raise ModelError(f"{path}: larger than any model's JSON ({_MAX_TEXT_BYTES >> 20} MiB)")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: it cannot be read ({error})") from None


def _json(text: str, source: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{source}: the model's JSON is malformed ({error!s:.100})") from None
    if not isinstance(value, dict):
        raise ModelError(f"{source}: the model's JSON is no object")
    return value


def _major(version: object, config: Mapping[str, Any]) -> int:
    """The major version of Keras: as written, else 3 where objects name their module, as Keras 3's do."""
    if isinstance(version, str) and version[:1].isdecimal():
        return 3 if int(version[0]) >= 3 else 2
    return 3 if "module" in config else 2


@contextmanager
def _archive(path: Path) -> Iterator[SavedModel]:
    config = _json(_member(path, "config.json", _MAX_TEXT_BYTES).decode("utf-8", "replace"), str(path))
    metadata = _json(_member(path, "metadata.json", _MAX_TEXT_BYTES).decode("utf-8", "replace"), str(path))
    weights = io.BytesIO(_member(path, "model.weights.h5", MAX_BYTES))
    source = f"{path} (model.weights.h5)"
    with open_group(weights, source) as root:
        yield SavedModel(config, root, source, _major(metadata.get("keras_version"), config))


def _member(path: Path, name: str, limit_bytes: int) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(name)
            if info.file_size > limit_bytes or info.file_size > max(
                1 << 20, _MAX_EXPANSION * info.compress_size
            ):
                raise ModelError(f"{path}: {name} claims {info.file_size} bytes; the file is damaged")
            return archive.read(info)
    except ModelError:
        raise
    except KeyError:
        raise ModelError(f"{path}: it is no .keras archive with H5 weights (it holds no {name})") from None
    except Exception as error:  # a damaged archive raises BadZipFile, zlib.error, struct.error, OSError, ...
        raise ModelError(f"{path}: the archive cannot be read, it may be damaged ({error!s:.100})") from error
