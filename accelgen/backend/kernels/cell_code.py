"""C++ of one step of a recurrent layer: hls4ml's dense kernels multiply, plain statements do the rest.

A step alternates between loops over the units, which hold every element-wise node whose inputs are ready, and
matrix products of all gates of one source at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelgen.backend.kernels.config import table
from accelgen.backend.kernels.lookup import lookup_members
from accelgen.backend.kernels.threshold import threshold_members
from accelgen.backend.naming import safe_names
from accelgen.errors import UnsupportedError
from accelgen.ir import (
    Affine,
    Clip,
    Dense,
    FixedType,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Quantize,
    Recurrent,
    Relu,
    Threshold,
)
from accelgen.ir.grid import constant_type, to_fixed
from accelgen.ir.nodes import Array
from accelgen.ir.recurrent import Product, cell_network, cell_products
from accelgen.passes.infer_types import infer_types


@dataclass(frozen=True, eq=False)
class CellPlan:
    """A typed cell in the order in which hardware computes it."""

    node: Recurrent

    @cached_property
    def network(self) -> Network:
        """The cell with the type of every value."""
        return infer_types(cell_network(self.node))

    @property
    def input(self) -> str:
        """The node that holds the step's input."""
        return self.node.cell[0].name

    @property
    def n_in(self) -> int:
        """Features of a step."""
        return self.network.shapes[self.input][0]

    @property
    def units(self) -> int:
        """Elements of a state and of the result."""
        return self.network.shapes[self.node.result][0]

    def type(self, name: str) -> FixedType:
        """The type of a cell node's value."""
        return self.network.types[name].storage()

    def variable_type(self, name: str) -> FixedType:
        """The type of the variable that holds it: a cast's has the modes that do the casting."""
        node = self.network[name]
        return node.type if isinstance(node, Quantize) else self.type(name)

    @cached_property
    def levels(self) -> dict[str, int]:
        """How many matrix products lie before each node on the longest way from an input."""
        levels: dict[str, int] = {}
        for node in self.network:
            before = max((levels[source] for source in node.inputs), default=0)
            levels[node.name] = before + (1 if isinstance(node, Dense) else 0)
        return levels

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """The matrix products in the order of their levels."""
        return tuple(sorted(cell_products(self.node), key=lambda product: self.levels[product.source]))

    def accum(self, product: Product) -> FixedType:
        """The narrowest type that holds every sum of the product."""
        kinds = [self.type(node.name) for node in product.nodes]
        fraction = max(kind.fraction for kind in kinds)
        low = min(kind.min_code << (fraction - kind.fraction) for kind in kinds)
        high = max(kind.max_code << (fraction - kind.fraction) for kind in kinds)
        return FixedType.for_range(low, high, fraction)


