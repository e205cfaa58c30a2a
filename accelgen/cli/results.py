"""``accelgen results``: what `accelgen report` and campaigns have kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelgen.cli.arguments import FILE, Command, Group, count
from accelgen.cli.output import write_json, write_line
from accelgen.errors import UsageError

if TYPE_CHECKING:
    from accelgen.results import Filter, Store, Stored

STAGES = ("c_synthesis", "logic_synthesis", "implementation")


def _add_filters(parser: ArgumentParser) -> None:
    chosen = parser.add_argument_group("which results", "patterns are those of the shell, in any case")
    chosen.add_argument("--network", metavar="PATTERN", help="of these networks")
    chosen.add_argument("--part", metavar="PATTERN", help="for these parts, as 'xczu*'")
    chosen.add_argument("--tool", metavar="PATTERN", help="by this tool, as 'vitis hls 2023.*'")
    chosen.add_argument("--stage", choices=STAGES, help="that measured the resources")
    outcome = chosen.add_mutually_exclusive_group()
    outcome.add_argument("--failed", action="store_const", const=True, help="those that failed")
    outcome.add_argument(
        "--succeeded", dest="failed", action="store_const", const=False, help="those that did not"
    )


def _filter(options: Namespace) -> Filter:
    from accelgen.results import Filter

    return Filter(
        network=options.network,
        part=options.part,
        tool=options.tool,
        stage=options.stage,
        failed=options.failed,
    )


def _open() -> Store:
    from accelgen.results import Store, store_path

    if not store_path().exists():
        raise UsageError(f"there are no results yet in {store_path()}: 'accelgen report' keeps what it reads")
    return Store()


class _List:
    SUMMARY = "list the results that were kept"

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the command's arguments."""
        _add_filters(parser)

    @staticmethod
    def run(options: Namespace) -> int:
        """List results with their main figures and their errors."""
        from accelgen.console import print_table

        with _open() as store:
            if options.json:
                write_json([_brief(stored) for stored in store.query(_filter(options))])
                return 0
            columns = (
                "",
                "network",
                "group",
                "part",
                "tool",
                "stage",
                "latency",
                "LUT",
                "FF",
                "DSP",
                "BRAM 18K",
            )
            rows = [_cells(stored) for stored in store.query(_filter(options))]
        print_table(str(store.path), (*columns, "LUT error"), rows, right=("", *columns[6:], "LUT error"))
        write_line(f"{len(rows)} result{'s' * (len(rows) != 1)}")
        return 0


class _Show:
    SUMMARY = "show everything of one result"

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("number", metavar="NUMBER", type=count, help="of the result, as listed")

    @staticmethod
    def run(options: Namespace) -> int:
        """Print one result as JSON, which holds all of it."""
        from accelgen.results import Filter

        with _open() as store:
            found = next(store.query(Filter(number=options.number)), None)
        if found is None:
            raise UsageError(f"there is no result {options.number}; 'accelgen results list' has the numbers")
        write_json(_whole(found))
        return 0


class _Delete:
    SUMMARY = "delete results"

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("numbers", metavar="NUMBER", type=count, nargs="*", help="of results, as listed")
        parser.add_argument("--all", action="store_true", help="all, where no filter is given either")
        _add_filters(parser)

    @staticmethod
    def run(options: Namespace) -> int:
        """Delete results by their numbers or by a filter."""
        from accelgen.results import Filter

        which = _filter(options)
        filtered = which != Filter()
        if bool(options.numbers) + filtered + options.all != 1:
            raise UsageError("say which results to delete: by numbers, by a filter, or --all")
        with _open() as store:
            if options.numbers:
                deleted = sum(store.delete(Filter(number=number)) for number in options.numbers)
            else:
                deleted = store.delete(which)
        if options.json:
            write_json({"deleted": deleted})
        else:
            write_line(f"deleted {deleted} result{'s' * (deleted != 1)}")
        return 0


class _Export:
    SUMMARY = "write results as a table that 'accelgen surrogate train' reads"

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument(
            "-o", "--output", metavar=FILE, required=True, help="table to write: .csv, .jsonl or .parquet"
        )
        _add_filters(parser)

    @staticmethod
    def run(options: Namespace) -> int:
        """Write the syntheses of results, but those that ended for no reason of theirs."""
        from accelgen.surrogates.dataset import write

        with _open() as store:
            which = _filter(options)
            found = (own.result for own in store.query(which))
            rows = write(Path(options.output), (own.synthesis for own in found if own.tells))
            left_out = store.count(which) - rows
        if options.json:
            write_json({"rows": rows, "left_out": left_out, "output": options.output})
            return 0
        write_line(f"written: {options.output}, {rows} row{'s' * (rows != 1)}")
        if left_out:
            write_line(f"left out: {left_out} killed or without a report, which says nothing of a design")
        return 0


def _cells(stored: Stored) -> tuple[object, ...]:
    result = stored.result
    synthesis, targets = result.synthesis, result.synthesis.targets
    figures = ("latency_cycles", "lut", "ff", "dsp", "bram_18k")
    return (
        stored.number,
        result.network,
        synthesis.group,
        synthesis.design.part,
        f"{synthesis.tool} {synthesis.version}".strip(),
        result.failure.value if result.failure is not None else synthesis.resource_stage.value,
        *(round(targets[name]) if name in targets else None for name in figures),
        _error(stored, "lut"),
    )


def _error(stored: Stored, target: str) -> str | None:
    predicted, measured = stored.result.predicted, stored.result.synthesis.targets.get(target)
    if predicted is None or not measured or target not in predicted.total:
        return None
    return f"{predicted.total[target][0] / measured - 1:+.1%}"


def _brief(stored: Stored) -> dict[str, Any]:
    result = stored.result
    synthesis = result.synthesis
    return {
        "number": stored.number,
        "added": stored.added,
        "network": result.network,
        "part": synthesis.design.part,
        "clock_ns": synthesis.design.clock_ns,
        "tool": synthesis.tool,
        "version": synthesis.version,
        "stage": synthesis.resource_stage.value,
        "failure": None if result.failure is None else result.failure.value,
        "targets": dict(synthesis.targets),
        "predicted": None if result.predicted is None else vars(result.predicted),
        "source": synthesis.source,
    }


def _whole(stored: Stored) -> dict[str, Any]:
    from accelgen.surrogates.dataset.storage import layer_data

    synthesis = stored.result.synthesis
    return {
        **_brief(stored),
        "io_type": synthesis.design.io_type,
        "backend": synthesis.design.backend,
        "layers": [layer_data(layer) for layer in synthesis.design.layers],
        "per_layer": dict(synthesis.per_layer),
        "details": dict(stored.result.details),
    }


COMMANDS: dict[str, Command] = {"list": _List, "show": _Show, "delete": _Delete, "export": _Export}
RESULTS = Group("list, show, delete or export what was reported of projects", COMMANDS, default="list")
