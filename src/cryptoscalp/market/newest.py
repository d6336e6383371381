"""Flows: the newest quote and the last trade of an instrument, one primary-key look-up each."""

from __future__ import annotations

from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.names import only_exchange, resolve
from cryptoscalp.market.types import Quote, Trade


def latest(symbol: str, exchange: str | None = None) -> Flow[Quote]:
    """The newest quote of the instrument's quote source.

    Raises NotFound when no quote is stored, AmbiguousSymbol when several exchanges have one.
    """
    name = symbol
    if "/" in symbol:
        name, exchange = yield from resolve(symbol, exchange)
    if exchange is None:
        found = yield from rows(
            "SELECT symbol, exchange, timestamp, bid_price, bid_volume,"
            " ask_price, ask_volume, sequence, received_at"
            " FROM newest_quotes WHERE symbol = %s ORDER BY exchange",
            (name,),
        )
    else:
        found = yield from rows(
            "SELECT symbol, exchange, timestamp, bid_price, bid_volume,"
            " ask_price, ask_volume, sequence, received_at"
            " FROM newest_quotes WHERE symbol = %s AND exchange = %s",
            (name, exchange),
        )
    return Quote(*_only(name, exchange, found))


def last_trade(symbol: str, exchange: str | None = None) -> Flow[Trade]:
    """The last trade of the instrument's canonical feed.

    Raises NotFound when no trade is stored, AmbiguousSymbol when several exchanges have one.
    """
    name = symbol
    if "/" in symbol:
        name, exchange = yield from resolve(symbol, exchange)
    found = yield from rows(
        "SELECT symbol, exchange, timestamp, price, volume, side::text,"
        " sequence, received_at FROM newest_trades"
        " WHERE symbol = %s AND (%s::text IS NULL OR exchange = %s) ORDER BY exchange",
        (name, exchange, exchange),
    )
    return Trade(*_only(name, exchange, found))


def newest_quotes() -> Flow[list[Quote]]:
    """The newest quote of every instrument, by symbol and exchange."""
    found = yield from rows(
        "SELECT symbol, exchange, timestamp, bid_price, bid_volume,"
        " ask_price, ask_volume, sequence, received_at"
        " FROM newest_quotes ORDER BY symbol, exchange"
    )
    return [Quote(*row) for row in found]


def _only(symbol: str, exchange: str | None, found: list[Row]) -> Row:
    if len(found) != 1:
        only_exchange(symbol, exchange, [row[1] for row in found])
    return found[0]
