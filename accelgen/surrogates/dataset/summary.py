"""What a table of syntheses holds: how many of what, and the ranges of what was measured."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from accelgen.surrogates.record import TARGETS, Synthesis


def summarize(syntheses: Iterable[Synthesis]) -> dict[str, Any]:
    """Counts by what holds for a design or one of its layers, and each target's range.

    ``counts`` has the values of "tool", "stage", "part", "io_type", "backend", "layers" (how many),
    "kind" and "strategy" (of which a row may have several), and how many rows have each. ``targets`` has
    "rows", "min", "median", "mean" and "max" of each target that was measured; ``groups`` is the number of
    architectures.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    targets: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
    groups: set[str] = set()
    for synthesis in syntheses:
        groups.add(synthesis.group)
        for what, values in _properties(synthesis).items():
            counts[what].update(values)
        for name, value in synthesis.targets.items():
            targets[name].append(value)
    return {
        "groups": len(groups),
        "counts": {what: dict(own.most_common()) for what, own in counts.items()},
        "targets": {name: _range(targets[name]) for name in TARGETS if targets[name]},
    }


def _properties(synthesis: Synthesis) -> dict[str, set[str]]:
    design = synthesis.design
    return {
        "tool": {f"{synthesis.tool} {synthesis.version}".strip()},
        "stage": {synthesis.resource_stage.value},
        "part": {design.part},
        "io_type": {design.io_type},
        "backend": {design.backend},
        "layers": {str(len(design.layers))},
        "kind": {layer.kind.value for layer in design.layers},
        "strategy": {layer.strategy for layer in design.layers if layer.strategy},
    }


def _range(values: array[float]) -> dict[str, float]:
    numbers = np.frombuffer(values)
    return {
        "rows": len(numbers),
        "min": float(numbers.min()),
        "median": float(np.median(numbers)),
        "mean": float(numbers.mean()),
        "max": float(numbers.max()),
    }
