"""The graph network in Keras 3, as it is trained; `network` evaluates the same in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from accelgen.surrogates.graph.inputs import TARGETS, Floats, GraphInputs
from accelgen.surrogates.graph.network import CLIP, LIMIT


class GraphModel(keras.Model):  # type: ignore[misc]  # keras has no types
    """m networks side by side, with weights as `GraphNetwork.weights` names them but for "scale".

    Units of hidden states are dropped in training with probability ``dropout``.
    """

    def __init__(
        self,
        mean: Floats,
        inverse_deviation: Floats,
        members: int,
        hidden: int,
        rounds: int,
        dropout: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.normalisation = (mean, inverse_deviation)
        self.rounds = rounds
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self._seeds = keras.random.SeedGenerator(seed)
        self._named: dict[str, Any] = {}
        self._matrix("encode", members, mean.size, hidden)
        self._bias("encode_bias", members, hidden)
        for number in range(rounds):
            for part in ("self", "forward", "backward"):
                self._matrix(f"{part}_{number}", members, hidden, hidden)
            self._bias(f"bias_{number}", members, hidden)
        # zeros: untrained, the network says what the rules say
        self._named["read"] = self.add_weight((members, hidden, len(TARGETS)), "zeros", name="read")
        self._bias("read_bias", members, len(TARGETS))

    def _matrix(self, name: str, members: int, rows: int, columns: int) -> None:
        shape = (members, rows, columns)
        initial = keras.random.normal(shape, stddev=rows**-0.5, seed=self._seeds)
        self._named[name] = self.add_weight(shape, "zeros", name=name)
        self._named[name].assign(initial)

    def _bias(self, name: str, members: int, columns: int) -> None:
        self._named[name] = self.add_weight((members, 1, columns), "zeros", name=name)

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """What each network says, in units of the scale, (m, d, t)."""
        weights = self._named
        mean, inverse_deviation = self.normalisation
        nodes = ops.clip((inputs["nodes"] - mean) * inverse_deviation, -CLIP, CLIP)
        hidden = ops.relu(ops.matmul(nodes, weights["encode"]) + weights["encode_bias"])
        source, destination = inputs["edges"][0], inputs["edges"][1]
        for number in range(self.rounds):
            before = _messages(hidden, source, destination)
            after = _messages(hidden, destination, source)
            hidden = hidden + ops.relu(
                ops.matmul(hidden, weights[f"self_{number}"])
                + ops.matmul(before, weights[f"forward_{number}"])
                + ops.matmul(after, weights[f"backward_{number}"])
                + weights[f"bias_{number}"]
            )
        hidden = self.dropout(hidden, training=training)
        read = (ops.matmul(hidden, weights["read"]) + weights["read_bias"]) * inputs["shares"]
        pooled = _sums(read, inputs["design"], ops.shape(inputs["setting"])[0])
        return LIMIT * ops.tanh(pooled / LIMIT)

    def arrays(self) -> dict[str, Floats]:
        """The weights by name."""
        mean, inverse_deviation = self.normalisation
        trained = {name: ops.convert_to_numpy(value).copy() for name, value in self._named.items()}
        return {"mean": mean, "inverse_deviation": inverse_deviation, **trained}


def tensors(inputs: GraphInputs) -> dict[str, Any]:
    """What `GraphModel` is called with."""
    names = ("nodes", "edges", "design", "shares", "setting")
    return {name: ops.convert_to_tensor(getattr(inputs, name)) for name in names}


def _messages(hidden: Any, source: Any, destination: Any) -> Any:
    return _sums(ops.take(hidden, source, axis=1), destination, ops.shape(hidden)[1])


def _sums(values: Any, segments: Any, count: Any) -> Any:
    """Sums (m, count, k) of rows (m, n, k) that share a segment."""
    rows_first = ops.transpose(values, (1, 0, 2))
    return ops.transpose(ops.segment_sum(rows_first, segments, num_segments=count), (1, 0, 2))
