"""A fill that a file holds, and what the file leaves to its reader to know."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.types import Side
from cryptoscalp.trading.amounts import checked_fill
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.types import Fill

#: What ids begin with that are made of the content of a fill, where its file has none.
MADE: Final = "content:"
_SIDES: Final[Mapping[str, Side]] = {
    "BUY": "BUY", "B": "BUY", "BID": "BUY", "SELL": "SELL", "S": "SELL", "ASK": "SELL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller says of files.

    `exchange` where the records do not name it; `symbol` where they do not, and of several the one
    to take; `mapping` is which field is in which column.
    """

    exchange: str | None = None
    symbol: str | None = None
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FoundFill:
    """A fill with its place; its rates are in units of `rates_in` where the file says of what."""

    fill: Fill
    where: str
    rates_in: str | None = None


def found_fill(
    record: Record,
    options: Options,
    *,
    symbol: str | None,
    exchange: str | None,
    trade_id: str | None,
    rates_in: str | None = None,
    **fields: Any,
) -> FoundFill:
    """A fill of a record; `fields` are those of `Fill`. One without an id gets one made of it.

    Raises InputError for what cannot be a fill, and where nobody says symbol or exchange.
    """
    where = record.where
    symbol, exchange = symbol or options.symbol, exchange or options.exchange
    if symbol is None:
        raise InputError(f"{where}: names no symbol; say it (symbol=..., --symbol ...)")
    if exchange is None:
        raise InputError(
            f"{where}: names no exchange; say it (exchange=..., --exchange ...), such as binance,"
            " binanceusdm or binancecoinm"
        )
    if options.exchange not in (None, exchange):
        raise InputError(f"{where}: is of {exchange}, and --exchange says {options.exchange}")
    fill = Fill(symbol=symbol, exchange=exchange, exchange_trade_id=trade_id or MADE, **fields)
    if not fill.fee:
        fill = replace(fill, fee=Decimal(0), fee_currency=None)
    if trade_id is None:
        fill = replace(fill, exchange_trade_id=f"{MADE}{_digest(fill)}")
    try:
        return FoundFill(checked_fill(fill), where, rates_in)
    except InputError as error:
        raise InputError(f"{where}: {error}; nothing was booked") from error


def numbered(found: Iterable[FoundFill]) -> Iterator[FoundFill]:
    """The fills of one file, those with made ids counted: equal rows are fills of their own."""
    seen: Counter[str] = Counter()
    for one in found:
        made = one.fill.exchange_trade_id
        if made.startswith(MADE) and made.count(":") == 1:
            seen[made] += 1
            yield replace(one, fill=replace(one.fill, exchange_trade_id=f"{made}:{seen[made]}"))
        else:
            yield one


def side_of(record: Record, field: str) -> Side:
    """The side in a field, as a word. Raises InputError for another one."""
    word = record.text(field)
    found = _SIDES.get(word.upper())
    if found is None:
        record.refuse(field, "is no side; BUY and SELL are")
    return found


def side_of_buyer(record: Record, field: str, word: str = "side") -> Side:
    """The side by whether the account was the buyer, which must agree with the word beside it."""
    bought = record.truth(field)
    if bought is None:
        if record.has(word):
            return side_of(record, word)
        record.refuse(field, "is missing")
    found: Side = "BUY" if bought else "SELL"
    if record.has(word) and side_of(record, word) != found:
        record.refuse(word, f"contradicts {field} {bought}")
    return found


def _digest(fill: Fill) -> str:
    """What a fill is: equal for the same fill in two files, whatever zeros its numbers end in."""
    parts = (
        fill.symbol, fill.side, fill.timestamp.astimezone(UTC).isoformat(),
        *(f"{number.normalize(EXACT):f}" for number in (fill.quantity, fill.price, fill.fee)),
        fill.fee_currency or "",
    )  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def ordered(found: Iterable[FoundFill]) -> list[FoundFill]:
    """Fills by time, of one time by their ids where these are numbers, else as they stand."""
    return sorted(found, key=lambda one: (one.fill.timestamp, _place(one.fill)))


def _place(fill: Fill) -> tuple[int, int]:
    name = fill.exchange_trade_id
    is_number = name.isascii() and name.isdecimal() and len(name) < 40
    return (0, int(name)) if is_number else (1, 0)


def earliest_and_latest(found: Iterable[FoundFill]) -> tuple[datetime, datetime] | None:
    """The times of the first and the last fill; None where there is none."""
    times = [one.fill.timestamp for one in found]
    return (min(times), max(times)) if times else None
