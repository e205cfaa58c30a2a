"""``accelgen surrogate``: the predictors of latency and resources, and the data that they learn from."""

from __future__ import annotations

from accelgen.cli.arguments import Group
from accelgen.cli.surrogate import convert, describe, evaluate, merge, train, update

DATASET = Group(
    "read, merge and describe tables of syntheses",
    {"convert": convert, "merge": merge, "describe": describe},
)
SURROGATE = Group(
    "the predictors of latency and resources, and their data",
    {"dataset": DATASET, "train": train, "evaluate": evaluate, "update": update},
)
