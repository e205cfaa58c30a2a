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
    from accelgen.api import Build, Model, estimate, explore, explore_formats, load, verify
    from accelgen.errors import AccelgenError
    from accelgen.estimation import Estimate, Estimates
    from accelgen.exploration.candidate import Candidate, Exploration
    from accelgen.exploration.goals import Goals

__version__ = "0.1.0"

_HOMES = {
    "AccelgenError": "accelgen.errors",
    "Build": "accelgen.api",
    "Candidate": "accelgen.exploration.candidate",
    "Estimate": "accelgen.estimation",
    "Estimates": "accelgen.estimation",
    "Exploration": "accelgen.exploration.candidate",
    "Goals": "accelgen.exploration.goals",
    "Model": "accelgen.api",
    "estimate": "accelgen.api",
    "explore": "accelgen.api",
    "explore_formats": "accelgen.api",
    "load": "accelgen.api",
    "verify": "accelgen.api",
}

__all__ = [
    "AccelgenError",
    "Build",
    "Candidate",
    "Estimate",
    "Estimates",
    "Exploration",
    "Goals",
    "Model",
    "__version__",
    "estimate",
    "explore",
    "explore_formats",
    "load",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'accelgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
