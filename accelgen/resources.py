"""Where files lie: accelgen's own, in an installed package or at the root of a checkout, and the user's."""

from __future__ import annotations

import os
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


def user_data(name: str, variable: str) -> Path:
    """Where the user's data of a name are kept: where ``variable`` says, else ``accelgen/NAME``.

    That is in ``XDG_DATA_HOME``, or in ``~/.local/share`` where this is not set, or is relative, which the
    XDG Base Directory Specification 0.8 says to ignore.
    """
    if given := os.environ.get(variable):
        return Path(given)
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    root = data if data.is_absolute() else Path("~/.local/share").expanduser()
    return root / "accelgen" / name
