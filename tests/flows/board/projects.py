"""Projects for boards, and their wrappers compiled behind a simulated memory."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.backend.csim import FLAGS, _precompiled_header
from accelgen.boards import find_board
from accelgen.design import Design, IoType
from accelgen.ir import (
    Conv,
    Dense,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Overflow,
    Pool,
    PoolKind,
    Quantize,
    Reshape,
    Rounding,
)
from accelgen.passes.infer_types import infer_types
from accelgen.verification import random_inputs

HOSTILE = 'a "$x" [exit]\n\\é'
"""The name of a network and of an input."""


def _grid(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-4, 4, shape) / 2.0


def mixed() -> Network:
    """Inputs of 8, 11, 16 and 3 bits with several modes; outputs of 13, 32, 1 and 64 bits."""
    rng = np.random.default_rng(0)
    nodes = (
        Input(HOSTILE, (), (6,), FixedType(8, 3, True, Rounding.RND_CONV, Overflow.SAT)),
        Input("odd", (), (5,), FixedType(11, 4, False, Rounding.RND, Overflow.WRAP)),
        Input("wide", (), (4,), FixedType(16, 8, True, Rounding.TRN_ZERO, Overflow.SAT_SYM)),
        Input("few", (), (7,), FixedType(3, 2, True, Rounding.RND_INF, Overflow.SAT_ZERO)),
        Dense("first", (HOSTILE,), _grid(rng, 6, 3), _grid(rng, 3)),
        Dense("second", ("odd",), _grid(rng, 5, 3), None),
        Dense("third", ("few",), _grid(rng, 7, 3), None),
        Merge("sum", ("first", "second", "third"), MergeKind("add")),
        Quantize("thirteen", ("sum",), FixedType(13, 9, True, Rounding.RND, Overflow.SAT)),
        Dense("fourth", ("wide",), _grid(rng, 4, 7), _grid(rng, 7)),
        Quantize("thirty_two", ("fourth",), FixedType(32, 20, True, Rounding.RND, Overflow.SAT)),
        Quantize("one", ("first",), FixedType(1, 1, False)),
        Quantize("sixty_four", ("first",), FixedType(64, 30)),
    )
    return infer_types(Network(nodes, ("thirteen", "thirty_two", "one", "sixty_four"), name=HOSTILE))


def image() -> Network:
    """A convolution over an image of three channels of 9 bits, and its pooled result of another shape."""
    rng = np.random.default_rng(1)
    kind = FixedType(9, 4, True, Rounding.RND_CONV, Overflow.SAT)
    nodes = (
        Input("image", (), (5, 4, 3), kind),
        Conv("conv", ("image",), _grid(rng, 2, 2, 3, 5), _grid(rng, 5), (1, 1), ((0, 1), (1, 0)), (1, 1)),
        Quantize("narrow", ("conv",), FixedType(6, 5, True, Rounding.RND, Overflow.SAT)),
        Pool("pool", ("narrow",), PoolKind.MAX, (5, 2), (5, 2), ((0, 0), (0, 0))),
        Reshape("flat", ("pool",), (10,)),
        Dense("scores", ("flat",), _grid(rng, 10, 3), None),
    )
    return infer_types(Network(nodes, ("scores", "narrow"), name="image"))


@dataclass(frozen=True)
class Project:
    """A project on disk, its network and the wrapper's compiled simulation."""

    network: Network
    directory: Path
    library: Path

    @cached_property
    def _run(self) -> Any:
        run = ctypes.CDLL(str(self.library)).accelgen_board_run
        run.restype = ctypes.c_size_t
        return run

    def run(self, inputs: list[np.ndarray], outputs: list[np.ndarray], samples: int) -> int:
        """The wrapper from buffers to buffers; how often TLAST was not where it belongs."""

        def pointers(arrays: list[np.ndarray]) -> Any:
            assert all(array.flags.c_contiguous for array in arrays)
            return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))

        return self._run(pointers(inputs), pointers(outputs), ctypes.c_size_t(samples))

    @cached_property
    def samples(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """10,000 real inputs, and what the golden model makes of them."""
        numbers = self.numbers(10_000)
        return numbers, self.golden(numbers)

    def numbers(self, samples: int, seed: int = 0) -> list[np.ndarray]:
        """Real inputs, on and off the grid and beyond the range."""
        rng = np.random.default_rng(seed)
        arrays = []
        for node in self.network.inputs:
            span = 1.5 * max(-node.type.min, node.type.max)
            real = rng.uniform(-span, span, (samples, *node.shape))
            step = node.type.step / 2
            arrays.append(np.where(rng.integers(2, size=real.shape) > 0, real, np.round(real / step) * step))
        return arrays

    def golden(self, numbers: list[np.ndarray]) -> list[np.ndarray]:
        """What the golden model makes of real inputs."""
        named = {node.name: array for node, array in zip(self.network.inputs, numbers, strict=True)}
        results = reference.evaluate(self.network, reference.quantize_inputs(self.network, named))
        return [results[name].values for name in self.network.outputs]


def build(network: Network, directory: Path, board: str, io_type: IoType, bus_bits: int = 0) -> None:
    """Write a project for a board."""
    known = find_board(board)
    codes = random_inputs(network, 5, 0)
    write_project(
        network,
        Design(known.part.name, known.clock_ns, io_type=io_type, board=board, bus_bits=bus_bits),
        directory,
        sources={},
        golden_inputs=codes,
        golden_outputs=reference.evaluate(network, codes),
    )


def compiled(network: Network, directory: Path, board: str, io_type: IoType, bus_bits: int = 0) -> Project:
    """Write a project for a board and compile its wrapper."""
    build(network, directory, board, io_type, bus_bits)
    library = directory.with_suffix(".so")
    folders = ["-Ifirmware", "-Ifirmware/ap_types", "-Iboard/sim", "-Iboard"]
    folders += _precompiled_header(directory / "firmware")
    run(["g++", *FLAGS, "-shared", *folders, "board/simulation.cpp", "-o", str(library)], directory)
    return Project(network, directory, library)


def run(command: list[str], cwd: Path) -> str:
    """A command's output; its errors are shown where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
