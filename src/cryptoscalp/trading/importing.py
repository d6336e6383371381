"""Flow: fills from files into the books, in chunks that are each booked whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.errors import CryptoscalpError, DatabaseError, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, call, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import known
from cryptoscalp.trading.amounts import rates_json
from cryptoscalp.trading.comparison import once
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.files.found import FoundFill, earliest_and_latest
from cryptoscalp.trading.files.registry import read_fills
from cryptoscalp.trading.names import venue_name
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.standing import booked_ids
from cryptoscalp.trading.trades import record_fills
from cryptoscalp.trading.types import Fill, Portfolio, Rates

_RATES: Final = query("cryptoscalp.trading", "rates_known")
#: Fills that one transaction books.
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class FillsImported:
    """What an import came to: `received = booked + duplicates`.

    `ignored` were of other symbols than the one asked for. `first` and `last` are the times of the
    fills, `fees` what all of them paid, by currency. `checked`: nothing was booked, it only says
    what would be.
    """

    received: int
    booked: int
    duplicates: int
    ignored: int
    symbols: tuple[tuple[str, str], ...]
    first: datetime | None
    last: datetime | None
    fees: Mapping[str, Decimal]
    checked: bool = False


def import_fills(
    portfolio: str,
    paths: Sequence[Path | str] | Path | str,
    *,
    format: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    mapping: Mapping[str, str] | str | None = None,
    rates: Rates | None = None,
    strategy: str | None = None,
    chunk: int = CHUNK,
    check: bool = False,
) -> Flow[FillsImported]:
    """Book the fills of files in the order of their times; what is booked already stays.

    All files are read to their ends first, and one bad record refuses them all. Then `chunk` fills
    a transaction are booked: an import that was cut off is finished by running it again.

    `format` is found from the content unless given. `exchange` is needed where the records do not
    name it, `symbol` too; of several it takes one and counts the rest as ignored. `mapping` says
    which column is what in a file of no known format: a text such as "timestamp=time:ms,
    quantity=qty", or the same as a mapping. `rates` are for fills that have no rate of a currency
    of their own, `strategy` for those without one. `check` books nothing and counts what would be;
    an instrument or a rate that the import would lack is an error there too.

    Raises InputError and UnknownFormat before anything is booked; and as `record_fill` does for a
    fill that the books refuse: the chunks before it stay, the message says how many.
    """
    if chunk < 1:
        raise InputError(f"chunk is {chunk}; at least one fill is booked at a time")
    rates_json(rates)
    account = yield from known_portfolio(portfolio)
    reading = partial(
        read_fills, paths, format=format, exchange=exchange, symbol=symbol, mapping=mapping
    )
    found = yield from call(reading)
    once(found.fills)
    fills = prepared(found.fills, account, rates, strategy)
    if check:
        new = yield from _not_booked(account, fills)
        yield from _check_rates(account, new)
        duplicates = len(fills) - len(new)
    else:
        duplicates = yield from _book(portfolio, fills, chunk)
    times = earliest_and_latest(found.fills)
    return FillsImported(
        received=len(fills),
        booked=len(fills) - duplicates,
        duplicates=duplicates,
        ignored=found.ignored,
        symbols=tuple(sorted({(fill.symbol, fill.exchange) for fill in fills})),
        first=times[0] if times else None,
        last=times[1] if times else None,
        fees=fees_of(fills),
        checked=check,
    )


def prepared(
    found: Iterable[FoundFill], account: Portfolio, rates: Rates | None, strategy: str | None
) -> list[Fill]:
    """Fills of a file as they are booked: with the caller's rates and strategy behind their own.

    Rates that the file says are in another currency than the portfolio's are left out.
    """
    fills = []
    for one in found:
        own = one.fill.rates if one.rates_in in (None, account.base_currency) else None
        known = {**(rates or {}), **(own or {})} or None
        fills.append(replace(one.fill, rates=known, strategy=one.fill.strategy or strategy))
    return fills


def fees_of(fills: Iterable[Fill]) -> dict[str, Decimal]:
    """What fills paid, by currency."""
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        if fill.fee_currency is not None:
            fees[fill.fee_currency] = EXACT.add(fees[fill.fee_currency], fill.fee)
    return dict(sorted(fees.items()))


def _book(portfolio: str, fills: Sequence[Fill], chunk: int) -> Flow[int]:
    """Book the fills; how many of them were booked already."""
    duplicates = 0
    for start in range(0, len(fills), chunk):
        part = fills[start : start + chunk]
        try:
            booked = yield from aside(partial(record_fills, portfolio, part), transaction=True)
        except (InputError, NotFound, DatabaseError) as error:
            raise _stopped(error, start, len(fills)) from error
        duplicates += sum(one.duplicate for one in booked)
    return duplicates


def _stopped(error: CryptoscalpError, done: int, of: int) -> CryptoscalpError:
    message = f"{str(error).rstrip('.')}; {done:,} of {of:,} are booked; mend it and run it again"
    if isinstance(error, DatabaseError):
        return type(error)(message, sqlstate=error.sqlstate)
    return type(error)(message)


def _not_booked(account: Portfolio, fills: Sequence[Fill]) -> Flow[list[Fill]]:
    """The fills that an import would book: no earlier one, in the books or here, has their id."""
    places = yield from _places(fills)
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fill in fills:
        ids[places[fill.symbol, fill.exchange], fill.exchange].add(fill.exchange_trade_id)
    seen: set[tuple[str, str, str, str]] = set()
    for (symbol, exchange), ours in ids.items():
        there = yield from booked_ids(account, symbol, exchange, ours)
        seen.update((symbol, exchange, *one) for one in there)
    new = []
    for fill in fills:
        symbol = places[fill.symbol, fill.exchange]
        key = (symbol, fill.exchange, fill.exchange_trade_id, fill.side)
        if key not in seen:
            seen.add(key)
            new.append(replace(fill, symbol=symbol))
    return new


def _places(fills: Sequence[Fill]) -> Flow[dict[tuple[str, str], str]]:
    """The venue's spelling of each symbol; NotFound for an instrument that is not registered."""
    places: dict[tuple[str, str], str] = {}
    for symbol, exchange in sorted({(fill.symbol, fill.exchange) for fill in fills}):
        stored = yield from venue_name(symbol, exchange)
        yield from known(stored, exchange)
        places[symbol, exchange] = stored
    return places


def _check_rates(account: Portfolio, fills: Sequence[Fill]) -> Flow[None]:
    """Raise MissingRate where booking would: a fill's own pair needs none, its price is one."""
    yield from rows(
        _RATES,
        {
            "symbols": [fill.symbol for fill in fills],
            "exchanges": [fill.exchange for fill in fills],
            "moments": [fill.timestamp for fill in fills],
            "currencies": [fill.fee_currency if fill.fee else None for fill in fills],
            "rates": [rates_json(fill.rates) for fill in fills],
            "base": account.base_currency,
        },
    )
