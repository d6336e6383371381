"""Clocks: this machine's, the server's, and those of recorders."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity

_TRIES: Final = 5
#: Seconds. Ticks are refused when they lie more than ten minutes ahead.
_SKEW_WARN: Final = 0.5
_SKEW_FAIL: Final = 60.0
_NTP: Final = "let both machines keep time by NTP (chronyc tracking, timedatectl)"


def clock() -> Flow[Verdict]:
    """The server's clock is this machine's, and no record comes from the future."""
    best = (float("inf"), 0.0)
    for _ in range(_TRIES):
        before, began = now(), time.perf_counter()
        found = yield from rows("SELECT clock_timestamp()")
        round_trip = time.perf_counter() - began
        # The server looked at its clock somewhere in the round trip: halfway, give or take half.
        away = (found[0][0] - before).total_seconds() - round_trip / 2
        best = min(best, (round_trip, away))
    round_trip, away = best
    problems = []
    # Only what the round trip cannot explain.
    certain = abs(away) - round_trip / 2
    if certain > _SKEW_WARN:
        way = "ahead of" if away > 0 else "behind"
        status = severity(certain > _SKEW_FAIL)
        told = f"the server's clock is {abs(away):.3f} s {way} this machine's"
        problems.append(Problem(status, told, _NTP))
    received = yield from rows(
        "SELECT extract(epoch FROM max(received_at) - clock_timestamp())::float8 FROM"
        " (SELECT max(received_at) AS received_at FROM newest_trades UNION ALL"
        "  SELECT max(received_at) FROM newest_quotes) AS newest"
    )
    ahead = received[0][0]
    if ahead is not None and ahead > _SKEW_WARN:
        status = severity(ahead > _SKEW_FAIL)
        told = f"the newest record was received {ahead:.3f} s after the server's now"
        problems.append(Problem(status, told, "let the recorder's machine keep time by NTP"))
    return judged(f"{away * 1000:+.1f} ± {round_trip * 500:.1f} ms from the server's", problems)


def now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


CHECKS: Final = (Check("clock", "clocks of server, client and recorders agree", clock),)
