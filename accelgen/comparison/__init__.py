"""What was predicted of a project beside what the tools reported of it."""

from accelgen.comparison.compare import Comparison, LayerComparison, Step, compare, nearest_domain
from accelgen.comparison.find import find_projects
from accelgen.comparison.store import results_of

__all__ = [
    "Comparison",
    "LayerComparison",
    "Step",
    "compare",
    "find_projects",
    "nearest_domain",
    "results_of",
]
