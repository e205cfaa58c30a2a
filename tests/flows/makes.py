"""Projects, and make run in them with stand-ins for the vendor's tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.design import Design
from accelgen.ir import Dense, FixedType, Input, Network
from accelgen.passes.infer_types import infer_types
from accelgen.verification import random_inputs

TOOLS = Path(__file__).parent / "tools"
STRICT = Path(__file__).parent / "tcl" / "strict.tcl"
SECONDS = 60
"""That nothing here takes; what does is stuck."""

needs_tclsh = pytest.mark.skipif(
    shutil.which("tclsh") is None, reason="needs tclsh (apt-get install tcl), which runs the tools' Tcl"
)


def build(directory: Path, name: str = "small", **choices: Any) -> Path:
    """A project of two small layers."""
    rng = np.random.default_rng(0)
    nodes = (
        Input("x", (), (4,), FixedType(8, 4)),
        Dense("first", ("x",), rng.integers(-3, 4, (4, 3)) / 2, None),
        Dense("second", ("first",), rng.integers(-3, 4, (3, 2)) / 2, None),
    )
    network = infer_types(Network(nodes, ("second",), name=name))
    inputs = random_inputs(network, 5, seed=0)
    write_project(
        network,
        Design(**choices),
        directory,
        sources={},
        golden_inputs=inputs,
        golden_outputs=reference.evaluate(network, inputs),
    )
    return directory


@dataclass(frozen=True)
class Made:
    """What make left and said."""

    status: int
    output: str

    def __contains__(self, text: str) -> bool:
        return text in self.output


@dataclass(frozen=True)
class Makes:
    """A folder with a Makefile, and the environment that make has there.

    ``tools`` are the names of the stand-ins on PATH, none of the vendor's.
    """

    folder: Path
    tools: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, **settings: str) -> Made:
        process = self.start(*words, **settings)
        try:
            output, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return Made(process.returncode, output)

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        hidden = ("MAKE", "STANDIN", "STRICT", "VITIS", "VIVADO", "MFLAGS")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        path = os.pathsep.join((str(self.tools), inherited["PATH"]))
        return subprocess.Popen(
            ["make", *words],
            cwd=self.folder,
            env={**inherited, "PATH": path, "LC_ALL": "C", **self.settings, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def stamps(self) -> set[str]:
        """The stages that are done."""
        return {path.stem for path in (self.folder / "build").glob("*.done")}

    def commands(self, journal: Path) -> list[dict[str, Any]]:
        """What the tools were told, in order."""
        return [json.loads(line) for line in journal.read_text(encoding="ascii").splitlines()]
