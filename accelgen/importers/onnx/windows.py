"""The geometry of convolution and pooling windows as ONNX writes it."""

from __future__ import annotations

from dataclasses import dataclass

from accelgen.importers.onnx.op import Op
from accelgen.ir.nodes import Pads


@dataclass(frozen=True)
class Window:
    """A window's size, strides, dilation and padding per spatial axis.

    ``padding`` holds what the file writes; ``rounded_up`` what lets a last, partial window count.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Pads
    ceil_mode: bool

    @classmethod
    def of(cls, op: Op, size: tuple[int, ...], spatial: tuple[int, ...]) -> Window:
        """The window of ``size`` that the attributes of a node describe, over an input of ``spatial`` sizes.

        Raises:
            ModelError: an attribute has the wrong length or a negative entry.
        """
        rank = len(spatial)
        ones = (1,) * rank
        strides = op.integers("strides", ones) or ()
        dilation = op.integers("dilations", ones) or ()
        if not len(size) == len(strides) == len(dilation) == rank:
            raise op.error(f"strides {strides} and dilations {dilation} of a {rank}D window")
        if min(*size, *strides, *dilation) < 1 or max(*size, *strides, *dilation) > 1 << 20:
            raise op.error(f"a window of {size} with strides {strides} and dilations {dilation}")
        spans = tuple((taps - 1) * step + 1 for taps, step in zip(size, dilation, strict=True))
        padding = _padding(op, spans, strides, spatial)
        return cls(size, strides, dilation, padding, bool(op.integer("ceil_mode", 0)))

    def rounded_up(self, spatial: tuple[int, ...]) -> Pads:
        """The padding with what ``ceil_mode`` adds, so that a partial window at the end counts.

        A window that would start in the padding at the end is left out (ONNX operator Pool, since 19).
        """
        if not self.ceil_mode:
            return self.padding
        padding = []
        for length, taps, stride, dilation, (before, after) in zip(
            spatial, self.size, self.strides, self.dilation, self.padding, strict=True
        ):
            span = (taps - 1) * dilation + 1
            count = -((length + before + after - span) // -stride) + 1
            if (count - 1) * stride >= length + before:
                count -= 1
            padding.append((before, max(after, (count - 1) * stride + span - length - before)))
        return tuple(padding)


def _padding(op: Op, spans: tuple[int, ...], strides: tuple[int, ...], spatial: tuple[int, ...]) -> Pads:
    rank = len(spatial)
    auto = op.text("auto_pad", "NOTSET")
    if auto == "VALID":
        return ((0, 0),) * rank
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max(0, (-(length // -stride) - 1) * stride + span - length)
            for length, stride, span in zip(spatial, strides, spans, strict=True)
        ]
        halves = [(total // 2, total - total // 2) for total in totals]
        return tuple(pair if auto == "SAME_UPPER" else pair[::-1] for pair in halves)
    if auto != "NOTSET":
        raise op.error(f"auto_pad {auto!r} is none of NOTSET, VALID, SAME_UPPER and SAME_LOWER")
    pads = op.integers("pads", (0,) * (2 * rank)) or ()
    if len(pads) != 2 * rank or min(pads) < 0 or max(pads) > 1 << 20:
        raise op.error(f"pads {pads} of a {rank}D window")
    return tuple(zip(pads[:rank], pads[rank:], strict=True))
