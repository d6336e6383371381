"""Flow: the equity of many portfolios on a grid of moments, in a bounded number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import span
from cryptoscalp.trading.grid_rates import prices_on, rates_on
from cryptoscalp.trading.grid_types import (
    Account,
    EquityPoints,
    Held,
    Holding,
    Instrument,
    Line,
    Moments,
    Terms,
    Valued,
)
from cryptoscalp.trading.grid_values import Moves, free_moves, valued

_ROOM: Final = "cryptoscalp.trading"
_CASH: Final = query(_ROOM, "grid_cash")
_LINES: Final = query(_ROOM, "grid_lines")
_MOST_POINTS: Final = 100_000
_MINUTE: Final = timedelta(minutes=1)


def equity_grid(
    portfolios: Sequence[str],
    start: datetime,
    end: datetime,
    step: timedelta = _MINUTE,
) -> Flow[list[EquityPoints]]:
    """The equity of portfolios at start, start + step, … up to `end`, as float64 arrays.

    Valued at last prices of candles that had ended; `start` and `step` are whole minutes. What
    `equity_curve` gives by last trades, without its decimals and without an error where a price
    is missing: there is NaN, and `lacking` names it. Raises NotFound for an unknown portfolio,
    InputError for a grid that is none or has more than 100,000 moments.
    """
    first, last = span(start, end)
    if step < _MINUTE or step % _MINUTE or first.timestamp() % 60:
        raise InputError(f"start {first.isoformat()} and step {step} must be whole minutes")
    count = (last - first) // step + 1
    if count > _MOST_POINTS:
        raise InputError(f"{count:,} moments are too many; at most {_MOST_POINTS:,}")
    found = yield from rows(
        "SELECT portfolio_id, name, base_currency::text FROM portfolios WHERE name = ANY (%s)",
        (list(portfolios),),
    )
    accounts = {row[1]: Account(*row) for row in found}
    for name in portfolios:
        if name not in accounts:
            raise NotFound(f"there is no portfolio {name!r}; `cryptoscalp portfolio list`")
    moments = Moments(int(first.timestamp()), int(step.total_seconds()), count)
    made = yield from grid([accounts[name] for name in portfolios], moments)
    return [_points(one, moments) for one in made]


def grid(
    accounts: Sequence[Account],
    moments: Moments,
    *,
    start: Mapping[int, Holding] | None = None,
    floors: tuple[int | None, int | None] | None = None,
    known: Mapping[Instrument, Terms] | None = None,
) -> Flow[list[Valued]]:
    """Value portfolios on a grid.

    `start` is what each held at the first moment, by its id; without it everything is summed up
    from the beginning. With it, `floors` are the lowest trade and cash entry ids among which new
    ones may be (None: there are none); what they did at or before the first moment is left out.
    `known` are terms that need not be read again.
    """
    ids = [one.portfolio_id for one in accounts]
    moves = yield from _moves(ids, moments, floors, since_start=start is not None)
    held = start or {}
    used = {
        line.instrument
        for one in ids
        for line in [*held.get(one, Holding()).lines, *moves[one].lines]
    }
    terms = dict(known or {})
    terms |= yield from _terms(used - terms.keys())
    open_ = {
        line.instrument
        for one in ids
        for line in held.get(one, Holding()).lines.keys() | moves[one].lines.keys()
        if moves[one].lines.get(line) or held.get(one, Holding()).lines.get(line, Held()).size
    }
    prices = yield from prices_on(open_, moments)
    needed = {
        (code, one.base_currency)
        for one in accounts
        for code in _currencies(held.get(one.portfolio_id, Holding()), moves[one.portfolio_id],
                                terms, open_)
    }  # fmt: skip
    rates, pairs = yield from rates_on(needed, moments, prices)
    return [
        valued(
            one, held.get(one.portfolio_id, Holding()), moves[one.portfolio_id], terms, prices,
            rates, pairs, moments,
        )
        for one in accounts
    ]  # fmt: skip


def _points(one: Valued, moments: Moments) -> EquityPoints:
    times = tuple(moments.first + timedelta(seconds=moments.step_s * n)
                  for n in range(moments.count))  # fmt: skip
    return EquityPoints(
        one.account.name, one.account.base_currency, times, one.equity, one.deposits,
        one.withdrawals,
        {what: tuple(times[n] for n in places) for what, places in one.lacking.what.items()},
    )  # fmt: skip


def _moves(
    ids: Sequence[int],
    moments: Moments,
    floors: tuple[int | None, int | None] | None,
    *,
    since_start: bool,
) -> Flow[dict[int, Moves]]:
    moves: dict[int, Moves] = defaultdict(Moves)
    trade_floor, entry_floor = floors or (None, None)
    if since_start and trade_floor is None and entry_floor is None:
        return moves
    nothing, always = sql.SQL("false"), sql.SQL("true")
    later = sql.SQL(" AND l.timestamp > %(start)s")
    if since_start:
        of_trades = sql.SQL("l.trade_id >= %(trade_floor)s") if trade_floor else nothing
        of_entries = (
            sql.SQL("l.trade_id IS NULL AND l.entry_id >= %(entry_floor)s")
            if entry_floor
            else nothing
        )
        new: sql.Composable = sql.SQL("({} OR {})").format(of_trades, of_entries) + later
        new_entries: sql.Composable = (
            sql.SQL("l.entry_id >= %(entry_floor)s") + later if entry_floor else nothing
        )
        new_trades: sql.Composable = (
            sql.SQL("t.trade_id >= %(trade_floor)s AND t.timestamp > %(start)s")
            if trade_floor
            else nothing
        )
    else:
        new, new_trades, new_entries = always, always, always
    given = {
        "portfolios": list(ids),
        "start": moments.first,
        "step_s": moments.step_s,
        "last": moments.last,
        "trade_floor": trade_floor,
        "entry_floor": entry_floor,
    }
    cash = yield from rows(_CASH.format(new=new), given)
    for portfolio, n, code, amount, came, went in cash:
        mine = moves[portfolio]
        mine.cash[code][n] = amount
        if came:
            mine.deposits[n] += came
        if went:
            mine.withdrawals[n] += went
    lines = yield from rows(_LINES.format(new_trades=new_trades, new_entries=new_entries), given)
    for row in lines:
        _add(moves[row[0]], row)
    return moves


def _add(moves: Moves, row: Row) -> None:
    _, n, strategy_id, symbol, exchange, size, cost, made = row
    steps = moves.lines[Line(strategy_id, symbol, exchange)]
    one = steps.get(n, Held())
    steps[n] = Held(one.size + size, one.cost + cost, one.made + made)


def _terms(used: Collection[Instrument]) -> Flow[dict[Instrument, Terms]]:
    if not used:
        return {}
    wanted = sorted(used)
    found = yield from rows(
        "SELECT i.symbol::text, i.exchange::text, i.base, coalesce(i.settle,"
        " CASE WHEN i.inverse THEN i.base ELSE i.quote END),"
        " i.settle IS NOT NULL OR i.inverse IS TRUE, i.inverse IS TRUE"
        " FROM unnest(%s::text[], %s::text[]) AS a (symbol, exchange)"
        " JOIN instruments AS i ON i.symbol = a.symbol AND i.exchange = a.exchange",
        ([one.symbol for one in wanted], [one.exchange for one in wanted]),
    )
    return {Instrument(row[0], row[1]): Terms(*row[2:]) for row in found}


def _currencies(
    start: Holding,
    moves: Moves,
    terms: Mapping[Instrument, Terms],
    open_: Collection[Instrument],
) -> set[str]:
    """The currencies whose rates may be needed."""
    free = {
        code
        for code, (begin, moved) in free_moves(start, moves, terms).items()
        if begin or any(moved.values())
    }
    lines = start.lines.keys() | moves.lines.keys()
    return free | {
        terms[line.instrument].pnl_currency for line in lines if line.instrument in open_
    }
