"""Which widths a search may give to numbers: "4..8", or "dense_1=6,8" for one layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from accelgen.errors import UsageError

MIN_WIDTH, MAX_WIDTH = 2, 24
"""One bit holds no sign beside a value; 24 are those of the floats that weights are trained in."""


@dataclass(frozen=True)
class Bits:
    """The widths, ascending, of weights and results: for all layers, and for those named in ``layers``."""

    widths: tuple[int, ...]
    layers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: str | Iterable[str]) -> Bits:
        """Read "4..8", "4,6,8" or "6", each with "LAYER=" before it for one layer; one is for all layers.

        Raises:
            UsageError: a text is none of these, widths are out of bounds, or nothing is said for all layers.
        """
        widths: tuple[int, ...] = ()
        layers: dict[str, tuple[int, ...]] = {}
        for text in (texts,) if isinstance(texts, str) else texts:
            layer, equals, given = text.rpartition("=")
            if equals:
                layers[layer] = _widths(given, text)
            else:
                widths = _widths(given, text)
        if not widths:
            raise UsageError("--bits needs the widths of all layers too, such as --bits 4..8")
        return cls(widths, layers)

    def of(self, layer: str) -> tuple[int, ...]:
        """The widths that a layer may have."""
        return self.layers.get(layer, self.widths)


def _widths(given: str, text: str) -> tuple[int, ...]:
    bounds = re.fullmatch(r"([0-9]{1,3})\.\.([0-9]{1,3})", given)
    if bounds:
        widths = list(range(int(bounds[1]), int(bounds[2]) + 1))
    elif re.fullmatch(r"[0-9]{1,3}(,[0-9]{1,3})*", given):
        widths = sorted(set(map(int, given.split(","))))
    else:
        raise UsageError(f"--bits {text!r} is not understood; write 4..8, 4,6,8 or LAYER=6")
    if not widths or widths[0] < MIN_WIDTH or widths[-1] > MAX_WIDTH:
        raise UsageError(f"--bits {text!r}: widths go from {MIN_WIDTH} to {MAX_WIDTH}, the lower first")
    return tuple(widths)
