"""What was learned, by tool and family of layers, and the file that holds it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelgen.errors import ModelError
from accelgen.surrogates.learn.columns import COLUMNS
from accelgen.surrogates.learn.scope import FAMILIES, Scope, family_name
from accelgen.surrogates.learn.transfer import Transfer
from accelgen.surrogates.learn.trees import Forest
from accelgen.surrogates.record import TARGETS

FORMAT = 2
FILE = "boosting/model.json"
MAX_BYTES = 8_000_000


@dataclass(frozen=True)
class Part:
    """What was learned of one family of layers with one tool.

    Attributes:
        scope: what was synthesised.
        depth: most layers of a design.
        forests: the trees of each target that boosting serves.
        graph: targets that the graph network serves; rules serve those that are in neither.
        widths: half the width of intervals on a log scale, of each target.
        rule_widths: the same where rules answer alone.
        transfer: what to add to these beyond what was synthesised.
    """

    scope: Scope
    depth: int
    forests: Mapping[str, Forest] = field(default_factory=dict)
    graph: frozenset[str] = frozenset()
    widths: Mapping[str, float] = field(default_factory=dict)
    rule_widths: Mapping[str, float] = field(default_factory=dict)
    transfer: Transfer = field(default_factory=Transfer)


@dataclass(frozen=True)
class Success:
    """Whether a layer synthesises: trees for the margin, and the line that makes a probability of it."""

    scope: Scope
    families: frozenset[int]
    forest: Forest
    slope: float
    intercept: float


@dataclass(frozen=True)
class Learned:
    """All that was learned.

    Attributes:
        parts: by name of the domain, and by family (`families`).
        tools: by domain and target, half the width that is added for layers that only other tools built.
        far: half the width of intervals of rules far outside of their data, by target.
        success: None where no failures are known.
    """

    parts: Mapping[str, Mapping[int, Part]] = field(default_factory=dict)
    tools: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    far: Mapping[str, float] = field(default_factory=dict)
    success: Success | None = None


def save(learned: Learned, path: Path) -> None:
    """Write what was learned as JSON with a checksum; the same gives the same bytes."""
    model = {
        "columns": list(COLUMNS),
        "parts": {
            domain: {family_name(family): _part_as_json(part) for family, part in own.items()}
            for domain, own in learned.parts.items()
        },
        "tools": {domain: dict(own) for domain, own in learned.tools.items()},
        "far": dict(learned.far),
        "success": None if learned.success is None else success_as_json(learned.success),
    }
    text = json.dumps({"format": FORMAT, "sha256": checksum(model), "model": model}, separators=(",", ":"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Learned:
    """Read what `save` wrote.

    Raises:
        ModelError: the file is not there, is damaged, was changed, or holds what no training writes.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is larger than any trained file; train it again")
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read as a trained model: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelError(f"{path} is no trained model in format {FORMAT}; train it again")
    model = data.get("model")
    if not isinstance(model, dict) or data.get("sha256") != checksum(model):
        raise ModelError(f"{path} was changed after training: its checksum differs; train it again")
    if model.get("columns") != list(COLUMNS):
        raise ModelError(f"{path} was trained on other figures than this version computes; train it again")
    try:
        return _read(model)
    except ModelError as error:
        raise ModelError(f"{path}: {error}; train it again") from None
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise ModelError(f"{path} is damaged; train it again") from None


def no_constant(name: str) -> float:
    """Refuse the constants that Python reads from JSON besides its own: NaN and infinities."""
    raise ValueError(f"{name} is no number")


def checksum(model: Any) -> str:
    """The SHA-256 of what JSON holds."""
    text = json.dumps(model, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(model: dict[str, Any]) -> Learned:
    success = model["success"]
    return Learned(
        parts={
            domain: {FAMILIES[name]: _part(part) for name, part in own.items()}
            for domain, own in model["parts"].items()
        },
        tools={domain: read_widths(own) for domain, own in model["tools"].items()},
        far=read_widths(model["far"]),
        success=None if success is None else read_success(success),
    )


def _part_as_json(part: Part) -> dict[str, Any]:
    return {
        "scope": part.scope.as_json(),
        "depth": part.depth,
        "widths": dict(part.widths),
        "rule_widths": dict(part.rule_widths),
        "transfer": part.transfer.as_json(),
        "graph": sorted(part.graph),
        "forests": {target: forest.as_json() for target, forest in part.forests.items()},
    }


def _part(data: Any) -> Part:
    forests = {
        read_target(target): Forest.from_json(own, len(COLUMNS)) for target, own in data["forests"].items()
    }
    return Part(
        scope=Scope.from_json(data["scope"]),
        depth=int(data["depth"]),
        forests=forests,
        graph=frozenset(read_target(target) for target in data["graph"]),
        widths=read_widths(data["widths"]),
        rule_widths=read_widths(data["rule_widths"]),
        transfer=Transfer.from_json(data["transfer"]),
    )


def success_as_json(success: Success) -> dict[str, Any]:
    """What `read_success` reads."""
    return {
        "scope": success.scope.as_json(),
        "families": sorted(family_name(family) for family in success.families),
        "forest": success.forest.as_json(),
        "slope": success.slope,
        "intercept": success.intercept,
    }


def read_success(data: Any) -> Success:
    """Read what `success_as_json` wrote; raises ModelError, KeyError, TypeError where it is none."""
    return Success(
        scope=Scope.from_json(data["scope"]),
        families=frozenset(FAMILIES[name] for name in data["families"]),
        forest=Forest.from_json(data["forest"], len(COLUMNS) + 1),  # and that of `success_columns`
        slope=read_number(data["slope"]),
        intercept=read_number(data["intercept"]),
    )


def read_widths(data: Any) -> dict[str, float]:
    """Widths of intervals by target; raises ModelError where they are none."""
    widths = {read_target(target): read_number(width) for target, width in data.items()}
    if any(width < 0 for width in widths.values()):
        raise ModelError("an interval has a width below 0")
    return widths


def read_target(name: str) -> str:
    """The name of a target; raises ModelError where it is none."""
    if name not in TARGETS:
        raise ModelError(f"it holds {name!r:.40}, which is not measured")
    return name


def read_number(value: Any) -> float:
    """A finite number; raises ModelError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"it holds {value!r:.40}, which is no finite number")
    return float(value)
