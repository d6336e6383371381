"""Flows: deposits, withdrawals, adjustments, funding; the ledger and its balances."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, Params, rows
from cryptoscalp.market.names import moment
from cryptoscalp.trading.amounts import above_zero, now_or, number, rates_json
from cryptoscalp.trading.names import currency as currency_of
from cryptoscalp.trading.names import named, venue_name
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import (
    CashEntry,
    CashKind,
    FundingPayment,
    PositionSide,
    Rates,
    Transferred,
)

_ENTRY: Final = sql.SQL(
    "entry_id, timestamp, currency::text, trim_scale(amount), kind::text, trim_scale(rate),"
    " conversion_path, trim_scale(base_amount), reference, trade_id, funding_id, note"
)
_TRANSFER: Final = sql.SQL(
    "SELECT is_duplicate, {} FROM (SELECT is_duplicate, (entry).* FROM record_transfer(%s,"
    " %s::cash_kind, %s, %s, %s, %s, %s::jsonb, %s, %s)) AS one"
).format(_ENTRY)
_PAYMENT: Final = sql.SQL(
    "funding_id, timestamp, symbol, exchange, position_id, trim_scale(funding_rate),"
    " trim_scale(mark_price), trim_scale(quantity), trim_scale(amount), currency::text"
)
_FUND: Final = sql.SQL(
    "SELECT {}, is_duplicate FROM (SELECT is_duplicate, (payment).* FROM record_funding(%s, %s, %s,"
    " %s, %s, %s, %s, %s, %s, %s::position_side, %s::jsonb)) AS one"
).format(_PAYMENT)


def deposit(
    portfolio: str,
    currency: str,
    amount: Decimal,
    *,
    reference: str,
    timestamp: datetime | None = None,
    rates: Rates | None = None,
    note: str | None = None,
) -> Flow[Transferred]:
    """Book cash that came in, under the caller's `reference`; the same again changes nothing.

    Raises InputError, NotFound for an unknown portfolio, MissingRate where the currency cannot be
    valued in the portfolio's, IntegrityRefused for the reference with another content.
    """
    above_zero(amount, "amount")
    return (
        yield from _transfer(
            portfolio, "DEPOSIT", currency, amount, reference, timestamp, rates, False, note
        )
    )


def withdraw(
    portfolio: str,
    currency: str,
    amount: Decimal,
    *,
    reference: str,
    timestamp: datetime | None = None,
    rates: Rates | None = None,
    overdraw: bool = False,
    note: str | None = None,
) -> Flow[Transferred]:
    """Book cash that went out (`amount` above zero); it must be covered, unless `overdraw`.

    Raises as `deposit` does, and IntegrityRefused where the balance is smaller.
    """
    above_zero(amount, "amount")
    return (
        yield from _transfer(
            portfolio, "WITHDRAWAL", currency, -amount, reference, timestamp, rates, overdraw, note
        )
    )


def adjust_cash(
    portfolio: str,
    currency: str,
    amount: Decimal,
    *,
    reference: str,
    note: str,
    timestamp: datetime | None = None,
    rates: Rates | None = None,
) -> Flow[Transferred]:
    """Book a correction of a balance (`amount` with its sign), marked ADJUSTMENT, and why."""
    named(note, "note")
    return (
        yield from _transfer(
            portfolio, "ADJUSTMENT", currency, amount, reference, timestamp, rates, True, note
        )
    )


def _transfer(
    portfolio: str,
    kind: CashKind,
    currency: str,
    amount: Decimal,
    reference: str,
    timestamp: datetime | None,
    rates: Rates | None,
    overdraw: bool,
    note: str | None,
) -> Flow[Transferred]:
    number(amount, "amount")
    named(reference, "reference")
    given = (
        portfolio, kind, currency_of(currency), amount, reference, now_or(timestamp, "timestamp"),
        rates_json(rates), overdraw, note,
    )  # fmt: skip
    found = yield from rows(_TRANSFER, given)
    duplicate, *values = found[0]
    return Transferred(CashEntry(*values), bool(duplicate))


def record_funding(
    portfolio: str,
    symbol: str,
    exchange: str,
    timestamp: datetime,
    *,
    amount: Decimal | None = None,
    funding_rate: Decimal | None = None,
    mark_price: Decimal | None = None,
    currency: str | None = None,
    strategy: str | None = None,
    position_side: PositionSide | None = None,
    rates: Rates | None = None,
) -> Flow[FundingPayment]:
    """Book a funding payment: `amount` as the venue says it, above zero where it was received.

    Without an amount it is reckoned as rate x notional at the mark price of what was open at
    `timestamp`; longs pay where the rate is above zero. One a side and funding time; the same
    again is returned with `duplicate`. Raises InputError, NotFound, MissingRate, IntegrityRefused.
    """
    if amount is not None:
        number(amount, "amount")
    if funding_rate is not None:
        number(funding_rate, "funding_rate")
    if mark_price is not None:
        above_zero(mark_price, "mark_price")
    moment(timestamp, "timestamp")
    stored = yield from venue_name(symbol, exchange)
    given = (
        portfolio, stored, exchange, timestamp, amount, funding_rate, mark_price, currency,
        strategy, position_side, rates_json(rates),
    )  # fmt: skip
    found = yield from rows(_FUND, given)
    return FundingPayment(*found[0])


def funding_payments(portfolio: str) -> Flow[list[FundingPayment]]:
    """Funding paid and received by a portfolio, in the order of booking."""
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM funding_payments WHERE portfolio_id = %s ORDER BY funding_id"
        ).format(_PAYMENT),
        (account.portfolio_id,),
    )
    return [FundingPayment(*row) for row in found]


def cash_ledger(
    portfolio: str, currency: str | None = None, *, limit: int | None = None
) -> Flow[list[CashEntry]]:
    """Rows of the cash ledger in the order of booking, the last `limit` where it is given."""
    account = yield from known_portfolio(portfolio)
    given: Params = (account.portfolio_id, currency, currency, limit)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM cash_ledger WHERE portfolio_id = %s"
            " AND (%s::text IS NULL OR currency = %s) ORDER BY entry_id DESC LIMIT %s"
        ).format(_ENTRY),
        given,
    )
    return [CashEntry(*row) for row in reversed(found)]


def balances(portfolio: str) -> Flow[dict[str, Decimal]]:
    """Balance of each currency that ever moved, by currency; spot inventory is part of it."""
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        "SELECT currency::text, trim_scale(balance) FROM cash_balances WHERE portfolio_id = %s"
        " ORDER BY currency",
        (account.portfolio_id,),
    )
    return dict(found)
