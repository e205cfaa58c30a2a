"""What becomes of a layer's choices where packed kernels compute it, and where they cannot."""

from __future__ import annotations

import re
from dataclasses import replace

from accelgen.boards import find_part
from accelgen.design.adjustment import Adjustments
from accelgen.design.design import LayerDesign, RowSharing, Strategy, WeightMemory
from accelgen.design.folding import Folding, check_folding, nearest_folding
from accelgen.errors import DesignError

PACKED = (Strategy.PACKED_UNROLLED, Strategy.PACKED_FOLDED)

GENERAL = {
    Strategy.AUTO: Strategy.LATENCY,
    Strategy.PACKED_UNROLLED: Strategy.LATENCY,
    Strategy.PACKED_FOLDED: Strategy.RESOURCE,
}
"""What computes a layer that packed kernels do not."""


def general_choice(choice: LayerDesign, refusal: str, adjustments: Adjustments) -> LayerDesign:
    """The choices for a layer that general kernels compute, free of what only packed ones have.

    ``refusal`` says why packed kernels do not compute it.
    """
    strategy = GENERAL.get(choice.strategy, choice.strategy)
    if choice.strategy is not Strategy.AUTO:
        adjustments.become("strategy", choice.strategy.value, strategy.value, refusal)
    if choice.pe and choice.strategy is not Strategy.PACKED_FOLDED:
        adjustments.become("folding", Folding(choice.pe, choice.simd), "none", refusal)
    return LayerDesign(strategy, choice.reuse_factor, choice.parallelization_factor)


def packed_choice(
    choice: LayerDesign, n_in: int, n_out: int, part: str, adjustments: Adjustments
) -> LayerDesign:
    """The concrete choices for a layer that packed kernels compute: ``reuse_factor`` is its cycles.

    ``Strategy.AUTO`` is folded where a folding or a reuse factor asks for that.

    Raises:
        DesignError: a folding that does not divide the ``n_in`` by ``n_out`` matrix, or weights in a URAM
            that cannot hold constants.
    """
    folded = choice.strategy is Strategy.PACKED_FOLDED or (
        choice.strategy is Strategy.AUTO and (choice.pe > 0 or choice.reuse_factor > 1)
    )
    if not folded:
        reason = (
            f"{Strategy.PACKED_UNROLLED.value} computes all at once; {Strategy.PACKED_FOLDED.value} folds"
        )
        adjustments.become("reuse_factor", choice.reuse_factor, 1, reason)
        if choice.pe:
            adjustments.become("folding", Folding(choice.pe, choice.simd), "none", reason)
        return LayerDesign(
            Strategy.PACKED_UNROLLED,
            parallelization_factor=choice.parallelization_factor,
            row_sharing=choice.row_sharing,
            max_depth=choice.max_depth,
        )
    if choice.weight_memory is WeightMemory.URAM:
        _check_uram(adjustments.layer, part)
    if choice.pe:
        folding = Folding(choice.pe, choice.simd)
        check_folding(adjustments.layer, folding, n_in, n_out)
    else:
        folding = nearest_folding(n_in, n_out, choice.reuse_factor)
    cycles = folding.cycles(n_in, n_out)
    if choice.reuse_factor != 1 or not choice.pe:  # 1 beside a folding is the default, not a request
        nearest = "" if choice.pe else "nearest "
        reason = f"the cycles of the {nearest}folding {folding}, pe x simd of {n_out} x {n_in}"
        adjustments.become("reuse_factor", choice.reuse_factor, cycles, reason)
    reason = "a folded layer computes one position at a time"
    adjustments.become("parallelization_factor", choice.parallelization_factor, 1, reason)
    return folded_choice(choice, folding, cycles)


def folded_choice(choice: LayerDesign, folding: Folding, cycles: int) -> LayerDesign:
    """``choice``, folded into so many cycles: it then shares no rows and computes one position at a time."""
    return replace(
        choice,
        strategy=Strategy.PACKED_FOLDED,
        reuse_factor=cycles,
        parallelization_factor=1,
        pe=folding.pe,
        simd=folding.simd,
        row_sharing=RowSharing.NONE,
        max_depth=0,
    )


_VERSAL = re.compile(r"x[caq]v[^u]\d{4}", re.IGNORECASE)


def _check_uram(layer: str, part: str) -> None:
    """Refuse weights in a URAM that cannot be initialised.

    That of UltraScale+ has no INIT and powers up as zeros (AMD UG901, "Differences between UltraRAM and Block
    RAM"); that of Versal has (AMD AM007, "INIT_XX - UltraRAM Content Initialization").
    """
    resources = find_part(part).resources
    if resources is not None and resources.uram == 0:
        raise DesignError(f"layer {layer!r}: {part} has no URAM; choose lut or bram for its weights")
    if _VERSAL.match(part) is None:
        raise DesignError(
            f"layer {layer!r}: the URAM of {part} cannot be initialised, only that of a Versal device can; "
            "choose lut or bram for its weights"
        )
