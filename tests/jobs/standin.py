"""A worker in a process of its own, which tests kill: `python -m tests.jobs.standin DSN SECONDS`.

Its one job says that it has begun and sleeps.
"""

from __future__ import annotations

import sys
import time

from tests.jobs.shop import job, until, worker


def main() -> None:
    dsn, seconds = sys.argv[1], float(sys.argv[2])

    def work() -> int:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        time.sleep(seconds)
        return 1

    with worker(dsn, job("long", work)) as running:
        until(lambda: not running.running, seconds=60)


if __name__ == "__main__":
    main()
