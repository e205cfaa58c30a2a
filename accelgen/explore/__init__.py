"""The search for designs: exact where figures of layers add up, by populations where they do not.

Importing this package binds ``accelgen.explore``, which is the name of the function too; so the package is
called as the function is.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelgen.explore.candidate import Exploration


class _Callable(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Exploration:
        """`accelgen.api.explore`."""
        from accelgen.api import explore

        return explore(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
