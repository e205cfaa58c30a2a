"""Tables over every code of the input (accelgen_lookup.h)."""

from __future__ import annotations

from accelgen.backend.kernels.config import table, typedef
from accelgen.backend.kernels.elementwise import elementwise
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import FixedType, Lookup
from accelgen.ir.fixed import cast
from accelgen.ir.grid import to_fixed


@lowers(Lookup, fuses=True)
def lower_lookup(node: Lookup, context: Context) -> list[HlsLayer]:
    """A table whose values are cast to the result's type already."""
    members = lookup_members(node, context.result_type(node))
    return [elementwise(node, context, "accelgen_lookup.h", "lookup", members)]


def lookup_members(node: Lookup, result: FixedType) -> str:
    """The members that accelgen_lookup.h asks of a config."""
    values = cast(to_fixed(node.values), result)
    return typedef("index_t", node.index.storage()) + table("value", values.codes.tolist(), partition="")
