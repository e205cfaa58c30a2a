"""Designs and untrained graph networks to try."""

import numpy as np

from accelgen.surrogates.features import from_records
from accelgen.surrogates.graph import GraphNetwork
from accelgen.surrogates.graph.inputs import FEATURES, TARGETS, settings
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.rules import DEFAULT_DOMAIN

UNITS, MEMBERS, ROUNDS = 6, 3, 2


def dense(name, *inputs, n_in=16, n_out=32, reuse_factor=8, **others):
    return LayerRecord(
        name,
        LayerKind.DENSE,
        inputs,
        n_in,
        n_out,
        weight_bits=8,
        strategy="resource",
        reuse_factor=reuse_factor,
        **others,
    )


def design(*layers, **others):
    return DesignRecord(layers, part="xcu250-figd2104-2L-e", **others)


CHAIN = design(dense("a"), dense("b", "a", n_in=32, n_out=8), dense("c", "b", n_in=8))
BRANCHES = design(
    dense("a"),
    dense("left", "a", n_in=32, reuse_factor=4),
    dense("right", "a", n_in=32, n_out=64, reuse_factor=16),
    LayerRecord("sum", LayerKind.MERGE, ("left", "right"), 32, 32),
    dense("end", "sum", "a", n_in=32, n_out=5),
)
SINGLE = design(dense("only", n_in=64, n_out=10, reuse_factor=2))
DESIGNS = [CHAIN, BRANCHES, SINGLE]


def random_network(known=None, seed=0):
    """A network with weights of every kind, for the settings of `DESIGNS` unless given."""
    known = sorted(set(settings(from_records(DESIGNS), DEFAULT_DOMAIN))) if known is None else known
    rng = np.random.default_rng(seed)
    features = len(FEATURES) + len(known)

    def weights(*shape):
        return (rng.normal(size=shape) / np.sqrt(shape[-2] if len(shape) > 1 else 1)).astype(np.float32)

    found = {
        "mean": weights(features),
        "inverse_deviation": np.abs(weights(features)),
        "scale": np.full((len(known), len(TARGETS)), 0.05, np.float32),
        "encode": weights(MEMBERS, features, UNITS),
        "encode_bias": weights(MEMBERS, 1, UNITS),
        "read": weights(MEMBERS, UNITS, len(TARGETS)),
        "read_bias": weights(MEMBERS, 1, len(TARGETS)),
    }
    for number in range(ROUNDS):
        found |= {
            f"{part}_{number}": weights(MEMBERS, UNITS, UNITS) for part in ("self", "forward", "backward")
        }
        found[f"bias_{number}"] = weights(MEMBERS, 1, UNITS)
    return GraphNetwork(tuple(known), found, {known[0]: {"ff": 0.01}} if known else {})
