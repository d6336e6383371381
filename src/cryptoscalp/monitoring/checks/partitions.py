"""Partitions: made ahead, without holes, none left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.checks.pieces import UNITS, Piece, after, pieces, start
from cryptoscalp.monitoring.types import (
    Check,
    Problem,
    Verdict,
    fine,
    judged,
    listed,
    severity,
    skipped,
)

#: Partitions should be there so long before they begin. The job makes a day more: at midnight its
#: next run is still to come.
_AHEAD: Final = timedelta(days=6)
_ENSURE: Final = "cryptoscalp partitions ensure --start {first} --end {last}"
#: Tables whose partitions that command does not make.
_OTHERS: Final = ("mark_prices", "funding_rates", "system_logs")
_LIVE: Final = timedelta(days=2)


def ahead() -> Flow[Verdict]:
    """While data comes in, the partitions of the next days are there."""
    held = yield from pieces()
    starts: dict[str, set[datetime]] = defaultdict(set)
    for piece in held:
        # Who logs makes a day that is missing, whenever that is.
        if piece.low is not None and not piece.pending and piece.table != "system_logs":
            starts[piece.table].add(piece.low)
    if not starts:
        return skipped("no table has partitions yet; a batch makes those it needs")
    newest = yield from rows(
        "SELECT greatest((SELECT max(timestamp) FROM newest_trades),"
        " (SELECT max(timestamp) FROM newest_quotes)), now()"
    )
    last, now = newest[0]
    if last is None or last < now - _LIVE:
        return fine("no data of the last two days; a batch makes the partitions it needs")
    problems = [
        problem for table in sorted(starts) for problem in _ahead(table, starts[table], now)
    ]
    days = min(len([low for low in lows if low > now]) for lows in starts.values())
    return judged(f"{len(starts)} tables, at least {days} pieces ahead", problems)


def _ahead(table: str, there: set[datetime], now: datetime) -> Iterator[Problem]:
    unit = UNITS[table]
    wanted, low = [], start(now, unit)
    while low <= now + _AHEAD:
        wanted.append(low)
        low = after(low, unit)
    missing = [low for low in wanted if low not in there]
    if not missing:
        return
    # The one that is needed at the next midnight is what plain writers would fail for.
    status = severity(missing[0] <= after(now, "day"))
    days = listed([f"{low.date()}" for low in missing])
    hint = _ENSURE.format(first=missing[0].date(), last=missing[-1].date())
    yield Problem(status, f"{table} has no partition for {days}", f"{hint}; keep a worker running")


def whole() -> Flow[Verdict]:
    """No default partition, nothing half detached or left over, no hole between two pieces."""
    held = yield from pieces()
    left_over = yield from rows(
        "SELECT c.relname::text, EXISTS (SELECT FROM cold_parts AS p"
        "   WHERE c.relname = p.table_name || to_char(p.day, '_YYYYMMDD') AND p.state = 'COLD')"
        " FROM pg_class AS c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        " AND c.relname ~ ('^(' || array_to_string(%s::text[], '|') || ')_[0-9]{6,8}$')"
        " AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid)"
        " ORDER BY c.relname",
        (list(UNITS),),
    )
    gone = yield from rows("SELECT table_name, first_day, last_day FROM departures")
    problems = [
        *_strange(held),
        *(_left_over(name, cold) for name, cold in left_over),
        *_holes(held, gone, {name for name, _ in left_over}),
        *_candles_missing(held),
    ]
    if not held and not problems:
        return skipped("no table has native partitions")
    return judged(f"{len(held):,} partitions without a hole", problems)


def _strange(held: list[Piece]) -> Iterator[Problem]:
    for piece in held:
        if piece.pending:
            found = f"{piece.name} is half detached: a DETACH CONCURRENTLY was broken off"
            hint = f"ALTER TABLE {piece.table} DETACH PARTITION {piece.name} FINALIZE"
            yield Problem("WARN", found, f"cryptoscalp retention run, or {hint}")
        elif piece.low is None:
            found = f"{piece.table} has the default partition {piece.name}: days can neither be"
            hint = f"ALTER TABLE {piece.table} DETACH PARTITION {piece.name}, then import its rows"
            yield Problem("FAIL", f"{found} made nor taken out without blocking", hint)


def _left_over(name: str, cold: bool) -> Problem:
    if cold:
        found = f"{name} is detached and was not dropped; the cold tier has its rows"
        return Problem("WARN", found, "cryptoscalp retention run finishes what was begun")
    day = f"{name[-8:-4]}-{name[-4:-2]}-{name[-2:]}"
    made = name[-8:].isdigit() and not name.startswith(_OTHERS)
    hint = _ENSURE.format(first=day, last=day) if made else "ALTER TABLE … ATTACH PARTITION"
    found = f"{name} is detached, and its rows lie nowhere else: no read finds them"
    return Problem("FAIL", found, f"to put it back: {hint}")


def _holes(
    held: list[Piece], gone: list[tuple[str, date, date]], left_over: set[str]
) -> Iterator[Problem]:
    by_table: dict[str, list[datetime]] = defaultdict(list)
    for piece in held:
        if piece.low is not None:
            by_table[piece.table].append(piece.low)
    for table, lows in by_table.items():
        unit = UNITS[table]
        for low, high in pairwise(sorted(lows)):
            missing = after(low, unit)
            # Only a single piece between two others: days of different imports lie apart.
            if missing == high or after(missing, unit) != high:
                continue
            day = missing.date()
            name = f"{table}_{missing:%Y%m%d}" if unit == "day" else f"{table}_{missing:%Y%m}"
            if name in left_over or any(
                table == left and first <= day <= last for left, first, last in gone
            ):
                continue
            hint = _ENSURE.format(first=day, last=day)
            yield Problem("WARN", f"{table} has no partition for {day}, between two others", hint)


def _candles_missing(held: list[Piece]) -> Iterator[Problem]:
    """Trades whose candles have nowhere to be: they would not be exact at the next commit."""
    lows: Mapping[str, set[datetime | None]] = {
        table: {piece.low for piece in held if piece.table == table}
        for table in ("candles_1s", "candles_long")
    }
    for piece in held:
        if piece.table != "market_data" or piece.low is None or not piece.rows:
            continue
        for table, low in (
            ("candles_1s", piece.low),
            ("candles_long", start(piece.low.astimezone(UTC), "month")),
        ):
            if low not in lows[table]:
                found = f"{piece.name} holds trades, and {table} has no partition for their candles"
                day = piece.low.date()
                yield Problem("FAIL", found, _ENSURE.format(first=day, last=day))


CHECKS: Final = (
    Check("partitions-ahead", "the partitions of the next days are there", ahead),
    Check("partitions", "none is missing, half detached, left over or default", whole),
)
