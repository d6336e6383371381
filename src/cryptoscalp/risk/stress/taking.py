"""Flow: the book of a portfolio as of now, as it was last marked or at prices of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, get_args

from cryptoscalp.infra.db.errors import NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import one_of
from cryptoscalp.risk.stress.book import Book, Top
from cryptoscalp.trading.amounts import rates_json
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import PriceKind, Rates
from cryptoscalp.trading.valuation import known_prices
from cryptoscalp.trading.worth import Held, Priced, Rate, free_cash, held_from

_BOOK: Final = query("cryptoscalp.risk.stress", "stress_book")


def take_book(
    portfolio: str, rates: Rates | None = None, by: PriceKind | None = None
) -> Flow[Book]:
    """Cash, open positions at their last marks, rates now, best quotes, and the names known.

    With `by` positions are at the prices of that kind that are known now. Its value is that of
    `trading.value`. Raises NotFound for an unknown portfolio or a position without a price,
    MissingRate for a currency without a rate, InputError for a kind that is none.
    """
    if by is not None:
        one_of(by, get_args(PriceKind), "kind of price")
    account = yield from known_portfolio(portfolio)
    given = rates_json(rates)
    found = yield from rows(_BOOK, {"portfolio": account.portfolio_id})
    balances = {code: Decimal(text) for code, text in (found[0][0] or {}).items()}
    open_ = [row for row in found if row[1] is not None]
    held = tuple(held_from(row, row[11], row[12]) for row in open_)
    now = (yield from rows("SELECT now()"))[0][0]
    if by is None:
        prices = _marks(open_)
    else:
        priced = yield from known_prices([now], [held], by)
        prices = {position: price for (_, position), price in priced.items()}
    free = free_cash(balances, held)
    needed = sorted({code for code in free if free[code]} | {one.pnl_currency for one in held})
    rated = yield from rows(
        "SELECT asked.code, known.rate, known.path FROM unnest(%s::text[]) AS asked (code)"
        " CROSS JOIN LATERAL conversion(asked.code, %s, %s, %s, %s::jsonb, NULL) AS known",
        (needed, account.base_currency, now, account.base_currency, given),
    )
    tops = yield from _tops(held)
    assets, exchanges, instruments = yield from _names(balances)
    return Book(
        portfolio_id=account.portfolio_id,
        portfolio=account.name,
        at=now,
        base_currency=account.base_currency,
        balances=balances,
        held=held,
        prices=prices,
        quotes={row[1]: row[15] for row in open_},
        rates={code: Rate(rate, path) for code, rate, path in rated},
        tops=tops,
        assets=assets,
        exchanges=exchanges,
        instruments=instruments,
        at_fill=frozenset(row[1] for row in open_ if by is None and row[16]),
    )


def _marks(open_: Sequence[Row]) -> dict[int, Priced]:
    lacking = sorted(f"{row[2]} on {row[3]}" for row in open_ if row[13] is None or row[13] <= 0)
    if lacking:
        raise NotFound(
            f"no price of {', '.join(lacking)} is known; mark the portfolio first (db.trading.mark)"
        )
    return {row[1]: Priced(row[13], row[14]) for row in open_}


def _tops(held: tuple[Held, ...]) -> Flow[dict[int, Top]]:
    found: list[Row] = yield from rows(
        "SELECT asked.id, n.bid_price, n.bid_volume, n.ask_price, n.ask_volume, n.timestamp"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS asked (id, symbol, exchange)"
        " JOIN newest_quotes AS n ON n.symbol = asked.symbol AND n.exchange = asked.exchange",
        (
            [one.position_id for one in held],
            [one.symbol for one in held],
            [one.exchange for one in held],
        ),
    )
    return {row[0]: Top(*row[1:]) for row in found}


def _names(
    balances: dict[str, Decimal],
) -> Flow[tuple[frozenset[str], frozenset[str], frozenset[tuple[str, str]]]]:
    found = yield from rows(
        "SELECT symbol::text, exchange::text, base, quote, settle FROM instruments"
    )
    venues = yield from rows("SELECT exchange_id::text FROM exchanges")
    assets = {code for row in found for code in row[2:] if code} | set(balances)
    return (
        frozenset(assets),
        frozenset(row[0] for row in venues),
        frozenset((row[0], row[1]) for row in found),
    )
