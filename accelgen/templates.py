"""The template files of what accelgen writes, filled in."""

from __future__ import annotations

from functools import cache
from string import Template

from accelgen.resources import data_dir


class _AtTemplate(Template):
    """``@{name}`` is replaced: ``$`` means something in Makefiles and Tcl, ``{}`` in C++."""

    delimiter = "@"


@cache
def _read(name: str) -> _AtTemplate:
    return _AtTemplate((data_dir("templates") / name).read_text(encoding="utf-8"))


def fill(name: str, **values: str) -> str:
    """The template file ``name`` with every ``@{key}`` replaced; KeyError where one has no value."""
    return _read(name).substitute(values)
