"""What a file must be before anything of it is read."""

from __future__ import annotations

from pathlib import Path

from accelgen.errors import ModelError

MAX_FILE_BYTES = 1 << 30
"""The largest model file that is read; the largest network that fits an FPGA is a hundredth of it."""


def check_file(path: Path) -> None:
    """Refuse what is no regular file, or too large to be a model.

    Raises:
        ModelError: the path is missing, a directory, a device or a pipe, or larger than `MAX_FILE_BYTES`.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ModelError(f"{path} is a directory; save the model as one file (.keras, .h5 or .onnx)")
        if not path.is_file():
            raise ModelError(f"{path} is a device or a pipe; name a file")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: it cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if size > MAX_FILE_BYTES:
        raise ModelError(f"{path} is larger than any model for an FPGA ({MAX_FILE_BYTES >> 30} GiB)")
