"""Weights of the graph network as an .npz file: plain arrays, read without pickle and checked before use."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError
from accelgen.surrogates.graph.inputs import FEATURES, TARGETS
from accelgen.surrogates.graph.network import GraphNetwork

FILE = "graph/weights.npz"
FORMAT = 1
MAX_BYTES = 4_000_000
MAX_WEIGHT = 1e6
MAX_SCALE = 10.0
"""Of log residuals; with `network.LIMIT`, what the rules say stays in the range of a float."""
MAX_WIDTH = 50.0

_ABOUT = "about"
_CHECKSUM = "sha256"
_HEADER = 1024

Array = npt.NDArray[Any]


def save(network: GraphNetwork, path: Path) -> None:
    """Write weights with a checksum: the same weights give the same bytes."""
    about = {
        "format": FORMAT,
        "features": list(FEATURES),
        "targets": list(TARGETS),
        "settings": list(network.settings),
        "serves": {setting: dict(widths) for setting, widths in network.serves.items()},
    }
    arrays: dict[str, Array] = {_ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8)}
    arrays |= {name: network.weights[name].astype(np.float32) for name in sorted(network.weights)}
    arrays[_CHECKSUM] = _checksum(arrays)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def load(path: Path) -> GraphNetwork:
    """Read what `save` wrote.

    Raises:
        ModelError: the file is not there, is damaged, was changed, or holds what no training writes.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is larger than any trained file; train it again")
        with zipfile.ZipFile(path) as archive:
            arrays = {entry.filename: _array(archive, entry) for entry in archive.infolist()}
        return _network({name.removesuffix(".npy"): values for name, values in arrays.items()})
    except ModelError as error:
        raise ModelError(f"{path}: {error}; train it again") from None
    except (
        OSError,
        ValueError,
        TypeError,
        EOFError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
    ) as error:
        raise ModelError(f"{path} cannot be read as weights of a graph network: {error}") from None


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    """One array, whose header is checked before anything of its size is allocated."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ModelError(f"{entry.filename!r:.40} is compressed")
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ModelError(f"{entry.filename!r:.40} has an unknown header")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_HEADER)
        data = file.read()
    if fortran or dtype not in (np.dtype(np.float32), np.dtype(np.uint8)):
        raise ModelError(f"{entry.filename!r:.40} holds other values than weights")
    if any(size < 1 for size in shape) or prod(shape) * dtype.itemsize != len(data):
        raise ModelError(f"{entry.filename!r:.40} is not as large as it says")
    return np.frombuffer(data, dtype).reshape(shape)


def _checksum(arrays: Mapping[str, Array]) -> Array:
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        if name != _CHECKSUM:
            digest.update(f"{name} {values.dtype.str} {values.shape}".encode() + values.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _network(arrays: dict[str, Array]) -> GraphNetwork:
    if not {_ABOUT, _CHECKSUM, "encode"} <= set(arrays):
        raise ModelError("it holds no graph network")
    if not np.array_equal(arrays.pop(_CHECKSUM), _checksum(arrays)):
        raise ModelError("it was changed after training: its checksum differs")
    about = json.loads(arrays.pop(_ABOUT).tobytes())
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ModelError(f"it has no weights in format {FORMAT}")
    if about.get("features") != list(FEATURES) or about.get("targets") != list(TARGETS):
        raise ModelError("it was trained on other figures than this version computes")
    settings = about.get("settings")
    if not isinstance(settings, list) or not all(isinstance(name, str) for name in settings):
        raise ModelError("it does not name the settings that it was trained for")
    _check(arrays, len(settings))
    serves = about.get("serves")
    if not isinstance(serves, dict) or not set(serves) <= set(settings):
        raise ModelError("it does not say what it serves")
    return GraphNetwork(tuple(settings), arrays, {name: _widths(own) for name, own in serves.items()})


def _widths(data: Any) -> dict[str, float]:
    if not isinstance(data, dict) or not set(data) <= set(TARGETS):
        raise ModelError("it serves targets that it does not predict")
    for width in data.values():
        if type(width) is not float or not 0 <= width <= MAX_WIDTH:  # NaN is not
            raise ModelError(f"{width!r:.40} is no width of an interval")
    return data


def _check(weights: Mapping[str, Array], settings: int) -> None:
    """That weights are those of one network: names, shapes, and sizes of values."""
    if weights["encode"].ndim != 3:
        raise ModelError("'encode' is no stack of matrices")
    members, features, hidden = weights["encode"].shape
    matrix, bias = (members, hidden, hidden), (members, 1, hidden)
    wanted: dict[str, tuple[int, ...]] = {
        "mean": (features,),
        "inverse_deviation": (features,),
        "scale": (settings, len(TARGETS)),
        "encode": (members, len(FEATURES) + settings, hidden),
        "encode_bias": bias,
        "read": (members, hidden, len(TARGETS)),
        "read_bias": (members, 1, len(TARGETS)),
    }
    for number in range(sum(name.startswith("self_") for name in weights)):
        wanted |= {f"{part}_{number}": matrix for part in ("self", "forward", "backward")}
        wanted[f"bias_{number}"] = bias
    if {name: values.shape for name, values in weights.items()} != wanted:
        raise ModelError("its arrays are not those of one network")
    for name, values in weights.items():
        most = MAX_SCALE if name == "scale" else MAX_WEIGHT
        if values.dtype != np.float32 or not (np.abs(values) <= most).all():  # which NaN is not
            raise ModelError(f"{name!r} holds what no training gives")
