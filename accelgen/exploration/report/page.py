"""report.html: one file with its style, its program and its data, which asks nothing of any network."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from accelgen import __version__
from accelgen.estimation import LAYER_TARGETS, Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report.figures import (
    figures_of,
    limit_lines,
    limits_asked,
    telling_quantities,
)
from accelgen.html_page import html_page
from accelgen.surrogates.predict import CONFIDENCE
from accelgen.templates import fill, read

SCRIPTS = (
    "page",
    "format",
    "scale",
    "marks",
    "frame",
    "chart",
    "resources",
    "detail",
    "layers",
    "files",
    "front",
    "main",
)
"""The parts of the page's program, in the order in which they need each other."""


def to_html(exploration: Exploration, commands: Mapping[str, str]) -> str:
    """The report of a search; ``commands`` are those that build the candidates, by their names.

    Whatever a model's names hold is data to the page: it stands in JSON without a character that HTML knows,
    and the page's own policy allows no script but its own, and no request at all.
    """
    script = "\n".join(read(f"explore/{part}.js") for part in SCRIPTS)
    body = fill("explore/report.html", script=script, data=embedded(page_data(exploration, commands)))
    return html_page(f"{exploration.network} on {exploration.board}", "explore/report.css", body, script)


def embedded(data: object) -> str:
    """JSON that can stand inside a script element: no text ends it, or begins a comment in it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))  # ASCII: no U+2028 either
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def page_data(exploration: Exploration, commands: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows; designs share the pieces of their design files."""
    figures = [figures_of(candidate) for candidate in exploration.candidates]
    shown = telling_quantities(exploration, figures)
    pieces: dict[str, int] = {}
    parts = {}
    designs = []
    for candidate, own in zip(exploration.candidates, figures, strict=True):
        capacity = candidate.estimate.capacity
        parts[candidate.design.part] = None if capacity is None else vars(capacity)
        designs.append(
            {
                **_described(candidate),
                "figures": [_triple(own.get(entry.name)) for entry in shown],
                "file": [pieces.setdefault(piece, len(pieces)) for piece in _pieces(candidate)],
                "command": commands[candidate.name],
            }
        )
    return {
        "accelgen": __version__,
        "network": exploration.network,
        "board": exploration.board,
        "axes": list(exploration.axes),
        "asked": list(limits_asked(exploration)),
        "limits": limit_lines(exploration),
        "best": exploration.best,
        "proven": exploration.proven,
        "evaluated": exploration.evaluated,
        "combinations": counted(exploration.combinations),
        "notes": list(exploration.notes),
        "confidence": CONFIDENCE,
        "quantities": [vars(entry) for entry in shown],
        "layer_figures": list(LAYER_TARGETS),
        "parts": parts,
        "pieces": list(pieces),
        "designs": designs,
    }


def counted(number: int) -> str:
    """A number of designs for people, however large: 4,608 or 1.27e11."""
    if number < 1_000_000_000:
        return f"{number:,}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e{len(digits) - 1}"


def build_command(model: Sequence[str], design_file: str, project: str) -> str:
    """The command line that builds a candidate, quoted for a shell."""
    return shlex.join(["accelgen", "build", *model, "--config", design_file, "-o", project])


def _described(candidate: Candidate) -> dict[str, Any]:
    design, estimate = candidate.design, candidate.estimate
    return {
        "name": candidate.name,
        "reason": candidate.reason,
        "part": design.part,
        "clock_ns": design.clock_ns,
        "io_type": design.io_type.value,
        "domain": estimate.domain.name,
        "fits": estimate.fits,
        "certain": estimate.certain,
        "in_domain": estimate.in_domain,
        "reasons": list(estimate.reasons),
        "success": estimate.success,
        "notes": list(estimate.notes),
        "layers": [
            {
                "name": entry.layer.name,
                "kind": entry.layer.kind.value,
                "strategy": entry.layer.strategy,
                "reuse_factor": entry.layer.reuse_factor if entry.layer.strategy else None,
                "folding": _folding(candidate, entry.layer.name),
                "weight_bits": entry.layer.weight_bits or None,
                "result_bits": entry.layer.result_bits,
                "figures": [round(entry.figures[name], 1) for name in LAYER_TARGETS],
            }
            for entry in estimate.layers
        ],
    }


def _folding(candidate: Candidate, layer: str) -> str:
    """Rows and inputs at once of a folded packed layer, empty for any other."""
    choice = candidate.design.layers.get(layer)
    return f"{choice.pe}x{choice.simd}" if choice is not None and choice.pe else ""


def _triple(figure: Figure | None) -> list[float] | None:
    return None if figure is None else [figure.value, figure.low, figure.high]


def _pieces(candidate: Candidate) -> list[str]:
    """The design file, split where an entry of the file or of its layers begins; joined they are the file."""
    return re.split(r"^(?= {0,2}\S)", candidate.design_file, flags=re.MULTILINE)
