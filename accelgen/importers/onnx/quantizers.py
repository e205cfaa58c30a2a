"""QONNX's quantizers, and ONNX's own QuantizeLinear and DequantizeLinear.

Semantics as in qonnx 1.0 (custom_op/general: intquant.py, bipolar_quant.py, trunc.py, multithreshold.py),
which Brevitas and FINN exports share: ``(clip(round(x / scale + zero_point)) - zero_point) * scale``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.reader import RawArray
from accelgen.importers.onnx.values import Constant, Tensor, Value
from accelgen.ir import Clip, FixedType, Overflow, Quantize, QuantizeArray, Rounding, Threshold
from accelgen.ir.constants import is_power_of_two
from accelgen.ir.nodes import Array

MAX_BITS = 32


@dataclass(frozen=True)
class _Mode:
    """A rounding mode on arrays, and ap_fixed's mode of the same meaning."""

    apply: Callable[[RawArray], RawArray]
    rounding: Rounding


_MODES: dict[str, _Mode] = {
    "ROUND": _Mode(np.rint, Rounding.RND_CONV),
    "HALF_EVEN": _Mode(np.rint, Rounding.RND_CONV),
    "FLOOR": _Mode(np.floor, Rounding.TRN),
    "DOWN": _Mode(np.trunc, Rounding.TRN_ZERO),
    "ROUND_TO_ZERO": _Mode(np.trunc, Rounding.TRN_ZERO),
    "HALF_UP": _Mode(lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5), Rounding.RND_INF),
    "HALF_DOWN": _Mode(lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5), Rounding.RND_ZERO),
}
_CEIL = "CEIL"
"""Has no mode in ap_fixed: it is the floor of the negated number."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """Integers ``low`` to ``high`` (ends of one value, or one a channel) with a scale and a zero point."""

    scale: Array
    zero: Array
    low: RawArray
    high: RawArray
    mode: str

    def rounded(self, x: RawArray) -> RawArray:
        """Numbers rounded to integers as the mode says."""
        return np.ceil(x) if self.mode == _CEIL else _MODES[self.mode].apply(x)


def _scale(op: Op, index: int, *, negative: bool = False) -> Array:
    scale = op.constant(index).reals
    if np.any(scale == 0) or (np.any(scale < 0) and not negative):
        raise op.error("a scale is 0 or negative")
    return scale


def _bits(op: Op, index: int) -> Array:
    bits = op.constant(index).reals
    if np.any(bits != np.round(bits)) or np.any(bits < 1) or np.any(bits > MAX_BITS):
        raise op.unsupported(
            f"a bit width of {bits.ravel()[0]:g}; whole numbers from 1 to {MAX_BITS} are supported"
        )
    return bits


def _mode(op: Op, default: str = "ROUND") -> str:
    mode = op.text("rounding_mode", default).upper()
    if mode != _CEIL and mode not in _MODES:
        raise op.unsupported(f"rounding mode {mode!r}; supported: {', '.join((*_MODES, _CEIL))}")
    return mode


def _ends(bits: Array, signed: bool, narrow: bool) -> tuple[Array, Array]:
    """The smallest and largest integer (qonnx: min_int and max_int)."""
    if signed:
        high = 2.0 ** (bits - 1) - 1
        return -high - (0 if narrow else 1), high
    return np.zeros_like(bits), 2.0**bits - (2 if narrow else 1)


@converts("Quant", "IntQuant")
def _quant(op: Op) -> Value:
    scale, zero, bits = _scale(op, 1), op.constant(2).reals, _bits(op, 3)
    signed, narrow = bool(op.integer("signed", 1)), bool(op.integer("narrow", 1))
    if signed and np.any(bits == 1):
        if np.any(bits != 1) or np.any(zero):
            raise op.unsupported("one signed bit for some channels only, or with a zero point")
        return _bipolar(op, scale)  # qonnx takes it so
    low, high = _ends(bits, signed, narrow)
    return _quantized(op, _Grid(scale, zero, low, high, _mode(op)))


@converts("BipolarQuant")
def _bipolar_quant(op: Op) -> Value:
    return _bipolar(op, _scale(op, 1))


def _bipolar(op: Op, scale: Array) -> Value:
    """The sign (of 0: plus) times the scale."""
    x = op.value(0)
    if isinstance(x, Constant):
        return _real_scale(np.where(op.constant(0).reals >= 0, 1.0, -1.0), scale)
    return op.affine(op.elementwise(Threshold, x), scale, suffix="/scale")


@converts("Trunc")
def _trunc(op: Op) -> Value:
    """Drops low bits: inputs scale, zero point, input width, then output width or output scale and width."""
    scale, zero, bits_in = _scale(op, 1), op.constant(2).reals, _bits(op, 3)
    mode = _mode(op, "FLOOR")
    if np.any(zero):
        raise op.unsupported("a zero point; it is supported without")
    if op.given(5) is None:
        out_scale = scale * 2.0 ** (bits_in - _bits(op, 4))
        low, high = -(2.0**bits_in), 2.0**bits_in  # the older version does not bound its result
    else:
        shift = np.round(np.log2(_scale(op, 4) / scale))
        out_scale = scale * 2.0**shift
        low, high = _ends(_bits(op, 5), bool(op.integer("signed", 1)), bool(op.integer("narrow", 0)))
        if np.any(np.abs(_scale(op, 4) / out_scale - 1) > 1e-6):
            raise op.unsupported("an output scale that is no power of two times the scale")
    return _quantized(op, _Grid(out_scale, zero, low, high, mode))


@converts("MultiThreshold")
def _multi_threshold(op: Op) -> Tensor:
    """FINN's activation: how many thresholds (channels, levels) the input reaches, scaled and shifted."""
    x, thresholds = op.tensor(0), op.constant(1).reals
    channel = len(x.shape) - 1 if op.text("data_layout", "NCHW") == "NHWC" else 1
    if thresholds.ndim != 2 or len(x.shape) < 2 or thresholds.shape[0] not in (1, x.shape[channel]):
        raise op.error(f"thresholds of shape {thresholds.shape} for an input of shape {x.shape}")
    x = op.arranged(x, (*(axis for axis in x.axes if axis != channel), channel))
    levels = np.arange(thresholds.shape[1] + 1)
    values = levels * op.number("out_scale", 1.0) + op.number("out_bias", 0.0)
    if thresholds.shape[0] == 1:
        thresholds = thresholds[0]
    return op.elementwise(Threshold, x, thresholds=np.sort(thresholds, -1), values=values)


