"""Layers of designs read from files: each has a name of its own, and reads only from those before it."""

from __future__ import annotations

from collections.abc import Sequence

from accelgen.surrogates.dataset.table import BadRecordError
from accelgen.surrogates.record import LayerRecord


def in_order(layers: Sequence[LayerRecord]) -> tuple[LayerRecord, ...]:
    """The layers, which are in topological order: the longest way through a circle has no end.

    Raises:
        BadRecordError: two have one name, or one reads from itself or from a later one.
    """
    later = {layer.name for layer in layers}
    if len(later) != len(layers):
        raise BadRecordError("layers: two of one name")
    for layer in layers:
        if (source := next((name for name in layer.inputs if name in later), None)) is not None:
            raise BadRecordError(f"layers: {layer.name!r:.60} reads {source!r:.60}, which is not before it")
        later.remove(layer.name)
    return tuple(layers)
