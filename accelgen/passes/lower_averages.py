"""Turns averages into sums and a scale: what the hardware does, and exact where the scale is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Merge, MergeKind, Network, Node, Pool, PoolKind
from accelgen.ir.names import free_name
from accelgen.passes.rename import insert_after
from accelgen.real import pool_counts


def lower_averages(network: Network) -> Network:
    """Average pooling and averaged merges as a sum followed by an `Affine` with the reciprocal."""
    sums: list[Node] = []
    scales: dict[str, Node] = {}
    for node in network:
        if isinstance(node, Pool) and node.kind is PoolKind.AVERAGE:
            sums.append(replace(node, kind=PoolKind.SUM))
            counts = pool_counts(node, network.shapes[node.inputs[0]])
            scale = 1.0 / (counts if np.ptp(counts) else counts.ravel()[:1])
        elif isinstance(node, Merge) and node.kind is MergeKind.AVERAGE:
            sums.append(replace(node, kind=MergeKind.ADD))
            scale = np.array([1.0 / len(node.inputs)])
        else:
            sums.append(node)
            continue
        name = free_name(f"{node.name}/scale", (other.name for other in network))
        scales[node.name] = Affine(name, (node.name,), scale, np.zeros(1))
    return insert_after(network.with_nodes(sums), scales) if scales else network