class CellWriter:
    """Writes a cell's C++ for the layer of hls4ml index ``index``.

    ``product_call(position, source, sums)`` gives the statement that computes a product.
    """

    def __init__(self, plan: CellPlan, index: int, product_call: Callable[[int, str, str], str]) -> None:
        self.plan = plan
        self.index = index
        self.product_call = product_call
        self.names = safe_names([node.name for node in plan.network])
        self.tables: dict[str, str] = {}
        self.constants: list[str] = []

    def step(self) -> str:
        """The body of the function ``step(x, states, result)`` of the config, and what it needs before it."""
        plan = self.plan
        last = max(plan.levels.values())
        kept = self._kept(last)
        body: list[str] = []
        for level in range(last + 1):
            body += self._loop(level, kept, level == last)
            for position, product in enumerate(plan.products):
                if plan.levels[product.source] == level:
                    body += self._product(position, product)
        before = "".join(self.constants)
        lines = "".join(f"        {line}\n" for line in body)
        return (
            f"{before}"
            "    template <class res_T>\n"
            "    static void step(x_t x[n_in], state_t states[n_units], res_T result[n_units]) {\n"
            "        #pragma HLS INLINE\n"
            f"{lines}    }}\n"
        )

    def _kept(self, last: int) -> set[str]:
        """The values that outlive the loop that computes them."""
        levels = self.plan.levels
        kept = {product.source for product in self.plan.products} - {self.plan.input}
        for node in self.plan.network:
            kept.update(source for source in node.inputs if levels[source] != levels[node.name])
        ends = (self.plan.node.result, *(following for _, following in self.plan.node.states))
        kept.update(name for name in ends if levels[name] != last)
        return {name for name in kept if not isinstance(self.plan.network[name], Dense)} - {self.plan.input}

    def _loop(self, level: int, kept: set[str], last: bool) -> list[str]:
        plan = self.plan
        declarations: list[str] = []
        statements: list[str] = []
        for node in plan.network:
            if plan.levels[node.name] != level or isinstance(node, Dense) or node.name == plan.input:
                continue
            is_state = isinstance(node, Input)
            if is_state and node.name not in kept:
                continue
            kind = plan.variable_type(node.name).cpp
            name = self.names[node.name]
            value = f"states[u].{name}" if is_state else self._value(node, kept)
            if node.name in kept:
                declarations.append(f"{kind} {name}[n_units];")
                declarations.append(f"#pragma HLS ARRAY_PARTITION variable={name} complete")
                statements.append(f"{name}[u] = {value};")
            else:
                statements.append(f"const {kind} {name} = {value};")
        if last:
            for state, following in plan.node.states:
                statements.append(f"states[u].{self.names[state]} = {self._use(following, kept)};")
            statements.append(f"result[u] = {self._use(plan.node.result, kept)};")
        if not statements:
            return []
        loop = ["for (unsigned u = 0; u < n_units; u++) {", "    #pragma HLS UNROLL"]
        return [*declarations, *loop, *(f"    {line}" for line in statements), "}"]

    def _product(self, position: int, product: Product) -> list[str]:
        sums = f"sums{position}"
        source = "x" if product.source == self.plan.input else self.names[product.source]
        return [
            f"{self.plan.accum(product).cpp} {sums}[{product.weight.shape[1]}];",
            f"#pragma HLS ARRAY_PARTITION variable={sums} complete",
            self.product_call(position, source, sums),
        ]

    def _use(self, name: str, kept: set[str]) -> str:
        """The value of a cell node for the unit ``u``."""
        node = self.plan.network[name]
        if isinstance(node, Dense):
            for position, product in enumerate(self.plan.products):
                columns = product.columns()
                if name in columns:
                    return f"sums{position}[{columns[name]} + u]"
        if name in kept:
            return f"{self.names[name]}[u]"
        return f"states[u].{self.names[name]}" if isinstance(node, Input) else self.names[name]

    def _value(self, node: Node, kept: set[str]) -> str:
        values = [self._use(source, kept) for source in node.inputs]
        kind = self.plan.type(node.name).cpp
        if isinstance(node, Merge):
            return _merged(node, kind, values)
        (x,) = values
        if isinstance(node, Quantize):
            return x
        if isinstance(node, Affine):
            scale, bias = self._constant(node.scale), self._constant(node.bias)
            return f"{x} * {scale} + {bias}" if np.any(node.bias) else f"{x} * {scale}"
        if isinstance(node, Clip):
            low, high = self._constant(np.array([node.low])), self._constant(np.array([node.high]))
            ends = f"{kind}({node.low!r})", f"{kind}({node.high!r})"
            return f"{x} < {low} ? {ends[0]} : {x} > {high} ? {ends[1]} : {kind}({x})"
        if isinstance(node, Relu):
            return self._rectified(node, kind, x)
        if isinstance(node, Lookup | Threshold):
            operation = "lookup" if isinstance(node, Lookup) else "threshold"
            unit = "u" if isinstance(node, Threshold) and node.per_channel else "0"
            return f"accelgen::{operation}<{self._table(node)}>::template apply<{kind}>({x}, {unit})"
        raise UnsupportedError(
            f"layer {self.plan.node.name!r}: there is no code for {type(node).__name__} inside a cell"
        )

    def _rectified(self, node: Relu, kind: str, x: str) -> str:
        below = (
            f"{kind}({x} * {self._constant(node.negative_slope)})"
            if np.any(node.negative_slope)
            else f"{kind}(0)"
        )
        if node.upper is None:
            return f"{x} > 0 ? {kind}({x}) : {below}"
        upper = self._constant(np.array([node.upper]))
        return f"{x} > {upper} ? {kind}({node.upper!r}) : {x} > 0 ? {kind}({x}) : {below}"

    def _constant(self, values: Array) -> str:
        """A constant of each unit, or one that all share."""
        kind = constant_type(values).cpp
        if values.size == 1:
            return f"{kind}({values.item()!r})"
        name = f"constants{len(self.constants)}"
        codes = to_fixed(values)
        self.constants.append(table(name, codes.codes.ravel().tolist()))
        return f"accelgen::from_code<{kind}>({name}(u))"

    def _table(self, node: Lookup | Threshold) -> str:
        """The name of the config that holds the node's table; nodes with the same table share it."""
        text = self._table_text(node)
        if text not in self.tables:
            self.tables[text] = f"table{len(self.tables)}"
            lines = "".join(f"    {line}\n" for line in text.splitlines())
            self.constants.append(f"    struct {self.tables[text]} {{\n{lines}    }};\n")
        return self.tables[text]

    def _table_text(self, node: Lookup | Threshold) -> str:
        kind = self.plan.type(node.name)
        if isinstance(node, Lookup):
            return lookup_members(node, kind)
        members, _ = threshold_members(node, self.plan.type(node.inputs[0]), kind)
        return members


def _merged(node: Merge, kind: str, values: Sequence[str]) -> str:
    operators = {MergeKind.ADD: " + ", MergeKind.SUBTRACT: " - ", MergeKind.MULTIPLY: " * "}
    if node.kind in operators:
        return operators[node.kind].join(values)
    comparison = {MergeKind.MAXIMUM: ">", MergeKind.MINIMUM: "<"}.get(node.kind)
    if comparison is None or len(values) != 2:
        raise UnsupportedError(f"layer {node.name!r}: there is no code for {node.kind.value} inside a cell")
    first, second = values
    return f"{first} {comparison} {second} ? {kind}({first}) : {kind}({second})"
