"""What the training data do not hold: where rules answer by themselves, with wide intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Flags, Layers
from accelgen.surrogates.record import LayerKind

_UNSEEN = {
    "no synthesis of packed few-bit layers is known": (LayerKind.PACKED,),
    "no synthesis of recurrent layers inside a network is known": (LayerKind.LSTM, LayerKind.GRU),
    "no synthesis of convolutions inside a network is known": (
        LayerKind.CONV1D,
        LayerKind.CONV2D,
        LayerKind.DEPTHWISE,
    ),
    "no synthesis of pools, merges and other such layers is known": (
        LayerKind.POOL,
        LayerKind.MERGE,
        LayerKind.OTHER,
    ),
}


def outside(layers: Layers) -> Mapping[str, Flags]:
    """Why designs are outside the training data: each reason with the designs (d,) that it holds for."""
    reasons = {reason: _any(layers, layers.is_kind(*kinds)) for reason, kinds in _UNSEEN.items()}
    reasons["no synthesis of a network in io_stream is known"] = layers.stream
    return {reason: designs for reason, designs in reasons.items() if designs.any()}


def _any(layers: Layers, rows: Flags) -> Flags:
    return np.bincount(layers.design[rows], minlength=layers.n_designs) > 0
