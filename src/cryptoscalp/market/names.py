"""Symbols and exchanges as callers write them, mapped to the stored spelling."""

from __future__ import annotations

from datetime import datetime

from cryptoscalp.infra.db.errors import AmbiguousSymbol, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows


def venue_symbol(symbol: str) -> str:
    """The venue's spelling of a symbol; ccxt's unified spelling is mapped for Binance's markets.

    `BTC/USDT` and `BTC/USDT:USDT` are `BTCUSDT`; `BTC/USD:BTC` is `BTCUSD_PERP`; a dated contract
    `BTC/USDT:USDT-241227` is `BTCUSDT_241227`. Anything without a slash is the venue's own.
    """
    base, slash, rest = symbol.partition("/")
    if not slash:
        return symbol
    quote, colon, settle = rest.partition(":")
    settle, dash, expiry = settle.partition("-")
    if dash:
        return f"{base}{quote}_{expiry}"
    inverse = bool(colon) and settle == base
    return f"{base}{quote}_PERP" if inverse else f"{base}{quote}"


def resolve(symbol: str, exchange: str | None) -> Flow[tuple[str, str]]:
    """The stored (symbol, exchange) that the caller means.

    Raises AmbiguousSymbol when several exchanges have the symbol, NotFound when none has.
    """
    name = venue_symbol(symbol)
    found = yield from rows(
        "SELECT exchange FROM instruments WHERE symbol = %s AND exchange = coalesce(%s, exchange)"
        " ORDER BY exchange",
        (name, exchange),
    )
    return name, only_exchange(name, exchange, [row[0] for row in found])


def only_exchange(symbol: str, asked: str | None, found: list[str]) -> str:
    """The one exchange found, or the error that says why there is none."""
    match found:
        case [one]:
            return one
        case []:
            where = f" on {asked}" if asked else ""
            raise NotFound(
                f"nothing is stored for {symbol}{where}; names are written as the venue does,"
                " such as BTCUSDT on binance; `cryptoscalp instruments list` shows them"
            )
        case _:
            raise AmbiguousSymbol(symbol, found)


def moment(value: datetime, name: str) -> datetime:
    """The value, when it says its time zone; InputError otherwise."""
    if not isinstance(value, datetime):
        raise InputError(f"{name} {value!r} is {type(value).__name__}; it must be a datetime")
    if value.tzinfo is None:
        raise InputError(
            f"{name} {value.isoformat()} has no time zone; say which, for example"
            f" {value.isoformat()}+00:00"
        )
    return value


def span(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """A half-open time range that is one; InputError otherwise."""
    first, last = moment(start, "start"), moment(end, "end")
    if last <= first:
        raise InputError(f"end {last.isoformat()} is not after start {first.isoformat()}")
    return first, last


def one_of(value: str, choices: tuple[str, ...], what: str) -> None:
    """Refuse a value that is not one of the choices, naming them."""
    if value not in choices:
        raise InputError(f"there is no {what} {value!r}; choose {', '.join(choices)}")
