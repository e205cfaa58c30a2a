"""``accelgen explore``: the designs worth building, found before any synthesis."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from accelgen.cli.arguments import FOLDER, PATH, count
from accelgen.cli.design_options import IO_TYPES, add_network_options, network_options
from accelgen.cli.format_options import add_format_options, check_format_options, format_options
from accelgen.cli.goal_options import add_goal_options, goals_of
from accelgen.cli.output import write_json, write_line
from accelgen.cli.worker_options import add_worker_options, workers_of
from accelgen.errors import UsageError

if TYPE_CHECKING:
    from accelgen.api import Model
    from accelgen.exploration.candidate import Candidate, Exploration

SUMMARY = "find the designs of a model between which there is a choice, before any synthesis"

BOTH = "both"

FIFOS = ("auto", "trade")
"""Those of `accelgen.exploration.goals`."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar=PATH, help="trained model: .keras, .h5, .json or .onnx")
    parser.add_argument(
        "-o", "--output", metavar=FOLDER, help="directory of front.csv, report.html, designs/"
    )
    parser.add_argument(
        "--build", metavar="N", type=count, help="build the N best designs into the output directory"
    )
    parser.add_argument(
        "--board", metavar="NAME", action="append", default=[], help="board to design for; may be repeated"
    )
    parser.add_argument(
        "--part", metavar="NAME", action="append", default=[], help="FPGA to design for; may be repeated"
    )
    parser.add_argument("--clock-ns", metavar="NS[,NS...]", type=_periods, default=[], help="clock periods")
    parser.add_argument(
        "--io-type",
        choices=(*IO_TYPES, BOTH),
        help="how data moves between layers (default: io_stream only where nothing fits io_parallel)",
    )
    add_goal_options(parser)
    front = parser.add_argument_group("front")
    front.add_argument(
        "--axes",
        metavar="A,B",
        type=_axes,
        help="the two figures between which to choose (default: latency,lut)",
    )
    front.add_argument(
        "--points", metavar="N", type=count, default=20, help="most designs to show (default: 20)"
    )
    front.add_argument(
        "--time-limit",
        metavar="S",
        type=_seconds,
        help="seconds for the front of each target; what is not proven by then is said (default: 60)",
    )
    front.add_argument(
        "--fifos",
        choices=FIFOS,
        default=FIFOS[0],
        help="depths of io_stream's FIFOs: those that cost no cycle (auto, default), or also less deep ones",
    )
    front.add_argument("--tool", metavar="NAME", help="tool whose results to estimate, as in estimate")
    add_format_options(parser)
    add_worker_options(parser)
    add_network_options(parser)


def run(options: Namespace) -> int:
    """Search, show the front, and write and build what was asked for."""
    from accelgen.api import explore, explore_formats, load
    from accelgen.console import step

    check_format_options(options)
    if options.build and not options.output:
        raise UsageError("--build goes with -o DIR, where the projects are built")
    if options.output:
        from accelgen.exploration.report.write import check_output

        check_output(Path(options.output), Path(options.journal) if options.journal else None)
    with step(f"reading {options.model}"):
        model = load(options.model, options.weights)
    with workers_of(options) as workers, step("searching"):
        asked = {**_asked(options), "workers": workers}
        if options.bits:
            found = explore_formats(model, **format_options(options), **asked)
        else:
            limit = {} if options.time_limit is None else {"time_limit_s": options.time_limit}
            found = explore(model, **limit, **asked)
    if options.name is not None:
        found = replace(found, network=options.name)
    notes = _write(found, model, options)
    if options.json:
        write_json(found.as_json())
    else:
        _show_front(found)
        _show_verdict(found)
        for line in notes:
            write_line(line)
    return 0


def _asked(options: Namespace) -> dict[str, Any]:
    """What both kinds of searches are told, but for their workers."""
    return {
        "goals": goals_of(
            options,
            axes=options.axes or ("latency", "lut"),
            points=options.points,
            fifos=options.fifos,
        ),
        "boards": options.board,
        "parts": options.part,
        "clocks_ns": options.clock_ns,
        "io_types": _io_types(options.io_type),
        "calibration": options.calibration,
        "tool": options.tool,
        "strategies": options.strategies,
        "journal": options.journal,
        **network_options(options),
    }


def _io_types(asked: str | None) -> tuple[str, ...]:
    if asked is None:
        return ()
    return IO_TYPES if asked == BOTH else (asked,)


