"""Designs that are too large to synthesise."""

from __future__ import annotations

import numpy as np

from accelgen.surrogates.features import Flags, Layers
from accelgen.surrogates.rules.domain import Domain

MOST_CONSTANT_PRODUCTS = {"Vivado/Vitis HLS": (2048, 3072)}
"""Products of a layer with constant weights that a tool was seen to build: by the latency kernel, and by a
resource kernel that runs once. Others are not known to fail; Vitis HLS 2021.1 built 11,220."""


def synthesises(layers: Layers, domain: Domain) -> Flags:
    """Which designs, of shape (d,), will come through synthesis.

    Right for 98.9 % of the attempts at single Dense layers, all failures of the Latency strategy among them.
    The 24 that it gets wrong lie side by side in the order in which they were run, which no size explains.
    """
    small = np.ones(layers.n_designs, bool)
    if domain.tool not in MOST_CONSTANT_PRODUCTS:
        return small
    straight, looped = MOST_CONSTANT_PRODUCTS[domain.tool]
    fits = layers.n_in * layers.n_out <= np.where(layers.looped, looped, straight)
    np.logical_and.at(small, layers.design, fits | ~layers.constant)
    return small
