"""The Makefile of a project and the scripts that it has the vendor's tools run."""

from __future__ import annotations

from accelgen.design import Design
from accelgen.flows.tcl import word
from accelgen.templates import fill, read

_FIXED = (
    "stage.sh",
    "csim.sh",
    "csynth.tcl",
    "cosim.tcl",
    "export.tcl",
    "reports.tcl",
    "vivado-synth.tcl",
    "vivado-impl.tcl",
)


def flow_files(name: str, top: str, design: Design) -> dict[str, bytes]:
    """Path within the project and content of the Makefile and what it runs.

    Args:
        name: the network's name, of any characters.
        top: its top function in C++.
        design: which part, clock, uncertainty and directives the tools are given.
    """
    clock_ns = f"{design.clock_ns:g}"
    text = {
        "Makefile": fill("Makefile", top=top),
        "flow/settings.tcl": fill(
            "flow/settings.tcl",
            top=top,
            network=word(name),
            part=design.part,
            clock_ns=clock_ns,
            clock_uncertainty=f"{design.clock_uncertainty_percent:g}",
            directives=" ".join(f"{step} {value}" for step, value in design.directives.items()),
        ),
        "flow/clock.xdc": fill("flow/clock.xdc", clock_ns=clock_ns),
        **{f"flow/{script}": read(f"flow/{script}") for script in _FIXED},
    }
    return {path: content.encode() for path, content in text.items()}


def sweep_makefile(projects: str) -> bytes:
    """A Makefile whose targets are those of many projects: ``projects``, words of a shell such as runs/*."""
    return f"PROJECTS ?= {projects}\n\n{read('flow/sweep.mk')}".encode()
