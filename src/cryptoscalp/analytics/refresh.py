"""Flows: performance brought forward by what was booked and what buckets have ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from cryptoscalp.analytics.performance_types import PerformanceRefresh
from cryptoscalp.analytics.progress import (
    Note,
    Plan,
    Progress,
    first_moves,
    plan_of,
    store_progress,
    stored_progress,
)
from cryptoscalp.analytics.reckoning import fold_plan
from cryptoscalp.analytics.windows import STEP_S, Step, ended_s
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.market.names import moment
from cryptoscalp.trading.grid_types import Account, Instrument

#: How long after its end a bucket is folded: fills and prices of it come a little later.
GRACE: Final = timedelta(minutes=1)
#: After a fill the statements are the same ones again, and PostgreSQL would plan the search for
#: prices anew each time: it takes a millisecond, twice what the search itself takes.
_LOCK_ONE: Final = (
    "SELECT lock_performance(%s), set_config('plan_cache_mode', 'force_generic_plan', true)"
)
#: Portfolios that are reckoned in one transaction.
_AT_ONCE: Final = 200


def refresh(
    portfolios: Sequence[str] | None = None, *, as_of: datetime | None = None
) -> Flow[PerformanceRefresh]:
    """Bring performance up to the last minute that ended a minute ago, or by `as_of`.

    All portfolios, or those named. Each bucket is folded once; where fills, cash or prices of
    before have come, the windows since then are reckoned again and counted as revised. Each
    portfolio is stored whole or not at all. Raises NotFound for an unknown portfolio, InputError
    for a moment that is not over.
    """
    return (yield from _refresh(portfolios, as_of, from_scratch=False))


def recompute(
    portfolios: Sequence[str] | None = None, *, as_of: datetime | None = None
) -> Flow[PerformanceRefresh]:
    """As `refresh`, but reckon all windows again from the books and prices.

    Rows that come out as they were keep their revision. Raises as `refresh` does.
    """
    return (yield from _refresh(portfolios, as_of, from_scratch=True))


def _refresh(
    portfolios: Sequence[str] | None, as_of: datetime | None, *, from_scratch: bool
) -> Flow[PerformanceRefresh]:
    accounts, now = yield from _accounts(portfolios)
    until = moment(as_of, "as_of") if as_of else now - GRACE
    if until > now:
        raise InputError(f"as_of {until.isoformat()} is not over yet")
    stored = again = 0
    for n in range(0, len(accounts), _AT_ONCE):
        chunk = accounts[n : n + _AT_ONCE]
        added, late = yield from aside(
            partial(_reckon, chunk, until, from_scratch), transaction=True
        )
        stored, again = stored + added, again + late
    return PerformanceRefresh(len(accounts), stored, again, until.replace(second=0, microsecond=0))


def _accounts(names: Sequence[str] | None) -> Flow[tuple[list[Account], datetime]]:
    """The portfolios to refresh, and the time; what became late is told to all of them before."""
    found = yield from rows(
        "SELECT f.portfolio_id, f.name, f.base_currency::text, told.now"
        " FROM (SELECT take_price_changes() AS taken, now() AS now OFFSET 0) AS told"
        " LEFT JOIN portfolios AS f ON name = ANY (coalesce(%(names)s::text[], ARRAY[name]))"
        " AND (%(names)s::text[] IS NOT NULL OR closed_at IS NULL OR closed_at > coalesce("
        "(SELECT min(p.through) FROM performance_progress AS p"
        " WHERE p.portfolio_id = f.portfolio_id), '-infinity')"
        " OR EXISTS (SELECT FROM performance_progress AS p"
        " WHERE p.portfolio_id = f.portfolio_id AND p.dirty_since IS NOT NULL)"
        " OR EXISTS (SELECT FROM performance_changes AS c"
        " WHERE c.portfolio_id = f.portfolio_id))"
        " WHERE told.taken >= 0 ORDER BY f.portfolio_id",
        {"names": list(names) if names is not None else None},
    )
    accounts = [Account(*row[:3]) for row in found if row[0] is not None]
    known = {one.name for one in accounts}
    for name in names or ():
        if name not in known:
            raise NotFound(
                f"there is no portfolio {name!r}; `cryptoscalp portfolio list` shows them"
            )
    return accounts, found[0][3]


def _reckon(
    accounts: Sequence[Account], until: datetime, from_scratch: bool
) -> Flow[tuple[int, int]]:
    """Reckon portfolios; returns the rows stored, and the portfolios whose history changed."""
    ids = [one.portfolio_id for one in accounts]
    yield from rows(_LOCK_ONE if len(ids) == 1 else "SELECT lock_performance(%s)", (ids,))
    before, notes = yield from stored_progress(ids)
    moves = yield from first_moves([one for one in ids if (one, "1m") not in before])
    began = {one: first for one, (first, _) in moves.items()}
    began |= {one: at.began for (one, _), at in before.items()}
    for one, note in notes.items():
        if one in began:
            began[one] = min(began[one], note.since)
    yield from _slippage([one for one in ids if one in began], before, notes, until)
    stored = 0
    late: set[int] = set()
    made: list[Progress] = []
    for step in STEP_S:
        told: dict[int, Progress] = {}
        groups: dict[Plan, list[Account]] = defaultdict(list)
        for account in accounts:
            one = account.portfolio_id
            if one not in began:
                continue
            known = before.get((one, step))
            if known is None and from_scratch and (one, "1m") in before:
                continue
            if known is not None:
                known = known.told(notes.get(one))
                if from_scratch:
                    known = replace(known, dirty_since=began[one])
                told[one] = known
            target_s = known.through_s if known and from_scratch else ended_s(until, step)
            plan = plan_of(known, began[one], target_s, step)
            if plan is not None:
                groups[plan].append(account)
                if plan.dirty_since is not None and not from_scratch:
                    late.add(one)
        for plan, members in groups.items():
            ends, count = yield from fold_plan(members, plan, step, told)
            stored += count
            for end in ends:
                of = end.account.portfolio_id
                held = told.get(of) or Progress.first(
                    of, step, began[of], _known(of, until, moves, before, notes)
                )
                told[of] = held.reached(plan.end_s, end.end, end.needs)
        made += [one for key, one in told.items() if one != before.get((key, step))]
    taken = [change for note in notes.values() for change in note.changes]
    yield from store_progress(made, taken, _priced(before))
    return stored, len(late)


def _known(
    portfolio: int,
    until: datetime,
    moves: Mapping[int, tuple[datetime, datetime]],
    before: Mapping[tuple[int, Step], Progress],
    notes: Mapping[int, Note],
) -> datetime:
    """No earlier than the last move of a portfolio that is known."""
    found = [until]
    if portfolio in notes:
        found.append(notes[portfolio].until)
    if portfolio in moves:
        found.append(moves[portfolio][1])
    minutes = before.get((portfolio, "1m"))
    if minutes is not None and minutes.pending_until is not None:
        found.append(minutes.pending_until)
    return max(found)


def _priced(before: dict[tuple[int, Step], Progress]) -> dict[int, frozenset[Instrument]]:
    known: dict[int, frozenset[Instrument]] = defaultdict(frozenset)
    for (portfolio, _), one in before.items():
        known[portfolio] |= one.needs
    return known


def _slippage(
    ids: Sequence[int],
    before: Mapping[tuple[int, Step], Progress],
    notes: Mapping[int, Note],
    until: datetime,
) -> Flow[None]:
    """Measure fills of orders that may be new against their quotes."""
    floors: list[int] = []
    for one in ids:
        known, note = before.get((one, "1m")), notes.get(one)
        if known is None:
            floors.append(1)
        elif known.trade_floor:
            floors.append(known.trade_floor)
        if note is not None and note.order_floor:
            floors.append(note.order_floor)
    if floors:
        yield from rows("SELECT measure_slippage(%s, %s, %s)", (list(ids), min(floors), until))
