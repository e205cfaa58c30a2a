"""What makes two designs one architecture, however they are quantized, reused and synthesised."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from accelgen.surrogates.record import LayerKind, LayerRecord

MAX_LENGTH = 200
"""Longer names are replaced by a hash."""

_PLAIN = (LayerKind.DENSE, LayerKind.PACKED)


def architecture(layers: Sequence[LayerRecord]) -> str:
    """The sizes of the layers that multiply: "16-64-5" for a chain of Dense layers.

    Layers of other kinds are written out, as in "conv1d 3x16@128"; layers without weights do not count, so
    that rows of one group are at least as much alike as rows of two.
    """
    parts: list[str] = []
    last = 0
    for layer in layers:
        if not layer.strategy:
            continue
        if layer.kind in _PLAIN and layer.positions == 1:
            parts += [str(layer.n_out)] if layer.n_in == last else [str(layer.n_in), str(layer.n_out)]
            last = layer.n_out
        else:
            parts.append(f"{layer.kind.value} {layer.n_in}x{layer.n_out}@{layer.positions}")
            last = 0
    text = "-".join(parts)
    return (
        text if len(text) <= MAX_LENGTH else f"{len(parts)} layers {sha256(text.encode()).hexdigest()[:16]}"
    )
