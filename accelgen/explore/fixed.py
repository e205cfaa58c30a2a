"""What is left to choose of layers for which something was asked."""

from __future__ import annotations

from accelgen.choices import Choices
from accelgen.design import Design, LayerDesign, Strategy
from accelgen.design.alternatives import alternatives
from accelgen.design.packed_choice import GENERAL
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError
from accelgen.ir import Network


def allowed_choices(network: Network, design: Design, asked: Choices) -> dict[str, tuple[LayerDesign, ...]]:
    """What each layer may be that a strategy, a reuse factor or a folding was asked for.

    ``design`` is what the choices make for the network. A layer that cannot have what was asked for becomes
    what `accelgen.design.reuse.legalize` makes of it, as in a build.

    Raises:
        DesignError: something is asked for a layer that does not multiply, or that a layer cannot have.
    """
    legal, _ = legalize(network, design)
    named = {**asked.layer_reuse_factors, **asked.layer_foldings}
    found: dict[str, tuple[LayerDesign, ...]] = {}
    for node in network:
        options = alternatives(node, network, design)
        if not options:
            if node.name in named:
                raise DesignError(f"layer {node.name!r} has no products, so it has neither reuse nor folding")
            continue
        factor = asked.layer_reuse_factors.get(node.name, asked.reuse_factor)
        folded = node.name in asked.layer_foldings or asked.folding is not None
        strategies = _strategies(asked)
        if factor is None and strategies is None and not folded:
            continue
        left = tuple(
            choice
            for choice in options
            if (factor is None or choice.reuse_factor == factor)
            and (strategies is None or choice.strategy in strategies)
        )
        found[node.name] = (legal.layer(node.name),) if folded or not left else left
    return found


def _strategies(asked: Choices) -> frozenset[Strategy] | None:
    """Those that may be chosen, None for all: what was asked for, and what stands in for it elsewhere."""
    if asked.strategy is None:
        return None
    strategy = Strategy(asked.strategy)
    return None if strategy is Strategy.AUTO else frozenset({strategy, GENERAL.get(strategy, strategy)})