def _quantized(op: Op, grid: _Grid) -> Value:
    x = op.value(0)
    if isinstance(x, Tensor):
        return _quantized_tensor(op, x, grid)
    # in float32, as the framework computes it, so that a tie there is a tie here
    real = op.constant(0).reals.astype(np.float32)
    codes = grid.rounded(np.clip(real / np.float32(grid.scale) + np.float32(grid.zero), grid.low, grid.high))
    return _real_scale(np.asarray(codes, np.float64) - grid.zero, grid.scale)


def _real_scale(codes: Array, scale: Array) -> Constant:
    """``codes * scale`` with the scale kept apart unless it is a power of two."""
    if is_power_of_two(scale):
        return Constant(codes * scale)
    return Constant(np.broadcast_to(codes, np.broadcast_shapes(codes.shape, scale.shape)), scale)


def _quantized_tensor(op: Op, x: Tensor, grid: _Grid) -> Tensor:
    """The node that casts where one does; else a real scale, a cast to integers, and the scale undone."""
    if grid.mode != _CEIL and is_power_of_two(grid.scale) and not np.any(grid.zero):
        node = _cast(op, x, grid)
        if node is not None:
            return node
    if np.ptp(grid.low) or np.ptp(grid.high):
        raise op.unsupported("bit widths by channel with real scales; one width is supported")
    sign = -1.0 if grid.mode == _CEIL else 1.0
    low, high = sorted((sign * float(grid.low.flat[0]), sign * float(grid.high.flat[0])))
    rounding = Rounding.TRN if grid.mode == _CEIL else _MODES[grid.mode].rounding
    scaled = op.affine(x, sign / grid.scale, sign * grid.zero, suffix="/unscale")
    kind, exact = _integer_type(low, high, rounding)
    codes = op.elementwise(Quantize, scaled, type=kind)
    if not exact:
        codes = op.elementwise(Clip, codes, suffix="/bound", low=low, high=high)
    return op.affine(codes, sign * grid.scale, -grid.zero * grid.scale, suffix="/scale")


