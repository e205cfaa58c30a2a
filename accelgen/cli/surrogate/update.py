"""``accelgen surrogate update``: estimates that learn from the user's own results."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from accelgen.cli.arguments import FILE, PATH
from accelgen.cli.output import write_json, write_line

if TYPE_CHECKING:
    from accelgen.surrogates.update.update import Updated

SUMMARY = "refine estimates with your own results, where that helps on architectures left out of learning"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--data", metavar=PATH, nargs="+", help="your results: tables or projects, instead of the store"
    )
    parser.add_argument("--store", metavar=FILE, help="file of results (default: see 'accelgen results')")
    parser.add_argument(
        "--old", metavar=PATH, nargs="+", default=[], help="data that the estimates were trained on"
    )
    parser.add_argument("--revert", action="store_true", help="go back to what was served before")


def run(options: Namespace) -> int:
    """Update or go back, and show what changed."""
    from accelgen.surrogates.update.folder import locked, revert, user_folder

    if options.revert:
        folder = user_folder()
        with locked(folder):
            left = revert(folder)
        if options.json:
            write_json({"folder": str(folder), "corrections": left})
        else:
            what = "by the corrections of before" if left else "as they come with accelgen"
            write_line(f"estimates are served {what}; {folder}")
        return 0
    updated = _update(options)
    if options.json:
        write_json(updated.as_json())
    else:
        _show(updated)
    return 0


def _update(options: Namespace) -> Updated:
    from accelgen.console import step
    from accelgen.errors import UsageError
    from accelgen.results import Store
    from accelgen.surrogates.dataset import first_reason, read
    from accelgen.surrogates.update.update import stored, update

    if options.data is not None and options.store is not None:
        raise UsageError("give --data or --store, not both")
    if options.store is not None and not Path(options.store).exists():
        raise UsageError(f"there is no file of results at {options.store}")
    try:
        with step("learning"):
            old = read(*options.old)
            if options.data is not None:
                table = read(*options.data)
                if not table.rows:
                    reason = first_reason(table.skipped)
                    raise UsageError(f"there is no synthesis in {', '.join(options.data)}{reason}")
                return update(table, old)
            with Store(options.store) as store:
                return update(stored(store), old)
    except ImportError as error:
        raise UsageError(
            f"learning needs XGBoost, and {error.name} is missing; install accelgen[surrogates]"
        ) from None


def _show(updated: Updated) -> None:
    from accelgen.console import print_table
    from accelgen.surrogates.learn.scope import family_name
    from accelgen.surrogates.update.fit import MIN_GROUPS

    figures = ("results", "architectures", "before %", "after %")
    rows = [
        (
            tool.replace("_", " "),
            family_name(verdict.family),
            verdict.target,
            verdict.rows,
            verdict.groups,
            f"{verdict.before:.2f}",
            f"{verdict.after:.2f}",
            verdict.kind,
            "yes" if verdict.changed else "no",
        )
        for tool, verdicts in updated.verdicts.items()
        for verdict in verdicts
    ]
    if rows:
        columns = ("tool", "layers", "target", *figures, "correction", "new")
        print_table("SMAPE on architectures left out of learning", columns, rows, right=figures)
    else:
        write_line(f"there are too few results: it takes {MIN_GROUPS} architectures with one tool")
    chances = updated.chances
    if chances is not None:
        new = ", and serves now" if chances.changed else ", and is not served"
        write_line(
            f"success: squared error {chances.before:.4f} before, {chances.after:.4f} after, "
            f"on {chances.rows:,} attempts of which {chances.failures:,} failed{new}"
        )
    write_line(f"{updated.rows:,} results, {updated.new:,} of them new")
    if updated.changed:
        write_line(
            f"estimates use the new corrections in {updated.folder}; 'surrogate update --revert' undoes it"
        )
    else:
        write_line("nothing is better than what is served: estimates stay as they are")
