"""Asks in a process and in its fork, each of a portfolio of its own; run by the tests."""

from __future__ import annotations

import os
import sys

from cryptoscalp import connect

_TIMES = 300


def main(dsn: str) -> int:
    """0 when both got answers to their own questions only; `free` may trade, `halted` may not."""
    with connect(dsn) as db:
        if not db.risk.trading_state("free", timeout_s=10):
            return 3
        child = os.fork()
        if child == 0:
            first = db.risk.trading_state("halted", timeout_s=10)
            found = [db.risk.trading_state("halted", timeout_s=10) for _ in range(_TIMES)]
            right = all(one.known and one.reason == "stop" for one in (first, *found))
            os._exit(0 if right else 1)
        found = [db.risk.trading_state("free", timeout_s=10) for _ in range(_TIMES)]
        _, status = os.waitpid(child, 0)
        again = db.risk.trading_state("free", timeout_s=10)
    if not all((*found, again)):
        return 2
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
