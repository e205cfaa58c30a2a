"""The template files of generated projects: where they lie and how they are filled in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

import accelgen


class _AtTemplate(Template):
    """``@{name}`` is replaced: ``$`` means something in Makefiles and Tcl, ``{}`` in C++."""

    delimiter = "@"


@cache
def templates_dir() -> Path:
    """The folder ``templates``: inside the installed package, or at the root of a checkout."""
    package = Path(accelgen.__file__).parent
    for candidate in (package / "templates", package.parent / "templates"):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError("the installation of accelgen lacks its folder 'templates'; install it again")


@cache
def _read(name: str) -> _AtTemplate:
    return _AtTemplate((templates_dir() / name).read_text(encoding="utf-8"))


def fill(name: str, **values: str) -> str:
    """The template file ``name`` with every ``@{key}`` replaced; KeyError where one has no value."""
    return _read(name).substitute(values)
