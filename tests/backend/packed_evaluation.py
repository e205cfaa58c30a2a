"""What a `PackedLinear` computes, as its docstring defines it, in NumPy."""

from __future__ import annotations

import numpy as np

from accelgen.backend.packed import Integers, Linear, PackedLinear, PackedTensor, Window
from accelgen.ir.fixed import FixedArray


def levels_of_codes(array: FixedArray, tensor: PackedTensor) -> Integers:
    """The levels (n, positions, channels) of a packed tensor of these numbers."""
    levels = tensor.levels
    offsets = array.at(max(levels.fraction, array.fraction)).codes.astype(np.int64)
    scale = 1 << max(array.fraction - levels.fraction, 0)
    found, rest = np.divmod(offsets - levels.first * scale, levels.step * scale)
    assert not rest.any()
    assert found.min() >= 0
    assert found.max() < levels.count
    return found.reshape(len(found), -1, tensor.channels)


def sums(layer: PackedLinear, x: Integers) -> Integers:
    """The sums (n, positions, n_out) of levels or codes (n, positions, channels), a padded one being 0."""
    if layer.window is None:
        return x.reshape(len(x), 1, -1) @ layer.matrix
    window = layer.window
    image = x.reshape(len(x), window.in_height, window.in_width, -1)
    image = np.pad(image, ((0, 0), *window.padding, (0, 0)))
    return np.stack(
        [
            _window(image, window, row, column) @ layer.matrix
            for row in range(window.out_height)
            for column in range(window.out_width)
        ],
        1,
    )


def _window(image: Integers, window: Window, row: int, column: int) -> Integers:
    top, left = row * window.stride_height, column * window.stride_width
    part = image[:, top : top + window.kernel_height, left : left + window.kernel_width]
    assert part.shape[1:3] == (window.kernel_height, window.kernel_width)
    return part.reshape(len(image), -1)


def classes(layer: PackedLinear, positions: int) -> Integers:
    """The class of every position."""
    if not layer.row_classes and not layer.column_classes:
        return np.zeros(positions, np.int64)
    n_columns = max(layer.column_classes) + 1
    return np.add.outer(np.array(layer.row_classes) * n_columns, np.array(layer.column_classes)).ravel()


def evaluate(layer: PackedLinear, x: Integers) -> Integers:
    """The levels or codes (n, positions, n_out) that the layer gives for levels or codes of its input."""
    total = sums(layer, x)
    which = classes(layer, total.shape[1])
    finish = layer.finish
    if isinstance(finish, Linear):
        codes = finish.scale * total + finish.offsets[which]
        assert finish.exact.min_code <= codes.min()
        assert codes.max() <= finish.exact.max_code
        return codes
    assert np.all(np.diff(finish.codes, axis=-1) >= 0)
    reached = (total[..., None] >= finish.codes[which]).sum(-1)
    return reached if finish.values is None else finish.values[reached]
