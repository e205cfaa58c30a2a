"""``accelgen doctor``: what is installed and what it enables."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from accelgen.cli.output import write_json

SUMMARY = "show which tools and packages are installed and what each enables"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(options: Namespace) -> int:
    """Report every tool and package; exit code 1 where a required one is missing."""
    from accelgen.console import print_table, step
    from accelgen.doctor import diagnose

    with step("looking for tools"):
        findings = diagnose()
    if options.json:
        write_json([{**asdict(finding), "found": finding.found} for finding in findings])
    else:
        rows = [
            (
                finding.name,
                (finding.version or "found") if finding.found else "missing",
                "required" if finding.required else "optional",
                finding.enables,
                finding.path or "",
            )
            for finding in findings
        ]
        print_table("", ("name", "version", "need", "enables", "path"), rows)
    return int(any(finding.required and not finding.found for finding in findings))
