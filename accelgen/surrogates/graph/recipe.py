"""From what rules and boosting learned to a graph network beside them: what it serves, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from accelgen.surrogates.features import Numbers, from_records
from accelgen.surrogates.graph import storage
from accelgen.surrogates.graph.inputs import FEATURES, TARGETS
from accelgen.surrogates.graph.network import GraphNetwork
from accelgen.surrogates.graph.train import DEFAULT_RECIPE, Recipe, out_of_fold, train_graph_network
from accelgen.surrogates.learn.card import Line, lines
from accelgen.surrogates.learn.folds import FOLDS
from accelgen.surrogates.learn.scope import family_name, main_families
from accelgen.surrogates.learn.train import METHODS, HeldOut, Trained, choose, with_widths
from accelgen.surrogates.record import Synthesis

CARD = "graph/CARD.md"
LEAST_SHOWN = 0.005
"""SMAPE of rules in % below which the card leaves a target out."""

FILES = (storage.FILE, CARD)


def make_graph(trained: Trained, folder: Path, recipe: Recipe = DEFAULT_RECIPE) -> Trained:
    """Train a graph network on the rows of ``trained``; write it and its card (`FILES`).

    What is returned holds the choice between rules, boosting and the network.

    It is tried on the folds that boosting was tried on, by networks that did not see their architectures, and
    serves what it predicts better.

    Raises:
        UsageError: Keras or TensorFlow is missing.
    """
    rows = [row for tried in trained.held_out.values() for row in tried.rows]
    folds = np.concatenate([tried.folds for tried in trained.held_out.values()])
    figures = out_of_fold(rows, folds, recipe)
    network = train_graph_network(rows, trained.prices, recipe)
    compared = replace(trained, held_out=_with_method(trained.held_out, figures))
    network = replace(network, serves=_serves(network, compared))
    storage.save(network, folder / storage.FILE)
    (folder / CARD).write_text(_card(network, compared, rows, recipe), encoding="utf-8")
    return compared


def _with_method(held_out: Mapping[str, HeldOut], figures: Numbers) -> dict[str, HeldOut]:
    """What was tried with the network as a further method, chosen from again; ``figures`` (n, t)."""
    found: dict[str, HeldOut] = {}
    start = 0
    for domain, tried in held_out.items():
        own = figures[start : start + len(tried.rows)]
        start += len(tried.rows)
        said = {**tried.by_method["rules"], **dict(zip(TARGETS, own.T, strict=True))}
        found[domain] = replace(tried, by_method={**tried.by_method, "graph": said}, served={})
        choose(found[domain], from_records([row.design for row in tried.rows]))
    return found


def _serves(network: GraphNetwork, trained: Trained) -> dict[str, dict[str, float]]:
    """What the network serves, with widths: where it was chosen, and has learned something."""
    graph = METHODS.index("graph")
    found: dict[str, dict[str, float]] = {}
    for domain, tried in trained.held_out.items():
        main = main_families(from_records([row.design for row in tried.rows]))
        for family, part in with_widths(trained.learned.parts[domain], tried).items():
            name = f"{domain}: {family_name(family)}"
            if name not in network.settings:
                continue
            scale = dict(zip(TARGETS, network.weights["scale"][network.settings.index(name)], strict=True))
            widths = {
                target: part.widths[target]
                for target in TARGETS
                if scale[target] > 0 and (tried.served[target][main == family] == graph).any()
            }
            if widths:
                found[name] = widths
    return found


def _card(network: GraphNetwork, trained: Trained, rows: Sequence[Synthesis], recipe: Recipe) -> str:
    """The card as Markdown: no dates and no paths, so that the same data give the same bytes."""
    table = "\n".join(
        _row(line, line.target in network.serves.get(f"{line.domain}: {line.layers}", {}))
        for line in lines(trained)
        if line.target in TARGETS and line.smape["rules"] >= LEAST_SHOWN
    )
    return _TEXT.format(
        rows=len(rows),
        groups=len({row.group for row in rows}),
        members=recipe.members,
        hidden=recipe.hidden,
        rounds=recipe.rounds,
        steps=recipe.steps,
        features=len(FEATURES),
        folds=FOLDS,
        table=table,
    )


def _row(line: Line, served: bool) -> str:
    rules, boosting, graph = (line.smape[method] for method in METHODS)
    gain = f"{100 * (1 - graph / min(rules, boosting)):.0f} %" if served else ""
    return (
        f"| {line.domain} | {line.layers} | {line.target} | {line.score.n} "
        f"| {rules:.2f} | {boosting:.2f} | {graph:.2f} | {gain} |"
    )


_TEXT = """# Graph network

`weights.npz` holds a graph network over the layers of designs, which predicts the logarithm of what rules
miss. `accelgen surrogate train --graph --data DIR...` makes it again, given Keras 3 on TensorFlow: the same
bytes on one kind of processor and version of TensorFlow. It is served by NumPy.

## Data

The {rows:,} successful syntheses of {groups} architectures that boosting learned from (`../boosting/CARD.md`
names them and their licences).

## Network

Nodes are layers, with {features} features: sizes as logarithms, kind, and what the rules say of layer and
design. Messages go along the data flow and against it, {rounds} times; a state has {hidden} units. Each layer
says a residual for each target, and a design's is their sum, weighted by the layers' shares in what the rules
say. Of {members} networks, averaged, each leaves out a part of the architectures. These say when to stop,
within {steps} steps of AdamW, and how far to believe the network for each tool, family of layers and target:
not at all where it errs no less than the rules, whose figures it then gives.

## Scores

SMAPE in % on architectures that neither prices, trees nor networks saw ({folds} folds). Where the last column
says how much less than the next best method it errs, the network serves; where it is empty, rules or
boosting do. What rules err less than 0.005 % on is left out.

| tool, stage | layers | target | rows | rules | boosting | graph network | saves |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |
{table}
"""
