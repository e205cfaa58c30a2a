"""Embedding: rows of a table, picked by number (accelgen_embedding.h)."""

from __future__ import annotations

from math import prod

from accelgen.backend.kernels.config import constants, table, typedef
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Embedding
from accelgen.ir.grid import constant_type, to_fixed


@lowers(Embedding, fuses=True)
def lower_embedding(node: Embedding, context: Context) -> list[HlsLayer]:
    """hls4ml's own takes integer types only, and reads beyond its table."""
    n_rows, n_out = node.table.shape
    kind = constant_type(node.table)
    members = constants(n_in=prod(context.shape(node.inputs[0])), n_rows=n_rows, n_out=n_out)
    members += typedef("table_t", kind)
    members += table("code", to_fixed(node.table, kind.fraction).codes.ravel().tolist(), partition="")
    attributes = call("accelgen_embedding.h", "embedding", context.shape(node.name), members)
    return [context.layer("AccelgenKernel", node, **attributes)]
