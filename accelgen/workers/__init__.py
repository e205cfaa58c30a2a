"""Work that is done in many places, is not lost when one of them fails, and goes on where it was stopped."""

from accelgen.workers.evaluate import evaluate, open_workers
from accelgen.workers.journal import Journal
from accelgen.workers.tasks import Failure, Function, Json, Limits, Outcome, Workers

__all__ = [
    "Failure",
    "Function",
    "Journal",
    "Json",
    "Limits",
    "Outcome",
    "Workers",
    "evaluate",
    "open_workers",
]
