"""A process that records batches of predictions for ever, and prints the number of each one stored.

python -m tests.registry.recording_victim DSN MODEL_ID FIRST SIZE
"""

from __future__ import annotations

import itertools
import sys

from cryptoscalp import connect
from tests.registry.predicting import prediction, table

#: Seconds between the beginnings of two batches; their predictions lie 1 ms apart.
APART_S = 10


def main(dsn: str, model_id: int, first: int, size: int) -> None:
    """Record batch after batch until the process is killed."""
    with connect(dsn) as db:
        for n in itertools.count(first):
            batch = [prediction(model_id, n * APART_S + one / 1_000) for one in range(size)]
            db.registry.record_predictions(table(batch), backfill=True)
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
