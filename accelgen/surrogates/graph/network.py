"""The trained graph network, evaluated in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from accelgen.surrogates.features import Layers, Numbers
from accelgen.surrogates.graph.inputs import TARGETS, Floats, GraphInputs, Rows, graph_inputs
from accelgen.surrogates.rules import Domain, Estimate

CLIP = 4.0
"""Features are held within so many standard deviations of the training data."""

BLOCK = 4096
"""Designs whose features are held at once: larger arrays take longer to get from the system than to fill."""

CHUNK = 256
"""Designs that are evaluated at once, so that what is in between stays in the cache."""

LIMIT = 4.0
"""Residuals are held within so many times the mean one of their setting."""

OFFSETS: Mapping[str, float] = {"clock_ns": 0.0}
"""What is added to figures before their logarithm is taken: 1 for counts, which may be 0."""


@dataclass(frozen=True, eq=False)
class GraphNetwork:
    """Weights of m networks whose residuals are averaged, for f features, h hidden units and t targets.

    Attributes:
        settings: names of those that it was trained for (`inputs.settings`).
        weights: by name: "mean" and "inverse_deviation" (f,) of the features; "scale" (settings, t), the size
            of log residuals, 0 where the rules serve better; "encode" (m, f, h) and "encode_bias" (m, 1, h);
            for round r "self_r", "forward_r", "backward_r" (m, h, h) and "bias_r" (m, 1, h);
            "read" (m, h, t) and "read_bias" (m, 1, t).
        serves: the targets of each setting that it serves, each with half the width of their intervals on a
            log scale; other methods serve the rest.
    """

    settings: tuple[str, ...]
    weights: Mapping[str, Floats]
    serves: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How far messages travel, in layers."""
        return sum(name.startswith("self_") for name in self.weights)

    def correct(self, layers: Layers, ruled: Estimate, domain: Domain) -> dict[str, Numbers]:
        """Figures of designs (d,) by target: those of the rules, corrected by what was learned.

        A setting that the network was not trained for, and a target that it knows nothing better of, keep
        what the rules say.
        """
        found = [np.zeros((0, len(TARGETS)))]
        for start in range(0, layers.n_designs, BLOCK):
            stop = start + BLOCK
            rows = slice(*np.searchsorted(layers.design, (start, stop)).tolist())
            said = Estimate(
                {target: values[start:stop] for target, values in ruled.designs.items()},
                {target: values[rows] for target, values in ruled.layers.items()},
            )
            inputs = graph_inputs(layers.part(start, stop), said, domain, self.settings)
            found.append(self.residuals(inputs))
        residuals = np.concatenate(found)
        return {
            target: apply_residual(target, ruled.designs[target], residuals[:, column])
            for column, target in enumerate(TARGETS)
        }

    def residuals(self, inputs: GraphInputs) -> Numbers:
        """Log residuals of the rules, (d, t)."""
        scale = np.concatenate([self.weights["scale"], np.zeros((1, len(TARGETS)))])[inputs.setting]
        said = [self.members(part).mean(axis=0, dtype=np.float64) for part in inputs.chunks(CHUNK)]
        residuals: Numbers = scale * np.concatenate([np.zeros((0, len(TARGETS))), *said])
        return residuals

    def members(self, inputs: GraphInputs) -> Floats:
        """What each network says, in units of ``scale``, (m, d, t)."""
        weights = self.weights
        nodes: Floats = (inputs.nodes - weights["mean"]) * weights["inverse_deviation"]
        np.clip(nodes, -CLIP, CLIP, out=nodes)
        hidden = _relu(nodes @ weights["encode"] + weights["encode_bias"])
        source, destination = inputs.edges
        back = np.argsort(source, kind="stable")
        for number in range(self.rounds):
            before = _neighbours(hidden, source, destination)
            after = _neighbours(hidden, destination[back], source[back])
            update: Floats = hidden @ weights[f"self_{number}"]
            update += before @ weights[f"forward_{number}"]
            update += after @ weights[f"backward_{number}"]
            update += weights[f"bias_{number}"]
            hidden += _relu(update)
        read = (hidden @ weights["read"] + weights["read_bias"]) * inputs.shares
        pooled = segment_sum(read, inputs.design, inputs.setting.size)
        bounded: Floats = LIMIT * np.tanh(pooled / LIMIT)
        return bounded


def log_residual(target: str, measured: Numbers, ruled: Numbers) -> Numbers:
    """The logarithm of what was measured over what the rules say, of figures of one target."""
    offset = OFFSETS.get(target, 1.0)
    residual: Numbers = np.log((measured + offset) / (ruled + offset))
    return residual


def apply_residual(target: str, ruled: Numbers, residual: Numbers) -> Numbers:
    """The figures that `log_residual` came from, none below 0; exactly the rules' where it is 0."""
    offset = OFFSETS.get(target, 1.0)
    found: Numbers = np.maximum(ruled + (ruled + offset) * np.expm1(residual), 0)
    return found


def segment_sum(values: Floats, segments: Rows, count: int) -> Floats:
    """Sums (..., count, k) of rows (..., n, k) that share a segment; ``segments`` (n,) ascend."""
    sums = np.zeros((*values.shape[:-2], count, values.shape[-1]), values.dtype)
    if segments.size:
        starts = np.flatnonzero(np.diff(segments, prepend=-1))
        alone = starts.size == segments.size  # as in a chain, where nothing is to be added
        sums[..., segments[starts], :] = values if alone else np.add.reduceat(values, starts, axis=-2)
    return sums


def _neighbours(hidden: Floats, source: Rows, destination: Rows) -> Floats:
    return segment_sum(hidden[..., source, :], destination, hidden.shape[-2])


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0, out=values)
