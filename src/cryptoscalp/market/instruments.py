"""Flows: instruments and their terms."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict, get_args

from psycopg import sql
from typing_extensions import Unpack

from cryptoscalp.infra.db.errors import InputError, IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.market.names import one_of, resolve, spellings
from cryptoscalp.market.types import Feed, Instrument, QuoteSource

_COLUMNS = sql.SQL(
    "symbol, exchange, canonical_feed::text, quote_source::text, base, quote, settle,"
    " trim_scale(tick_size), trim_scale(lot_size), trim_scale(contract_multiplier), inverse,"
    " listed_at, delisted_at, renamed_to"
)


class ContractTerms(TypedDict, total=False):
    """What an instrument's contract says beside its two currencies; None clears a term."""

    settle: str | None
    tick_size: Decimal | None
    lot_size: Decimal | None
    contract_multiplier: Decimal | None
    inverse: bool | None
    listed_at: datetime | None
    delisted_at: datetime | None
    renamed_to: str | None


class Terms(ContractTerms, total=False):
    """What an instrument's contract says; None clears a term."""

    base: str | None
    quote: str | None


def instruments(symbol: str | None = None, exchange: str | None = None) -> Flow[list[Instrument]]:
    """Registered instruments by exchange and symbol."""
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM instruments WHERE symbol = ANY (coalesce(%s, ARRAY[symbol::text]))"
            " AND exchange = coalesce(%s, exchange) ORDER BY exchange, symbol"
        ).format(_COLUMNS),
        (spellings(symbol) if symbol else None, exchange),
    )
    return [Instrument(*row) for row in found]


def add_instrument(
    symbol: str, exchange: str, *, base: str, quote: str, **terms: Unpack[ContractTerms]
) -> Flow[Instrument]:
    """Register an instrument, and its exchange, with its terms; the one that is there when equal.

    The symbol is the venue's own. A derivative has `settle`, an inverse one `inverse` and a
    `contract_multiplier` too. An instrument that market data has registered before, without terms,
    gets them. Raises InputError, and IntegrityRefused when it is there with other terms.
    """
    names = {"symbol": symbol, "exchange": exchange, "base": base, "quote": quote}
    for name, value in names.items():
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise InputError(f"{name} {value!r} is no name")
    yield from rows("SELECT register_instruments(%s, %s, %s)", ([exchange], [symbol], [None]))
    found = yield from instruments(symbol, exchange)
    one = next(known for known in found if known.symbol == symbol)
    other = {
        name: getattr(one, name)
        for name, value in {**terms, "base": base, "quote": quote}.items()
        if getattr(one, name) not in (None, value)
    }
    if other:
        said = ", ".join(f"{name} {value}" for name, value in other.items())
        raise IntegrityRefused(
            f"{symbol} on {exchange} is there with other terms: {said}; change them with"
            " `cryptoscalp instruments set`"
        )
    return (yield from set_instrument(symbol, exchange, base=base, quote=quote, **terms))


def set_instrument(
    symbol: str,
    exchange: str | None = None,
    *,
    canonical_feed: Feed | None = None,
    quote_source: QuoteSource | None = None,
    **terms: Unpack[Terms],
) -> Flow[Instrument]:
    """Change an instrument's terms; the old ones stay in instrument_revisions.

    A changed canonical feed or quote source makes candles and newest rows again from the stored
    ticks, in the same transaction. Raises NotFound, AmbiguousSymbol, InputError.
    """
    if canonical_feed is not None:
        one_of(canonical_feed, get_args(Feed), "trade feed")
    if quote_source is not None:
        one_of(quote_source, get_args(QuoteSource), "quote source")
    if unknown := sorted(set(terms) - set(Terms.__annotations__)):
        raise InputError(f"an instrument has no term {', '.join(unknown)}")
    steps = {
        "tick_size": terms.get("tick_size"),
        "lot_size": terms.get("lot_size"),
        "contract_multiplier": terms.get("contract_multiplier"),
    }
    for term, value in steps.items():
        if value is not None and (value.is_nan() or value <= 0):
            raise InputError(f"{term} {value} must be above zero")
    name, venue = yield from resolve(symbol, exchange)
    if not terms and canonical_feed is None and quote_source is None:
        raise InputError(f"nothing to set for {name} on {venue}; name at least one term")
    if terms:
        assignments = [sql.SQL("{} = %s").format(sql.Identifier(term)) for term in terms]
        yield from run(
            sql.SQL("UPDATE instruments SET {} WHERE symbol = %s AND exchange = %s").format(
                sql.SQL(", ").join(assignments)
            ),
            (*terms.values(), name, venue),
        )
    if canonical_feed or quote_source:
        yield from rows(
            "SELECT set_canonical(%s, %s, %s::trade_feed, %s::quote_source)",
            (venue, name, canonical_feed, quote_source),
        )
    found = yield from instruments(name, venue)
    return found[0]
