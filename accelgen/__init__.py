"""accelgen: exact HLS projects from trained quantized and binary networks.

    import accelgen

    build = accelgen.load("model.h5").build("out", board="pynq-z2")
    print(build.verify("x.npz").csim_mismatches)

What is public is imported on first use, so that ``import accelgen`` and the command line start at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelgen.api import Build, Model, estimate, load, verify
    from accelgen.errors import AccelgenError
    from accelgen.estimation import Estimate, Estimates

__version__ = "0.1.0"

_HOMES = {
    "AccelgenError": "accelgen.errors",
    "Build": "accelgen.api",
    "Estimate": "accelgen.estimation",
    "Estimates": "accelgen.estimation",
    "Model": "accelgen.api",
    "estimate": "accelgen.api",
    "load": "accelgen.api",
    "verify": "accelgen.api",
}

__all__ = [
    "AccelgenError",
    "Build",
    "Estimate",
    "Estimates",
    "Model",
    "__version__",
    "estimate",
    "load",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'accelgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
