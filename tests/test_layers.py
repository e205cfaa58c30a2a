"""Modules import what stands before them in CONTRIBUTING's list of packages, never what follows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "accelgen"
LAYOUT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## ")[1]
ORDER = [
    name.removesuffix(".py").rstrip("/")
    for names in re.findall(r"^- ((?:`[\w./]+`(?:, )?)+):", LAYOUT, re.MULTILINE)
    for name in re.findall(r"`([\w./]+)`", names)
    if (PACKAGE / name).exists() or (PACKAGE / f"{name}.py").exists()
]
EXCEPT = PACKAGE / "surrogates/update"


def loaded(node: ast.AST) -> Iterator[str]:
    """The modules of accelgen that a file imports as it is loaded, not in functions or for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.module == "accelgen":
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and (child.module or "").startswith("accelgen."):
            yield str(child.module).split(".")[1]
        elif not isinstance(child, ast.FunctionDef) and not (
            isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        ):
            yield from loaded(child)


@pytest.mark.parametrize("place", range(len(ORDER)), ids=ORDER)
def test_imports_run_one_way(place):
    later = set(ORDER[place + 1 :])
    own = PACKAGE / ORDER[place]
    files = list(own.rglob("*.py")) or [own.with_suffix(".py")]
    found = {
        (str(path), name)
        for path in files
        if EXCEPT not in path.parents
        for name in loaded(ast.parse(path.read_text(encoding="utf-8")))
        if name in later
    }
    assert not found


def test_the_list_holds_every_package_but_the_command_line():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - set(ORDER) == {"cli"}
