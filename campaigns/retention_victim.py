"""Processes that run retention until they are killed with -9: one for each line on stdin.

A line is the time in seconds after which the run is killed. This process has everything imported
and forks; it answers `killed`, or `ended` when the run was quicker.

    python -m campaigns.retention_victim DSN
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time

from cryptoscalp import connect


def main(dsn: str) -> None:
    """Serve lines until stdin ends."""
    for name in ("iceberg", "writing", "day"):
        importlib.import_module(f"cryptoscalp.infra.cold.{name}")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            with connect(dsn) as db:
                db.retention.run(["market_data", "candles_1s"], 0)
            os._exit(0)
        time.sleep(float(line))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"ended {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
