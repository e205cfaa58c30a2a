"""A search of its own process, to be killed: ``python -m tests.workers.search FOLDER WORKERS``.

It prints "begun" after the first outcome, and in the end all results.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from accelgen.workers import Journal, evaluate, open_workers
from tests.workers.functions import slow

TASKS = range(30)


def main() -> None:
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    with Journal(folder / "journal.jsonl", {"of": "thirds"}) as journal, open_workers(workers) as pool:
        found = {}
        for outcome in evaluate(TASKS, partial(slow, folder), workers=pool, journal=journal, ordered=False):
            if not found:
                print("begun", flush=True)
            found[outcome.task] = outcome.result
    print(json.dumps([found[task] for task in TASKS]))


if __name__ == "__main__":
    main()
