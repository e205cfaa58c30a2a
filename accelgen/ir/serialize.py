"""Networks as one file: an uncompressed .npz that holds a JSON description and the constant arrays.

A project carries its exact network this way, so that it can be verified without the model it came from.
The same network gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from accelgen.errors import AccelgenError, ModelError
from accelgen.ir import nodes as node_module
from accelgen.ir.network import Network
from accelgen.ir.nodes import Node
from accelgen.ir.types import FixedType, Overflow, Rounding

_FORMAT = 1
_ENUMS: dict[str, type[Enum]] = {
    kind.__name__: kind
    for kind in (
        Rounding,
        Overflow,
        node_module.PoolKind,
        node_module.MergeKind,
    )
}
_NODES: dict[str, type[Node]] = {
    name: kind
    for name, kind in vars(node_module).items()
    if isinstance(kind, type) and issubclass(kind, Node) and kind is not Node
}


def save(network: Network, path: Path) -> None:
    """Write the network with its types; raises TypeError where a node holds what this format cannot."""
    path.write_bytes(to_bytes(network))


def to_bytes(network: Network) -> bytes:
    """The content of the file that `save` writes."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    description = {
        "format": _FORMAT,
        "name": network.name,
        "outputs": network.outputs,
        "types": {name: str(kind) for name, kind in network.types.items()},
        "notes": network.notes,
        "nodes": [_encode(node, arrays) for node in network],
    }
    text = json.dumps(description, ensure_ascii=True, separators=(",", ":")).encode()
    file = BytesIO()
    np.savez(file, network=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _encode(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Node):
        own = {field.name: _encode(getattr(value, field.name), arrays) for field in fields(value)}
        return {"node": type(value).__name__, **own}
    if isinstance(value, FixedType):
        return {"type": str(value)}
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "member": value.name}
    if isinstance(value, tuple | list):
        return [_encode(item, arrays) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    raise TypeError(f"a network file cannot hold a {type(value).__name__}")


def load(path: Path) -> Network:
    """Read a network that `save` wrote.

    Raises:
        ModelError: the file cannot be read or is no such network.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        description = json.loads(arrays["network"].tobytes())
        if description["format"] != _FORMAT:
            raise ModelError(f"{path}: format {description['format']!r} is not the one known, {_FORMAT}")
        return Network(
            tuple(_node(entry, arrays) for entry in description["nodes"]),
            tuple(description["outputs"]),
            description["name"],
            {name: FixedType.parse(text) for name, text in description["types"].items()},
            tuple(description["notes"]),
        )
    except AccelgenError:
        raise
    except (OSError, BadZipFile, KeyError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise ModelError(f"{path} is not a network that accelgen wrote: {error}") from None


def _node(entry: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Node:
    values = {name: _decode(value, arrays) for name, value in entry.items() if name != "node"}
    return _NODES[entry["node"]](**values)


def _decode(value: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        if "node" in value:
            return _node(value, arrays)
        if "array" in value:
            return arrays[value["array"]]
        if "type" in value:
            return FixedType.parse(value["type"])
        return _ENUMS[value["enum"]][value["member"]]
    if isinstance(value, list):
        return tuple(_decode(item, arrays) for item in value)
    return value
