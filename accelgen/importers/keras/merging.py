"""Layers and operations that merge several tensors."""

from __future__ import annotations

from accelgen.importers.builder import Builder
from accelgen.importers.keras.graph import OPERATION
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.ir import Concatenate, Merge, MergeKind


def merge(kind: MergeKind) -> Converter:
    """The converter of what merges two tensors or more by ``kind``."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        few, many = 2, 2 if kind is MergeKind.SUBTRACT else len(layer.inputs)
        if not few <= len(layer.inputs) <= many:
            raise layer.error(
                f"two {'' if many == few else 'or more '}inputs expected, there are {len(layer.inputs)}"
            )
        ranks = {len(builder.shapes[source]) for source in layer.inputs}
        if len(ranks) > 1:
            raise layer.unsupported("its inputs have different numbers of axes; reshape them to the same")
        return builder.add(Merge(layer.name, layer.inputs, kind))

    return convert


for _kind in MergeKind:
    converts(_kind.value.capitalize())(merge(_kind))
for _kind in (MergeKind.MAXIMUM, MergeKind.MINIMUM):
    converts(OPERATION + _kind.value.capitalize())(merge(_kind))


@converts("Concatenate", OPERATION + "Concatenate")
def _concatenate(layer: KerasLayer, builder: Builder) -> str:
    if not layer.inputs:
        raise layer.error("it has no inputs")
    axis = layer.axis("axis", len(builder.shapes[layer.inputs[0]]))
    return builder.add(Concatenate(layer.name, layer.inputs, axis))
