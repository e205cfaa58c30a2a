"""Layers that act in training only: at inference they pass their input on, so they are dropped."""

from __future__ import annotations

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer, converts


@converts(
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
)
def _dropped(layer: KerasLayer, builder: Builder) -> str:
    builder.note(f"layer {layer.name!r} ({layer.class_name}) acts in training only and was dropped")
    return layer.only_input
