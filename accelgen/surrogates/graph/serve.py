"""Serving what the graph network predicts better than rules and boosting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.surrogates.features import Layers, Numbers
from accelgen.surrogates.graph.network import GraphNetwork
from accelgen.surrogates.learn.apply import Known
from accelgen.surrogates.learn.model import Learned, Part
from accelgen.surrogates.learn.scope import family_name, main_families
from accelgen.surrogates.rules import Domain, Estimate


def with_graph(learned: Learned, network: GraphNetwork) -> Learned:
    """What was learned, with the network in place of trees for what it serves, and its intervals."""
    parts = {
        domain: {
            family: _served(part, network, f"{domain}: {family_name(family)}") for family, part in own.items()
        }
        for domain, own in learned.parts.items()
    }
    return replace(learned, parts=parts)


def _served(part: Part, network: GraphNetwork, setting: str) -> Part:
    widths = network.serves.get(setting, {})
    return replace(
        part,
        forests={target: forest for target, forest in part.forests.items() if target not in widths},
        graph=frozenset(widths),
        widths={**part.widths, **widths},
    )


def corrected_by_graph(
    layers: Layers,
    ruled: Estimate,
    domain: Domain,
    known: Known,
    network: GraphNetwork,
    designs: dict[str, Numbers],
    single: dict[str, Numbers],
) -> None:
    """Replace figures of designs (d,) and layers (n,) by target, where the network serves.

    It does for designs whose layer with the most products is of a family that it serves, and whose layers are
    all like measurements. Their layers are scaled as the whole design is.
    """
    main = main_families(layers)
    inside = np.ones(layers.n_designs, bool)
    inside[layers.design[~known.inside]] = False
    families = {
        target: [family for family, part in known.parts.items() if target in part.graph]
        for target in frozenset().union(*(part.graph for part in known.parts.values()))
    }
    chosen = {target: inside & np.isin(main, own) for target, own in families.items()}
    used = np.any([np.zeros(layers.n_designs, bool), *chosen.values()], axis=0)
    if not used.any():
        return
    rows = used[layers.design]
    said = Estimate(ruled.designs, {target: values[rows] for target, values in ruled.layers.items()})
    figures = network.correct(layers.select(rows), said, domain)
    for target, served in chosen.items():
        before = ruled.designs[target]
        designs[target] = np.where(served, figures[target], designs[target])
        if target in single:
            ratio = np.divide(figures[target], before, out=np.ones(before.shape), where=before > 0)
            scaled = ruled.layers[target] * ratio[layers.design]
            single[target] = np.where(served[layers.design], scaled, single[target])
