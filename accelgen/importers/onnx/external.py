"""Tensors of an ONNX model that lie in files beside it, as torch.onnx.export (2.9 and newer) saves them.

onnx.proto (TensorProto.external_data) names the file relative to the model's folder, and the bytes in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from accelgen.errors import ModelError
from accelgen.importers.source_file import check_file


def read_external(tensor: TensorProto, n_bytes: int, folder: Path, where: str) -> bytes:
    """The ``n_bytes`` that ``tensor`` needs, of the file in ``folder`` that it names.

    ``where`` begins the message of an error.

    Raises:
        ModelError: the file is missing or lies outside of ``folder``, or has no such bytes.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = _inside(folder, entries.get("location", ""), where)
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", n_bytes))
    except ValueError:
        raise ModelError(f"{where} names no place in {path.name!r}") from None
    if not path.exists():
        raise ModelError(f"{where} lies in {path.name!r}, which is not beside the model; copy it there")
    check_file(path)
    if offset < 0 or length != n_bytes or offset + length > path.stat().st_size:
        raise ModelError(
            f"{where} needs {n_bytes} bytes, which {path.name!r} does not hold where the model says; "
            "it is damaged or belongs to another model"
        )
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except OSError as error:
        raise ModelError(f"{path}: it cannot be read ({error.strerror})") from None


def external_files(path: Path) -> tuple[Path, ...]:
    """The files beside the ONNX model ``path`` that hold tensors of it; none where it cannot be read."""
    try:
        model = ModelProto.FromString(path.read_bytes())
    except (OSError, DecodeError):
        return ()
    names = {
        entry.value
        for tensor in _tensors(model)
        if tensor.data_location == TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return tuple(_inside(path.parent, name, str(path)) for name in sorted(names))


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def _inside(folder: Path, name: str, where: str) -> Path:
    """The file ``name`` of ``folder``, links followed: a model must not choose what else is read."""
    path = folder / name
    try:
        inside = bool(name) and path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL byte, a name too long, links in a circle
        inside = False
    if not inside:
        raise ModelError(f"{where} lies in {name!r:.80}, outside of the model's folder; save it in one file")
    return path