def _integer_type(low: float, high: float, rounding: Rounding) -> tuple[FixedType, bool]:
    """The narrowest integer type that saturates outside ``low`` to ``high``, and whether just there."""
    kind = FixedType.for_range(int(low), int(high), 0)
    overflow = Overflow.SAT_SYM if low == -high and kind.signed else Overflow.SAT
    kind = kind.with_modes(rounding, overflow)
    return kind, (kind.min, kind.max) == (low, high)


def _cast(op: Op, x: Tensor, grid: _Grid) -> Tensor | None:
    """One cast node for scales that are powers of two; None where ap_fixed has no such range."""
    pairs = np.stack(np.broadcast_arrays(grid.low, grid.high), -1).reshape(-1, 2)
    kinds = [_integer_type(low, high, _MODES[grid.mode].rounding) for low, high in np.unique(pairs, axis=0)]
    if not all(exact for _, exact in kinds):
        return None
    kind = kinds[0][0]
    exponent = np.frexp(grid.scale)[1] - 1
    if exponent.size == 1 and len(kinds) == 1:
        integer = kind.width + int(exponent.flat[0])
        return op.elementwise(
            Quantize, x, type=FixedType(kind.width, integer, kind.signed, kind.rounding, kind.overflow)
        )
    if len({(other.signed, other.overflow) for other, _ in kinds}) > 1:
        return None
    width = np.log2(grid.high - grid.low + (2 if kind.overflow is Overflow.SAT_SYM else 1))
    shape = np.broadcast_shapes(width.shape, exponent.shape)
    widths, integers = (op.fitted(np.broadcast_to(a, shape), x) for a in (width, width + exponent))
    return op.elementwise(
        QuantizeArray,
        x,
        width=widths.astype(np.int64),
        integer=integers.astype(np.int64),
        signed=np.array([kind.signed]),
        rounding=kind.rounding,
        overflow=kind.overflow,
    )


@converts("QuantizeLinear")
def _quantize_linear(op: Op) -> Value:
    """``saturate(round(x / scale) + zero_point)``: integers, to be scaled back by DequantizeLinear."""
    scale, zero, dtype = _linear(op)
    info = np.iinfo(dtype)
    grid = _Grid(
        scale, np.zeros(1), np.array(info.min - zero.flat[0]), np.array(info.max - zero.flat[0]), "ROUND"
    )
    if np.ptp(zero):
        raise op.unsupported("zero points that differ by channel; one is supported")
    real = _quantized(op, grid)
    if isinstance(real, Constant):
        return Constant(np.round(real.reals / scale) + zero)
    return op.affine(real, 1 / scale, zero, suffix="/codes")


@converts("DequantizeLinear")
def _dequantize_linear(op: Op) -> Value:
    scale, zero, _ = _linear(op)
    x = op.value(0)
    if isinstance(x, Constant):
        return _real_scale(op.constant(0).reals - zero, scale)
    return op.affine(x, scale, -zero * scale)


def _linear(op: Op) -> tuple[Array, Array, np.dtype[np.integer]]:
    """Scale, zero point (each one value, or along the operator's axis) and the integers' type."""
    if op.integer("block_size", 0):
        raise op.unsupported("block_size; scales for a tensor or an axis are supported")
    scale = _scale(op, 1)
    zero = op.constant(2).codes if op.given(2) is not None else np.zeros(1, np.uint8)
    if zero.dtype.kind not in "iu":
        raise op.unsupported(f"a zero point of type {zero.dtype}; integers are supported")
    if scale.size == 1 and zero.size == 1:
        return scale.reshape(1), zero.reshape(1).astype(np.float64), zero.dtype
    x = op.value(0)
    rank = len(x.shape) if isinstance(x, Tensor) else x.codes.ndim
    axis = op.axis(op.integer("axis", 1), rank)
    along = (-1, *(1,) * (rank - 1 - axis))
    return scale.reshape(along), zero.reshape(along).astype(np.float64), zero.dtype
