"""Embedding: rows of a table picked by integers."""

from __future__ import annotations

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer, converts
from accelgen.ir import Embedding


@converts("Embedding")
def _embedding(layer: KerasLayer, builder: Builder) -> str:
    if layer.flag("mask_zero", False):
        raise layer.unsupported("mask_zero is not converted; row 0 is a row like any other")
    if layer.config.get("lora_rank") is not None:
        raise layer.unsupported("a LoRA update is not converted; merge it into the table before saving")
    shape = (layer.integer("input_dim"), layer.integer("output_dim"))
    return builder.add(Embedding(layer.name, (layer.only_input,), layer.weight("embeddings", 0, shape)))
