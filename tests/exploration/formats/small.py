"""A small float classifier, trained in closed form, whose formats can all be tried."""

from __future__ import annotations

from functools import cache

import numpy as np

from accelgen.design import Design
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.hardware import HardwareSearch
from accelgen.exploration.formats.search import FormatOptions, FormatSearch
from accelgen.exploration.goals import Goals
from accelgen.ir import Dense, FixedType, Input, Network, Overflow, Relu, Rounding

DESIGN = Design(input_precision=FixedType(8, 3, True, Rounding.RND_CONV, Overflow.SAT))
CLASSES = 3


@cache
def samples() -> tuple[np.ndarray, np.ndarray]:
    """Points (540, 4) around one centre for each of three classes, and their classes."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, CLASSES, 540)
    centres = rng.normal(size=(CLASSES, 4))
    return centres[labels] + rng.normal(scale=0.6, size=(540, 4)), labels


@cache
def classifier() -> Network:
    """4-6-3: random features, and the readout that least squares gives."""
    rng = np.random.default_rng(8)
    x, labels = samples()
    weight, bias = rng.normal(size=(4, 6)), rng.normal(size=6)
    features = np.maximum(x @ weight + bias, 0)
    design = np.column_stack([features, np.ones(len(x))])
    readout = np.linalg.lstsq(design, np.eye(CLASSES)[labels], rcond=None)[0]
    nodes = (
        Input("x", (), (4,)),
        Dense("hidden", ("x",), weight, bias),
        Relu("relu", ("hidden",)),
        Dense("readout", ("relu",), readout[:-1], readout[-1]),
    )
    return Network(nodes, ("readout",), "classifier")


def format_search(
    bits: str | list[str] = "4..8", *, goals: Goals | None = None, labelled: bool = True, **options
) -> FormatSearch:
    """A search for the fewest LUTs; 125 assignments, where the readout's result is fixed."""
    x, labels = samples()
    texts = [bits] if isinstance(bits, str) else bits
    return FormatSearch.of(
        classifier(),
        DESIGN,
        Bits.parse(texts),
        [HardwareSearch(goals or Goals.of({"latency": "100"}, "lut"), (DESIGN,))],
        data={"x": x},
        labels=labels if labelled else None,
        calibration={"x": x},
        options=FormatOptions(**options),
    )
