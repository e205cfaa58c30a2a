"""The passes in the order that takes an imported network to an exact, typed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from accelgen.ir import FixedType, Network
from accelgen.passes.adopt_input_types import adopt_input_types
from accelgen.passes.exact import make_exact
from accelgen.passes.fold_affine import fold_affine
from accelgen.passes.infer_types import infer_types
from accelgen.passes.lower_averages import lower_averages
from accelgen.passes.merge_affines import merge_affines
from accelgen.passes.precision import ChoosePrecision
from accelgen.passes.push_scales import push_scales
from accelgen.passes.remove_redundant import remove_redundant


def simplify(network: Network) -> Network:
    """The same real function with scales merged, folded and moved to where a cast takes them."""
    network = lower_averages(network)
    network = fold_affine(merge_affines(network))
    network = fold_affine(merge_affines(push_scales(network)))
    return remove_redundant(network)


def exact_network(
    network: Network,
    *,
    precision: FixedType | None = None,
    calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    input_type: FixedType | None = None,
) -> Network:
    """The exact, typed network that hardware can compute bit by bit.

    Args:
        network: as imported.
        precision: the type of weights and results that the network does not quantize itself.
        calibration: inputs by name, (n, *shape), from which the ranges of such tensors are taken instead.
        input_type: the inputs' type where the model does not say.

    Raises:
        PrecisionError: the network has float layers, and neither precision nor calibration is given.
    """
    network = adopt_input_types(simplify(network), input_type, calibration)
    network = ChoosePrecision(precision, calibration)(network)
    network = remove_redundant(network)
    network = make_exact(network, precision)
    return infer_types(remove_redundant(network))
