"""Whether what comes in by itself is fresh: market data, coverage, and what is reckoned of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.ages import data_ages, gaps_by_cause, reckoned_ages
from cryptoscalp.monitoring.types import Check, Problem, Verdict, fine, judged, skipped

#: Data that is older than this is history, which was imported and is not expected to go on.
_LIVE_S: Final = timedelta(days=2).total_seconds()
_OLD_S: Final = timedelta(minutes=10).total_seconds()
#: Gaps of a day that are worth a look.
_GAPS: Final = 100
_RECKONED_S: Final = timedelta(hours=2).total_seconds()


def data_age() -> Flow[Verdict]:
    """Exchanges whose data came in until lately still send some."""
    held = yield from data_ages()
    if not held:
        return skipped("nothing is stored yet")
    problems, live = [], 0
    for one in held:
        for what, age in (("trade", one.trade_age_s), ("quote", one.quote_age_s)):
            if age is None or age > _LIVE_S:
                continue
            live += 1
            if age > _OLD_S:
                told = f"the newest {what} of {one.exchange} is {_length(age)} old"
                hint = "look at its recorder and its feed; `cryptoscalp coverage` shows the gaps"
                problems.append(Problem("WARN", told, hint))
    if not live:
        return fine(f"no data of the last two days, of {len(held)} exchanges")
    return judged(f"{live} streams of {len(held)} exchanges are at most 10 minutes old", problems)


def coverage() -> Flow[Verdict]:
    """A day brings few gaps."""
    gaps = yield from gaps_by_cause()
    found = sum(gaps.values())
    causes = ", ".join(f"{count:,} {cause}" for cause, count in gaps.items()) or "none"
    problems = []
    if found >= _GAPS:
        hint = "cryptoscalp coverage says where; import what fills them"
        problems.append(Problem("WARN", f"{found:,} gaps in a day: {causes}", hint))
    return judged(f"gaps of the last day: {causes}", problems)


def reckoned() -> Flow[Verdict]:
    """While positions are open, risk and performance are reckoned."""
    ages = yield from reckoned_ages()
    known = {table: age for table, age in ages.items() if age is not None}
    if not known:
        return skipped("nothing was reckoned yet")
    found = yield from rows("SELECT count(*) FROM positions WHERE status IN ('OPEN', 'PARTIAL')")
    told = ", ".join(f"{table} {_length(age)}" for table, age in known.items())
    problems = []
    age = known.get("risk_metrics")
    if found[0][0] and age is not None and age > _RECKONED_S:
        problems.append(
            Problem(
                "WARN",
                f"{found[0][0]:,} positions are open, and the newest risk is {_length(age)} old",
                "keep `cryptoscalp worker` running; `cryptoscalp jobs list` says what is late",
            )
        )
    return judged(f"newest rows: {told}", problems)


def _length(seconds: float) -> str:
    if seconds >= _LIVE_S:
        return f"{seconds / 86_400:,.0f} days"
    return str(timedelta(seconds=max(0, int(seconds))))


CHECKS: Final = (
    Check("data-age", "data that came in until lately still does", data_age),
    Check("coverage", "a day brings few gaps", coverage),
    Check("reckoned-age", "risk is reckoned while positions are open", reckoned),
)
