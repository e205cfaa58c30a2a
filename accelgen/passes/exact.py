"""Makes a network exact: every constant on a grid and every real function a table, as bounds allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import (
    Affine,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    FixedType,
    Network,
    Node,
    Overflow,
    Quantize,
    Recurrent,
    Relu,
    Rounding,
    Softmax,
    Unary,
)
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.grid import constant_type
from accelgen.ir.nodes import Array
from accelgen.passes.bounds import bounds, bounds_of
from accelgen.passes.exact_affine import narrow_affine, narrow_bias, on_grid, scale_for_output
from accelgen.passes.exact_threshold import Steps, find_steps
from accelgen.passes.exact_unary import lower_unary, single_cast
from accelgen.passes.recurrent_types import choose_recurrent_types
from accelgen.passes.rename import rewire
from accelgen.passes.step_chains import Chain, pays, step_chains
from accelgen.passes.weights import Linear, no_wider, scaled_results

SOFTMAX_TYPE = FixedType(16, 0, False, Rounding.RND, Overflow.SAT)
"""A softmax's result where nothing else is said: steps of 2**-16 from 0 to just below 1."""
FLOAT32_BITS = 24
"""The mantissa of float32, in which frameworks hold slopes and bounds that their files print in decimals."""


def make_exact(network: Network, precision: FixedType | None = None) -> Network:
    """Rewrites, in topological order and with the bounds known so far, what is not exact yet.

    Scales and biases get the narrowest grid that changes no quantized result (`exact_affine`), functions
    become tables or thresholds (`exact_unary`), softmax and recurrent layers get types. ``precision`` is the
    user's type for what the network leaves open. The inputs must have types.

    Raises:
        PrecisionError: an input has no type.
        UnsupportedError: a function is unknown.
    """
    walk = _Walk(network, precision)
    for node in network:
        walk.visit(node)
    outputs = tuple(walk.moved.get(name, name) for name in network.outputs)
    exact = network.with_nodes(walk.nodes, outputs)
    return replace(exact, notes=(*network.notes, *walk.notes))