def _axes(text: str) -> tuple[str, str]:
    first, comma, second = text.partition(",")
    if not comma:
        raise ArgumentTypeError(f"{text!r} names no two figures; write latency,lut")
    return first, second


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _periods(text: str) -> list[float]:
    try:
        return [float(own) for own in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no list of clock periods in ns; write 4,5,10") from None


PROJECTS = "projects"
"""Where ``--build`` puts projects in the output directory."""


def _write(found: Exploration, model: Model, options: Namespace) -> list[str]:
    """Write what ``-o`` and ``--build`` ask for; what there is to say of it."""
    if not options.output:
        return []
    from accelgen.console import step
    from accelgen.exploration.report.write import DESIGNS, HTML, write_exploration
    from accelgen.flows.files import sweep_makefile

    folder = Path(options.output)
    weights = ("--weights", options.weights) if options.weights else ()
    with step(f"writing {folder}"):
        lines = [f"note: {note}" for note in write_exploration(found, folder, (options.model, *weights))]
    lines.append(f"written: {folder / HTML}, front.csv, front.jsonl and a design file for each")
    calibration = None if options.bits else options.calibration  # the design files hold the types
    for candidate in _best_first(found)[: options.build or 0]:
        design, project = folder / DESIGNS / f"{candidate.name}.yaml", folder / PROJECTS / candidate.name
        with step(f"building {project}"):
            model.build(project, config=design, calibration=calibration, name=options.name)
        lines.append(f"built: {project}; verify it: accelgen verify {quote(str(project))}")
    if options.build:
        (folder / "Makefile").write_bytes(sweep_makefile(f"{PROJECTS}/*"))
        lines.append(f"synthesise all: make -C {quote(str(folder))} -j4 csynth")
    return lines


def _best_first(found: Exploration) -> list[Candidate]:
    """The candidates as far from the recommended one as they are along the front, that one first."""
    names = [candidate.name for candidate in found.candidates]
    best = names.index(found.best)
    order = sorted(range(len(names)), key=lambda position: (abs(position - best), position))
    return [found.candidates[position] for position in order]


def _show_front(found: Exploration) -> None:
    """Print a table of the designs: a column for each of part, io type and period in which they differ."""
    from accelgen.cli.estimates import COLUMNS, cells
    from accelgen.console import print_table

    records = [candidate.estimate.record for candidate in found.candidates]
    named: dict[str, list[Any]] = {
        "part": [record.part for record in records],
        "io type": [record.io_type for record in records],
        "period\nns": [record.clock_ns for record in records],
    }
    varied = {title: values for title, values in named.items() if len(set(values)) > 1}
    rows = []
    for number, candidate in enumerate(found.candidates):
        total = {name: figure.value for name, figure in candidate.estimate.total.items()}
        figures = {**total, "latency_cycles": total["latency_max_cycles"]}
        rows.append(
            (
                f"{candidate.name}{' *' if candidate.name == found.best else ''}",
                *(values[number] for values in varied.values()),
                *(f"{score:.4g}" for score in candidate.scores.values()),
                *cells(figures, candidate.estimate.record.clock_ns),
                _fullest(candidate),
                "yes" if candidate.estimate.in_domain else "no",
            )
        )
    where = [
        str(values[0]) for title, values in named.items() if title not in varied and title != "period\nns"
    ]
    if "period\nns" not in varied:
        where.append(f"{records[0].clock_ns:g} ns")
    scores = tuple(name.replace("_", "\n", 1) for name in found.candidates[0].scores)
    columns = ("design", *varied, *scores, *COLUMNS, "most\ntaken", "like the\ndata")
    right = ("period\nns", *scores, *COLUMNS)
    print_table(f"{found.network}: {', '.join(where)}", columns, rows, right=right)


def _show_verdict(found: Exploration) -> None:
    """Print which design is recommended and why, and how complete the front is."""
    best = next(candidate for candidate in found.candidates if candidate.name == found.best)
    write_line(f"* {best.reason}")
    proof = "exact" if found.proven else "not proven"
    kind = "format assignments, the best hardware for each" if found.evaluated else "designs"
    number = len(found.candidates)
    designs = "1 design" if number == 1 else f"{number} designs"
    write_line(
        f"{designs} of the front between {found.axes[0]} and {found.axes[1]}, out of "
        f"{found.combinations:,} {kind} ({proof} for the table of estimates)"
    )
    for note in found.notes:
        write_line(f"note: {note}")


def _fullest(candidate: Candidate) -> str | None:
    """The resource of which a design takes the largest share, with the upper end of its interval."""
    from accelgen.boards import RESOURCE_TITLES

    estimate = candidate.estimate
    held = {name: getattr(estimate.capacity, name, 0) for name in RESOURCE_TITLES}
    shares = {name: estimate.total[name].high / amount for name, amount in held.items() if amount}
    if not shares:
        return None
    name = max(shares, key=lambda own: shares[own])
    value = estimate.shares[name]
    return f"{RESOURCE_TITLES[name]} {value:.0%} (to {shares[name]:.0%})"
