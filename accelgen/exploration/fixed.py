"""What is left to choose of layers for which something was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from accelgen.choices import Choices
from accelgen.design import Design, LayerDesign, Strategy
from accelgen.design.adjustment import Adjustment
from accelgen.design.alternatives import SEARCHED, alternatives
from accelgen.design.packed_choice import GENERAL
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, UsageError
from accelgen.ir import Network

DISTRIBUTED = Strategy.DISTRIBUTED_ARITHMETIC


def allowed_choices(network: Network, design: Design, asked: Choices) -> dict[str, tuple[LayerDesign, ...]]:
    """What each layer may be that strategies, a reuse factor or a folding were asked for.

    ``design`` is what the choices make for the network. A layer that cannot have what was asked for becomes
    what `accelgen.design.reuse.legalize` makes of it, as in a build; one that none of several strategies can
    build keeps all its choices.

    Raises:
        DesignError: something is asked for a layer that does not multiply, or that a layer cannot have.
        UsageError: strategies are asked for that a search does not tell from others, or besides one for all.
    """
    return _choices(network, design, asked)[0]


def changed_choices(network: Network, design: Design, asked: Choices) -> tuple[str, ...]:
    """What became of choices that were asked for of layers that cannot have them, a sentence each.

    The arguments and what they raise are those of `allowed_choices`.
    """
    return tuple(map(str, _choices(network, design, asked)[1]))


def _choices(
    network: Network, design: Design, asked: Choices
) -> tuple[dict[str, tuple[LayerDesign, ...]], list[Adjustment]]:
    legal, changes = legalize(network, design)
    strategies = _strategies(asked)
    named = {**asked.layer_reuse_factors, **asked.layer_foldings}
    found: dict[str, tuple[LayerDesign, ...]] = {}
    changed: list[Adjustment] = []
    for node in network:
        options = alternatives(node, network, design)
        if not options:
            if node.name in named:
                raise DesignError(f"layer {node.name!r} has no products, so it has neither reuse nor folding")
            continue
        factor = asked.layer_reuse_factors.get(node.name, asked.reuse_factor)
        folded = node.name in asked.layer_foldings or asked.folding is not None
        if factor is None and strategies is None and not folded:
            continue
        own = [change for change in changes if change.layer == node.name]
        chosen = options if strategies is None else alternatives(node, network, design, strategies)
        if asked.strategies:
            chosen = chosen or options
        left = tuple(choice for choice in chosen if factor is None or choice.reuse_factor == factor)
        if left and not folded:
            found[node.name] = left
            changed += [change for change in own if change.choice == "strategy"]
            continue
        found[node.name] = (legal.layer(node.name),)
        if asked.strategies and not folded:
            found[node.name], own = _nearest(network, design, node.name, chosen)
        changed += own
    return found, changed


def _nearest(
    network: Network, design: Design, name: str, chosen: Sequence[LayerDesign]
) -> tuple[tuple[LayerDesign, ...], list[Adjustment]]:
    """A layer with the reuse factors nearest to what was asked for, by each strategy that it may have."""
    found: list[LayerDesign] = []
    changed: list[Adjustment] = []
    strategies = dict.fromkeys(choice.strategy for choice in chosen)
    # distributed arithmetic has no reuse factor: it is refused where there is nothing else
    for strategy in [own for own in strategies if own is not DISTRIBUTED] or strategies:
        single = replace(design.layer(name), strategy=strategy)
        legal, changes = legalize(network, replace(design, layers={**design.layers, name: single}))
        found.append(legal.layer(name))
        changed += [change for change in changes if change.layer == name]
    return tuple(dict.fromkeys(found)), changed


def _strategies(asked: Choices) -> frozenset[Strategy] | None:
    """Those that may be chosen, None for all: what was asked for, and what stands in for it elsewhere."""
    if asked.strategies:
        if asked.strategy is not None:
            raise UsageError("give one strategy for all layers, or strategies to choose from, not both")
        chosen = [own.value if isinstance(own, Strategy) else own for own in asked.strategies]
        known = {own.value: own for own in SEARCHED}
        if unknown := [own for own in chosen if own not in known]:
            raise UsageError(f"a search does not choose {unknown[0]!r}; it chooses from {', '.join(known)}")
        return frozenset(known[own] for own in chosen)
    if asked.strategy is None:
        return None
    strategy = Strategy(asked.strategy)
    return None if strategy is Strategy.AUTO else frozenset({strategy, GENERAL.get(strategy, strategy)})
