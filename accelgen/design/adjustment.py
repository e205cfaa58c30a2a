"""What is told of a choice that a layer could not have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Adjustment:
    """A requested choice that a layer cannot have, and what it became."""

    layer: str
    choice: str
    requested: str
    used: str
    reason: str

    def __str__(self) -> str:
        return f"layer {self.layer!r}: {self.choice} {self.requested} became {self.used} ({self.reason})"


class Adjustments(list[Adjustment]):
    """The adjustments of one layer, as they are made."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer

    def become(self, choice: str, requested: object, used: object, reason: str) -> None:
        """Note what a choice became, where that is another."""
        if requested != used:
            self.append(Adjustment(self.layer, choice, str(requested), str(used), reason))
