"""Processes that run retention and kill themselves with -9 before the n-th thing they do.

Things are: every step of a flow, every statement on the administrator's login, and what the lake
does before and after a commit. This process has everything imported; for each number on stdin it
forks one that runs, and answers whether it was killed, or how many things it did and what failed.

    python -m tests.retention.victim DSN
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from cryptoscalp import connect
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.retention import leaving


class Countdown:
    """Counts what is done; kills at the number."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.done: list[str] = []

    def __call__(self, name: str) -> None:
        if self.number is not None and len(self.done) == self.number:
            os.kill(os.getpid(), signal.SIGKILL)
        self.done.append(name)

    def before(self, holder: Any, name: str, *, after: bool = False) -> None:
        """Count calls of a method, before they are made, with `after` also when they are over."""
        original: Callable[..., Any] = getattr(holder, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self(name)
            result = original(*args, **kwargs)
            if after:
                self(f"{name} done")
            return result

        setattr(holder, name, counted)


class _Statements:
    """The administrator's connection, its statements counted."""

    def __init__(self, connection: Any, count: Countdown) -> None:
        self._connection = connection
        self._count = count

    def execute(self, *args: Any) -> Any:
        self._count("statement of the administrator")
        return self._connection.execute(*args)


def victim(dsn: str, number: int) -> str:
    """Run retention until the n-th thing; what it did, when it got to its end."""
    count = Countdown(number)
    count.before(SyncDriver, "_perform")
    count.before(SyncDriver, "_alone")
    for name in ("write", "contents", "remove"):
        count.before(Lake, name, after=True)
    alone = leaving._alone
    leaving._alone = lambda c, *rest: alone(_Statements(c, count), *rest)  # type: ignore[arg-type]
    with connect(dsn) as db:
        report = db.retention.run(["market_data", "candles_1s"], 0)
    return json.dumps({"things": len(count.done), "failed": [one.detail for one in report.failed]})


def main(dsn: str) -> None:
    # What is imported when first used would be imported by every victim.
    importlib.import_module("cryptoscalp.infra.cold.iceberg")
    importlib.import_module("cryptoscalp.infra.cold.writing")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.write(1, f"{victim(dsn, int(line))}\n".encode())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            os.write(1, b'{"killed": true}\n')
        elif status:
            os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