class _Walk:
    def __init__(self, network: Network, precision: FixedType | None) -> None:
        self.network = network
        self.precision = precision
        self.nodes: list[Node] = []
        self.notes: list[str] = []
        self.moved: dict[str, str] = {}
        self.found: dict[str, FixedArray] = {}
        self.chains = step_chains(network)
        self.steps: dict[str, Steps | None] = {}
        """What chains of nodes have become: at the last one's name its steps, None at the others'."""

    def visit(self, node: Node) -> None:
        """Add what replaces ``node``, and the bounds of all of it."""
        wired = rewire(node, self.moved)
        x = [self.found[source] for source in wired.inputs]
        replacement = self._replace(wired, x)
        for new in replacement:
            shape = new.output_shape(tuple(self.found[source].codes.shape[1:] for source in new.inputs))
            self.nodes.append(new)
            self.found[new.name] = bounds(new, [self.found[source] for source in new.inputs], shape)
        result = replacement[-1].name if replacement else wired.inputs[0]
        if result != node.name:
            self.moved[node.name] = result

    def _replace(self, node: Node, x: list[FixedArray]) -> list[Node]:
        if node.name not in self.steps and node.name in self.chains:
            self._find_steps(self.chains[node.name], x[0])
        if node.name in self.steps:
            steps = self.steps[node.name]
            return [] if steps is None else [steps.node(node.name, node.inputs)]
        if isinstance(node, Affine):
            return self._affine(node, x[0])
        if isinstance(node, Relu | Clip):
            return [self._bounded(node)]
        if isinstance(node, Dense | EinsumDense | Conv | DepthwiseConv):
            return [self._linear(node, x[0])]
        if isinstance(node, Unary):
            nodes, note = lower_unary(node, x[0], single_cast(self.network, node.name))
            if note is not None:
                self.notes.append(note)
            return nodes
        if isinstance(node, Softmax) and node.type is None:
            return [replace(node, type=SOFTMAX_TYPE)]
        if isinstance(node, Recurrent):
            typed, note = choose_recurrent_types(
                node, x[0], self.precision, lambda cell: make_exact(cell, self.precision)
            )
            if note is not None:
                self.notes.append(note)
            return [typed]
        return [node]

    def _find_steps(self, chain: Chain, x: FixedArray) -> None:
        """Let thresholds take over a chain on inputs within ``x``, or what comes after its first node.

        A chain for which thresholds do not pay is left as it is.
        """
        if not pays(chain, self.network):
            return
        steps = find_steps(chain, x)
        if steps is not None:
            self._take_over(chain, steps)
        elif len(chain) > 1:
            self.chains[chain[1].name] = chain[1:]

    def _take_over(self, chain: Chain, steps: Steps) -> None:
        *others, final = chain
        self.steps |= {node.name: None for node in others}
        self.steps[final.name] = steps

    def _with_steps(self, node: Linear, x: FixedArray) -> Linear | None:
        """The linear layer before a chain without its bias, which thresholds on its sums take over too.

        Where the chain falls, the signs of the layer's weights turn, so that the thresholds rise. None where
        no such chain follows.
        """
        chain = self._chain_after(node.name)
        if chain is None or not pays(chain, self.network):
            return None
        bias = (
            () if node.bias is None else (Affine(f"{node.name}/bias", (node.name,), np.ones(1), node.bias),)
        )
        layer = replace(node, bias=None)
        sums = bounds_of(layer, [x])
        steps = find_steps((*bias, *chain), sums)
        if steps is None:
            return None
        falls = np.broadcast_to(steps.falls, sums.codes.shape[-1:])
        turned = scaled_results(layer, np.where(falls, -1.0, 1.0)) if np.any(falls) else None
        if turned is not None and no_wider(turned, layer):
            layer, steps = turned, steps.turned(falls)
        self._take_over(chain, steps)
        return layer

    def _chain_after(self, name: str) -> Chain | None:
        """The chain that alone takes the result of ``name``."""
        users = self.network.consumers[name]
        if len(users) != 1 or name in self.network.outputs:
            return None
        return self.chains.get(users[0].name)

    def _affine(self, node: Affine, x: FixedArray) -> list[Node]:
        if on_grid(node):
            return [node]
        chain = self._chain_to_cast(node.name)
        if chain:
            narrow = narrow_affine(node, x, chain)
            if narrow is not None:
                return [narrow]
        rounded, kind = scale_for_output(node, x)
        if chain:
            return [rounded]
        name = f"{node.name}/result"
        return [rounded, Quantize(name, (node.name,), kind)]

    def _bounded(self, node: Relu | Clip) -> Node:
        """Bounds that a cast follows become what it makes of them: casts are monotone, so nothing changes."""
        chain = self._chain_to_cast(node.name)
        final = chain[-1] if chain else None
        if isinstance(final, Quantize) and final.type.overflow in (Overflow.SAT, Overflow.SAT_SYM):
            kind = final.type

            def narrow(bound: float) -> float:
                return float(from_real(np.array([bound]), kind).values[0])
        else:

            def narrow(bound: float) -> float:
                return float(_as_float32(np.array([bound]))[0])

        if isinstance(node, Clip):
            return replace(node, low=narrow(node.low), high=narrow(node.high))
        upper = None if node.upper is None else narrow(node.upper)
        return replace(node, negative_slope=_as_float32(node.negative_slope), upper=upper)

    def _linear(self, node: Linear, x: FixedArray) -> Linear:
        layer = self._with_steps(node, x)
        if layer is not None:
            return layer
        chain = self._chain_to_cast(node.name)
        final = chain[-1] if chain else None
        users = self.network.consumers[node.name]
        if final is None and len(users) == 1 and not isinstance(users[0], Affine | Softmax):
            return node
        return narrow_bias(node, x, final.type if isinstance(final, Quantize) else None)

    def _chain_to_cast(self, name: str) -> list[Node]:
        """The rectifiers and clips that alone follow ``name``, up to a cast; empty where there is none."""
        chain: list[Node] = []
        while True:
            users = self.network.consumers[name]
            if len(users) != 1 or name in self.network.outputs:
                return []
            (user,) = users
            if isinstance(user, Quantize):
                return [*chain, user]
            if not isinstance(user, Clip) and not (
                isinstance(user, Relu) and not np.any(user.negative_slope)
            ):
                return []
            chain.append(user)
            name = user.name


def _as_float32(values: Array) -> Array:
    if constant_type(values).width <= FLOAT32_BITS:
        return values
    return values.astype(np.float32).astype(np.float64)
