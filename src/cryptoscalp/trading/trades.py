"""Flows: book fills, take trades back, read trades."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.names import moment, spellings
from cryptoscalp.trading.amounts import checked_fill, now_or, rates_json
from cryptoscalp.trading.names import venue_name
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import Booked, Fill, Rates, Trade, TradeKind

_COLUMNS: Final = sql.SQL(
    "trade_id, timestamp, symbol, exchange, side::text, trim_scale(quantity), trim_scale(price),"
    " trim_scale(commission), trim_scale(pnl), portfolio_id, strategy_id, order_id, kind::text,"
    " exchange_trade_id, reverses_trade_id, exchange_order_id, liquidity::text,"
    " trim_scale(notional), pnl_currency::text, commission_currency::text,"
    " trim_scale(commission_rate), trim_scale(commission_value), trim_scale(base_rate),"
    " closes_position_id,"
    " trim_scale(closed_quantity), trim_scale(closed_cost), trim_scale(closed_value),"
    " opens_position_id, trim_scale(opened_quantity), trim_scale(opened_cost), model_id, note,"
    " recorded_at"
)
_BOOK: Final = sql.SQL(
    "SELECT is_duplicate, {} FROM (SELECT is_duplicate, (booked).* FROM record_fill(%s, %s, %s, %s,"
    " %s, %s::trade_side, %s, %s, %s, %s, %s::liquidity, %s, %s::position_side, %s, %s, %s, %s,"
    " %s, %s::jsonb, %s::trade_kind, %s)) AS one"
).format(_COLUMNS)
# Each fill in its turn: the rows of the sorted sub-select are joined one after the other.
_BOOK_MANY: Final = sql.SQL(
    "SELECT is_duplicate, {} FROM (SELECT n, is_duplicate, (booked).* FROM ("
    " SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (n int, symbol text, exchange text,"
    "  id text, at timestamptz, side trade_side, quantity numeric, price numeric, fee numeric,"
    "  fee_currency text, liquidity liquidity, strategy text, position_side position_side,"
    "  reduce_only boolean, client_order_id text, exchange_order_id text, model_id bigint,"
    "  leverage numeric, rates jsonb, note text) ORDER BY n) AS f"
    " CROSS JOIN LATERAL record_fill(%s, f.symbol, f.exchange, f.id, f.at, f.side, f.quantity,"
    "  f.price, f.fee, f.fee_currency, f.liquidity, f.strategy, f.position_side, f.reduce_only,"
    "  f.client_order_id, f.exchange_order_id, f.model_id, f.leverage, f.rates, %s::trade_kind,"
    "  f.note)) AS each ORDER BY n"
).format(_COLUMNS)
_REVERSE: Final = sql.SQL(
    "SELECT is_duplicate, {} FROM (SELECT is_duplicate, (booked).*"
    " FROM reverse_trade(%s, %s, %s, %s::jsonb)) AS one"
).format(_COLUMNS)


def record_fill(portfolio: str, fill: Fill) -> Flow[Booked]:
    """Book one fill: its trade, the position it changes, the cash it moves, the order it fills.

    One statement, committed whole. A fill that is booked already is returned again, and nothing
    changes. Raises InputError for what cannot be a fill; NotFound for an unknown portfolio,
    instrument, strategy or order; MissingRate for a fee or P&L whose worth is not known;
    IntegrityRefused for a fill that the books contradict: its id with another content, a side that
    does not fit, an older one than the position that it would close.
    """
    one = checked_fill(fill)
    symbol = yield from venue_name(one.symbol, one.exchange)
    found = yield from rows(_BOOK, (portfolio, *_parameters(one, symbol, "FILL")))
    return _booked(found[0])


def record_fills(
    portfolio: str, fills: Iterable[Fill], *, kind: TradeKind = "FILL"
) -> Flow[list[Booked]]:
    """Book fills in their order, all of them or none; raises as `record_fill` does.

    `kind` ADJUSTMENT marks fills that are booked to agree with the venue.
    """
    given = []
    for n, fill in enumerate(fills):
        one = checked_fill(fill)
        symbol = yield from venue_name(one.symbol, one.exchange)
        given.append(_record(n, one, symbol))
    if not given:
        return []
    found = yield from rows(_BOOK_MANY, (json.dumps(given), portfolio, kind))
    return [_booked(row) for row in found]


def reverse_trade(
    trade_id: int, *, reason: str, timestamp: datetime | None = None, rates: Rates | None = None
) -> Flow[Booked]:
    """Take a trade back by a further one: the other side, same size and price, the fee returned.

    Cash and quantities are then as without it; what it had realized stays in the day on which it
    was, and the reversal realizes the rest. A trade is reversed once; again returns the reversal.
    Raises NotFound, IntegrityRefused for a reversal of a reversal or without a reason.
    """
    if not reason.strip():
        raise InputError(f"say why trade {trade_id} is taken back (reason)")
    at = now_or(timestamp, "timestamp")
    found = yield from rows(_REVERSE, (trade_id, reason, at, rates_json(rates)))
    return _booked(found[0])


def trades(
    portfolio: str,
    symbol: str | None = None,
    exchange: str | None = None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    position_id: int | None = None,
    limit: int | None = None,
) -> Flow[list[Trade]]:
    """Trades of a portfolio in the order of booking, the last `limit` of them where it is given.

    `start` is included, `end` is not. Raises NotFound for an unknown portfolio.
    """
    account = yield from known_portfolio(portfolio)
    if limit is not None and limit < 0:
        raise InputError(f"limit {limit} must not be below zero")
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM trades WHERE portfolio_id = %(portfolio)s"
            " AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s))"
            " AND (%(exchange)s::text IS NULL OR exchange = %(exchange)s)"
            " AND (%(start)s::timestamptz IS NULL OR timestamp >= %(start)s)"
            " AND (%(end)s::timestamptz IS NULL OR timestamp < %(end)s)"
            " AND (%(position)s::bigint IS NULL"
            "      OR %(position)s IN (opens_position_id, closes_position_id))"
            " ORDER BY trade_id DESC LIMIT %(limit)s"
        ).format(_COLUMNS),
        {
            "portfolio": account.portfolio_id,
            "symbols": spellings(symbol) if symbol else None,
            "exchange": exchange,
            "start": moment(start, "start") if start else None,
            "end": moment(end, "end") if end else None,
            "position": position_id,
            "limit": limit,
        },
        prepare=False,
    )
    return [Trade(*row) for row in reversed(found)]


def _parameters(fill: Fill, symbol: str, kind: TradeKind) -> tuple[object, ...]:
    return (
        symbol, fill.exchange, fill.exchange_trade_id, fill.timestamp, fill.side, fill.quantity,
        fill.price, fill.fee, fill.fee_currency, fill.liquidity, fill.strategy, fill.position_side,
        fill.reduce_only, fill.client_order_id, fill.exchange_order_id, fill.model_id,
        fill.leverage, rates_json(fill.rates), kind, fill.note,
    )  # fmt: skip


def _record(n: int, fill: Fill, symbol: str) -> dict[str, object]:
    rates = rates_json(fill.rates)
    return {
        "n": n, "symbol": symbol, "exchange": fill.exchange, "id": fill.exchange_trade_id,
        "at": fill.timestamp.isoformat(), "side": fill.side, "quantity": str(fill.quantity),
        "price": str(fill.price), "fee": str(fill.fee), "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity, "strategy": fill.strategy,
        "position_side": fill.position_side, "reduce_only": fill.reduce_only,
        "client_order_id": fill.client_order_id, "exchange_order_id": fill.exchange_order_id,
        "model_id": fill.model_id,
        "leverage": None if fill.leverage is None else str(fill.leverage),
        "rates": None if rates is None else json.loads(rates), "note": fill.note,
    }  # fmt: skip


def _booked(row: Row) -> Booked:
    duplicate, *values = row
    return Booked(Trade(*values), bool(duplicate))
