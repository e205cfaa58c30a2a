"""The template files of what accelgen writes, filled in."""

from __future__ import annotations

from functools import cache
from string import Template

from accelgen.resources import data_dir


class _AtTemplate(Template):
    """``@{name}`` is replaced: ``$`` means something in Makefiles and Tcl, ``{}`` in C++."""

    delimiter = "@"


@cache
def read(name: str) -> str:
    """The template file ``name`` as it is; FileNotFoundError where there is none."""
    return (data_dir("templates") / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> _AtTemplate:
    return _AtTemplate(read(name))


def fill(name: str, **values: str) -> str:
    """The template file ``name`` with every ``@{key}`` replaced; KeyError where one has no value."""
    return _template(name).substitute(values)
