"""Which HLS headers a project needs, and their text: hls4ml's own, accelgen's, and the ap_types of hls4ml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from accelgen.resources import data_dir

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


@cache
def _hls4ml() -> Path:
    """The installed package's folder, found without importing it."""
    spec = find_spec("hls4ml")
    assert spec is not None, "hls4ml is a dependency"
    assert spec.origin is not None
    return Path(spec.origin).parent


def _sources() -> tuple[Path, ...]:
    """Folders that hold headers, the first one wins: Vitis replaces some of Vivado's."""
    root = _hls4ml() / "templates"
    return (data_dir("templates") / "nnet_utils", root / "vitis/nnet_utils", root / "vivado/nnet_utils")


@cache
def _header(name: str) -> str | None:
    for folder in _sources():
        path = folder / name
        if path.is_file():
            return _repaired(name, path.read_text(encoding="utf-8"))
    return None


def _repaired(name: str, text: str) -> str:
    """hls4ml 1.3 gives two headers one include guard, so that only the first of them is seen."""
    if name != "nnet_sepconv1d_latency.h":
        return text
    guard = text.replace("NNET_SEPARABLE_CONV2D_LATENCY_H_", "NNET_SEPARABLE_CONV1D_LATENCY_H_")
    return (
        f"// The include guard was renamed by accelgen: nnet_sepconv2d_latency.h has the same one.\n{guard}"
    )


def needed_headers(includes: Iterable[str]) -> dict[str, str]:
    """Name and text of every header of nnet_utils that the ``includes`` reach, themselves among them."""
    found: dict[str, str] = {}
    waiting = [Path(include).name for include in includes]
    while waiting:
        name = waiting.pop()
        text = None if name in found else _header(name)
        if text is not None:
            found[name] = text
            waiting += [Path(include).name for include in _INCLUDE.findall(text)]
    return found


@cache
def ap_types() -> dict[str, bytes]:
    """Path within ap_types and content of hls4ml's arbitrary-precision headers for g++ (Apache-2.0).

    Streams are accelgen's own.
    """
    folders = (_hls4ml() / "templates/vivado/ap_types", data_dir("templates") / "ap_types")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for root in folders
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
