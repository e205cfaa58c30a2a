"""The passes in the order that takes an imported network to an exact, typed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.ir import FixedType, Network
from accelgen.passes.adopt_input_types import adopt_input_types
from accelgen.passes.exact import make_exact
from accelgen.passes.factor_weights import factor_weights
from accelgen.passes.fold_affine import fold_affine
from accelgen.passes.infer_types import infer_types
from accelgen.passes.lower_averages import lower_averages
from accelgen.passes.merge_affines import merge_affines
from accelgen.passes.narrow_types import narrow_types
from accelgen.passes.pool_levels import pool_after_steps, pool_levels
from accelgen.passes.precision import ChoosePrecision, Types, apply_types
from accelgen.passes.push_scales import push_scales
from accelgen.passes.remove_redundant import remove_redundant


def simplify(network: Network) -> Network:
    """The same real function with scales merged, folded and moved to where a cast takes them."""
    network = factor_weights(lower_averages(network))
    network = fold_affine(merge_affines(network))
    network = fold_affine(merge_affines(push_scales(network)))
    return remove_redundant(network)


@dataclass(frozen=True)
class ChooseTypes:
    """How the numbers are chosen that a network leaves open.

    Args:
        precision: the type of weights and results that the network does not quantize itself.
        calibration: inputs by name, (n, *shape), from which the ranges of such tensors are taken instead.
        input_type: the inputs' type where the model does not say.
        given: types that are settled already, by layer (`accelgen.passes.precision.Types`).
        narrowed: types of fewer bits than the network's own, by layer (`accelgen.passes.narrow_types`).
    """

    precision: FixedType | None = None
    calibration: Mapping[str, npt.NDArray[Any]] | None = None
    input_type: FixedType | None = None
    given: Types = field(default_factory=dict)
    narrowed: Types = field(default_factory=dict)

    def adopt(self, network: Network) -> Network:
        """The simplified network, narrowed, with its inputs typed.

        Raises:
            UsageError: ``given`` or ``narrowed`` name no layer of it, or ``narrowed`` what cannot be.
        """
        network = narrow_types(network, self.narrowed)
        for name in self.given:
            if name not in network:
                near = get_close_matches(name, [node.name for node in network], n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UsageError(f"types: the network has no layer {name!r}{hint}")
        chosen = {name: types["result"] for name, types in self.given.items() if "result" in types}
        return adopt_input_types(network, self.input_type, self.calibration, chosen)

    def plan(self, adopted: Network) -> dict[str, dict[str, FixedType]]:
        """Every type that the network leaves open, inputs included, so that ``given=`` it repeats the build.

        Raises:
            PrecisionError: the network has float layers, and nothing says what their types are.
            UsageError: ``given`` types something that the network does not leave open.
        """
        inputs = {node.name: {"result": node.type} for node in adopted.inputs if node.type is not None}
        types = {**inputs, **ChoosePrecision(self.precision, self.calibration, self.given).plan(adopted)}
        for name, own in self.given.items():
            unknown = set(own) - set(types.get(name, {}))
            if unknown:
                raise UsageError(f"types: layer {name!r} has no {min(unknown)!r} that the model leaves open")
        return types

    def apply(self, adopted: Network, types: Types) -> Network:
        """The exact, typed network that hardware can compute bit by bit, with the planned ``types``."""
        inputs = {node.name for node in adopted.inputs}
        layers = {name: own for name, own in types.items() if name not in inputs}
        network = pool_after_steps(remove_redundant(apply_types(adopted, layers)))
        return infer_types(remove_redundant(pool_levels(make_exact(network, self.precision))))


def exact_network(
    network: Network,
    *,
    precision: FixedType | None = None,
    calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    input_type: FixedType | None = None,
) -> Network:
    """The exact network from an imported one, in one step: see `ChooseTypes` for the arguments.

    Raises:
        PrecisionError: the network has float layers, and neither precision nor calibration is given.
    """
    choose = ChooseTypes(precision, calibration, input_type)
    adopted = choose.adopt(simplify(network))
    return choose.apply(adopted, choose.plan(adopted))
