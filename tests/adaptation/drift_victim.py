"""A process that runs drift checks without an end, some observations a transaction."""

from __future__ import annotations

import sys

from cryptoscalp import connect
from cryptoscalp.adaptation import taking_in


def main(dsn: str, batch: int) -> None:
    taking_in.BATCH["ADWIN"] = batch
    with connect(dsn) as db:
        while True:
            db.adaptation.check_drift()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
