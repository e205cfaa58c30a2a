"""Where the data files lie: inside an installed package, or at the root of a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def data_dir(name: str) -> Path:
    """The folder ``boards``, ``templates`` or ``surrogates``.

    Raises:
        FileNotFoundError: the installation lacks it.
    """
    package = Path(__file__).parent
    for candidate in (package / "_files" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the installation of accelgen lacks its folder {name!r}; install it again")
