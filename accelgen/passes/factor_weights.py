"""Takes the scales of few-bit weights out of them: columns ``s * k`` of small integers ``k``.

Binary weights with a scale for each channel (XNOR-Net) look like floats in a file that holds only products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Conv, Dense, Network, Node, Pool, Quantize, Reshape, Softmax, Threshold
from accelgen.ir.few_bits import MAX_LEVEL_BITS, weight_bits
from accelgen.ir.nodes import Array
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.step_chains import is_few_bit_cast, is_monotone

LARGEST = (1 << (MAX_LEVEL_BITS - 1)) - 1
"""The largest integer that is taken for a few-bit weight."""


def factor_weights(network: Network) -> Network:
    """The same function with dense layers and convolutions of scaled integers followed by their scales.

    Only where thresholds, a few-bit cast, a softmax or the network's end takes the scales over; elsewhere
    weights on a common grid are better. Products are recognized as float32 rounds them too, and then the
    integers and their scale stand for what was meant: a change below half a unit in float32's last place.
    """
    return apply_rules(network, _factor)


def _factor(editor: Editor, node: Node) -> bool:
    if not isinstance(node, Dense | Conv) or weight_bits(node.weight) <= MAX_LEVEL_BITS:
        return False
    if not _scale_is_taken(editor, node):
        return False
    columns = node.weight.reshape(-1, node.weight.shape[-1])
    if np.max(np.count_nonzero(columns, axis=0)) < 2:
        return False
    scales = [_scale(column) for column in columns.T]
    known = [scale for scale in scales if scale is not None]
    if len(known) < len(scales):
        return False
    scale = np.array(known)
    editor.put(replace(node, weight=np.rint(node.weight / scale), bias=None))
    affine = Affine(
        editor.free_name(f"{node.name}/scale"),
        (node.name,),
        scale,
        np.zeros(1) if node.bias is None else node.bias,
    )
    editor.put(affine)
    editor.redirect(node.name, affine.name)
    return True


def _scale(column: Array) -> float | None:
    """The largest scale of which all weights are multiples up to `LARGEST`; None where there is none."""
    sizes = np.unique(np.abs(column[column != 0]))
    if sizes.size == 0:
        return 1.0
    if sizes.size > LARGEST or sizes[-1] > (LARGEST + 0.5) * sizes[0]:
        return None
    for scale in _candidates(float(sizes[0])):
        products = np.rint(sizes / scale) * scale
        exact = products == sizes
        if np.all(exact | (products.astype(np.float32) == sizes)) and sizes[-1] < (LARGEST + 0.5) * scale:
            return scale
    return None


def _candidates(smallest: float) -> Iterator[float]:
    """Scales of which ``smallest`` may be a multiple: the quotient, and the float32 numbers around it."""
    for divisor in range(1, LARGEST + 1):
        quotient = smallest / divisor
        near = np.float32(quotient)
        yield quotient
        yield from (float(near), *(float(np.nextafter(near, np.float32(end))) for end in (0.0, np.inf)))


def _scale_is_taken(editor: Editor, node: Node) -> bool:
    """Whether something takes a scale behind the node over: few levels, a softmax, or the network's end."""
    while node.name not in editor.outputs:
        user = editor.only_user(node.name)
        if user is None:
            return False
        if isinstance(user, Threshold | Softmax) or is_few_bit_cast(user):
            return True
        passes = isinstance(user, Pool | Reshape) or is_monotone(user, editor.shape(user.name))
        if isinstance(user, Quantize) or not passes:
            return False
        node = user
    return not editor.users(node.name)
