"""What a search found: designs with their estimates, which of them form the front, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from accelgen.design import Design
from accelgen.estimation import Estimate


@dataclass(frozen=True, eq=False)
class Candidate:
    """One design that a search returns.

    Attributes:
        name: unique among those of a search, and a file name: "front_03".
        design: complete and legal: ``accelgen build --config`` takes its YAML as it is.
        estimate: of the whole design.
        scores: what else is known of it: "accuracy" where formats were searched.
        reason: why it was chosen, in a sentence, for the one that is recommended.
    """

    name: str
    design: Design
    estimate: Estimate
    scores: Mapping[str, float]
    reason: str = ""

    @cached_property
    def design_file(self) -> str:
        """The design as YAML, which takes longer to write than anything else that is said of a candidate."""
        return self.design.to_yaml()

    def as_json(self) -> dict[str, Any]:
        """The candidate as ``--json``, ``front.jsonl`` and the report hold it."""
        return {
            "name": self.name,
            "scores": dict(self.scores),
            "reason": self.reason,
            "estimate": self.estimate.as_json(),
            "design": self.design_file,
        }


@dataclass(frozen=True, eq=False)
class Exploration:
    """The answer of `accelgen.explore`.

    Attributes:
        network: the network's name.
        board: the board that was named, or the part.
        axes: the two figures whose front this is, such as ("latency_cycles", "lut").
        limits: the most that figures were allowed to be, in the units of the figures.
        candidates: the front, ascending by the first axis.
        best: the name of the recommended candidate.
        proven: whether the front is proven complete for the table of estimates.
        evaluated: format assignments that were tried, 0 where designs were searched exactly.
        combinations: the number of designs in the space, or of format assignments.
        notes: what else there is to know.
    """

    network: str
    board: str
    axes: tuple[str, str]
    limits: Mapping[str, float]
    candidates: tuple[Candidate, ...]
    best: str
    proven: bool
    evaluated: int
    combinations: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The exploration as ``accelgen explore --json`` prints it and the report embeds it."""
        return {
            "network": self.network,
            "board": self.board,
            "axes": list(self.axes),
            "limits": dict(self.limits),
            "best": self.best,
            "proven": self.proven,
            "evaluated": self.evaluated,
            "combinations": self.combinations,
            "notes": list(self.notes),
            "candidates": [candidate.as_json() for candidate in self.candidates],
        }
