"""Flow: the books compared with the fills of a venue, and brought to agree where asked to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.errors import InputError, IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, aside, call
from cryptoscalp.market.names import moment, span
from cryptoscalp.trading.amounts import rates_json
from cryptoscalp.trading.comparison import Comparison, FillDifference, compare_fills, once
from cryptoscalp.trading.files.found import FoundFill
from cryptoscalp.trading.files.registry import read_fills
from cryptoscalp.trading.importing import prepared
from cryptoscalp.trading.names import venue_name
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.standing import StandingFill, standing_fills
from cryptoscalp.trading.trades import record_fills, reverse_trade
from cryptoscalp.trading.types import Fill, Portfolio, Rates

_MISSING: Final = "reconcile: missing"
_DIFFERS: Final = "reconcile: differs from the venue"
_EXTRA: Final = "reconcile: not at the venue"
#: The last fill of a file may be booked a little later than the file says.
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class FillsReconciled:
    """What a file of a venue's fills and the books differ in.

    `missing` are at the venue and not in the books, `extra` in the books and not at the venue,
    `differing` in both with another content; `agreed` fills are the same. What was compared lies
    from `start` (included) to `end` (not included). `applied` are the trades that were booked to
    make them agree: reversals and adjustments, none unless asked for.
    """

    portfolio: str
    start: datetime
    end: datetime
    agreed: int
    missing: tuple[Fill, ...]
    extra: tuple[StandingFill, ...]
    differing: tuple[FillDifference, ...]
    applied: tuple[int, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the books were found to be as the venue's."""
        return not (self.missing or self.extra or self.differing)


def reconcile_fills(
    portfolio: str,
    path: Path | str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    apply: bool = False,
    reason: str | None = None,
    format: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    mapping: Mapping[str, str] | str | None = None,
    rates: Rates | None = None,
    strategy: str | None = None,
) -> Flow[FillsReconciled]:
    """Compare the fills that stand in the books with a venue's file of them.

    Compared are the instruments that the file has fills of, between its first and its last fill
    unless `start` (included) and `end` (not included) say otherwise. With `apply` what is extra is
    reversed, what differs is reversed and booked again, what is missing is booked, in one
    transaction; the new trades are marked ADJUSTMENT and REVERSAL, with `reason` in their notes.
    Then comparing again finds nothing.

    The file is read as `import_fills` reads it; `rates` and `strategy` are for what is booked.
    Raises InputError for a file without a fill to compare, IntegrityRefused where they would still
    differ, and as `record_fill` and `reverse_trade` do; in each case nothing was changed.
    """
    for name, given in (("start", start), ("end", end)):
        if given is not None:
            moment(given, name)
    rates_json(rates)
    account = yield from known_portfolio(portfolio)
    found = yield from call(
        partial(read_fills, path, format=format, exchange=exchange, symbol=symbol, mapping=mapping)
    )
    if not found.fills:
        of = f" of {symbol}" if symbol else ""
        raise InputError(
            f"{path}: holds no fill{of}, so that there is nothing to compare; nothing was changed"
        )
    venue = once((yield from _named(found.fills)))
    first = start or venue[0].fill.timestamp
    last = end or venue[-1].fill.timestamp + _INSTANT
    first, last = span(first, last)
    compared = partial(
        _compare_and_apply, account, venue, first, last, apply, reason, rates, strategy
    )
    return (yield from aside(compared, transaction=True))


def _named(found: tuple[FoundFill, ...]) -> Flow[list[FoundFill]]:
    """The fills with their symbols as they are stored."""
    named = []
    for one in found:
        symbol = yield from venue_name(one.fill.symbol, one.fill.exchange)
        named.append(replace(one, fill=replace(one.fill, symbol=symbol)))
    return named


def _compare_and_apply(
    account: Portfolio,
    venue: list[FoundFill],
    first: datetime,
    last: datetime,
    apply: bool,
    reason: str | None,
    rates: Rates | None,
    strategy: str | None,
) -> Flow[FillsReconciled]:
    comparison = yield from _compare(account, venue, first, last, rates)
    applied: tuple[int, ...] = ()
    if apply:
        applied = yield from _apply(account, comparison, reason, rates, strategy)
        _check((yield from _compare(account, venue, first, last, rates)))
    return FillsReconciled(
        account.name,
        first,
        last,
        comparison.agreed,
        comparison.missing,
        comparison.extra,
        comparison.differing,
        applied,
    )


def _compare(
    account: Portfolio,
    venue: list[FoundFill],
    first: datetime,
    last: datetime,
    rates: Rates | None,
) -> Flow[Comparison]:
    fills = prepared(venue, account, rates, None)
    booked: list[StandingFill] = []
    for symbol, exchange in sorted({(fill.symbol, fill.exchange) for fill in fills}):
        ids = {f.exchange_trade_id for f in fills if (f.symbol, f.exchange) == (symbol, exchange)}
        booked += yield from standing_fills(
            account, symbol, exchange, start=first, end=last, ids=ids
        )
    found = compare_fills(fills, booked)

    def within(fill: Fill) -> bool:
        return first <= fill.timestamp < last

    return Comparison(
        found.agreed,
        tuple(fill for fill in found.missing if within(fill)),
        tuple(one for one in found.extra if within(one.fill)),
        tuple(one for one in found.differing if within(one.venue) or within(one.booked.fill)),
    )


def _apply(
    account: Portfolio,
    found: Comparison,
    reason: str | None,
    rates: Rates | None,
    strategy: str | None,
) -> Flow[tuple[int, ...]]:
    applied = []
    for one, why in (
        *((one, _EXTRA) for one in found.extra),
        *((one.booked, _DIFFERS) for one in found.differing),
    ):
        reversal = yield from reverse_trade(one.trade_id, reason=_note(why, reason), rates=rates)
        applied.append(reversal.trade.trade_id)
    fills = [
        *(_replaced(one, account, _note(_DIFFERS, reason)) for one in found.differing),
        *(
            replace(
                _sided(fill, account),
                note=_note(_MISSING, reason),
                strategy=fill.strategy or strategy,
            )
            for fill in found.missing
        ),
    ]
    fills.sort(key=lambda fill: fill.timestamp)
    booked = yield from record_fills(account.name, fills, kind="ADJUSTMENT")
    return (*applied, *(one.trade.trade_id for one in booked))


def _check(left: Comparison) -> None:
    """Raise IntegrityRefused where the books do not agree after all."""
    names = [fill.exchange_trade_id for fill in left.missing]
    names += [one.fill.exchange_trade_id for one in left.extra]
    names += [one.venue.exchange_trade_id for one in left.differing]
    if names:
        raise IntegrityRefused(
            f"{len(names):,} fills would still differ after applying: {', '.join(names[:5])};"
            " nothing was changed; if something else books right now, run it again"
        )


def _replaced(one: FillDifference, account: Portfolio, note: str) -> Fill:
    """The venue's fill with what only the books knew of it."""
    venue, books = one.venue, one.booked.fill
    return replace(
        _sided(replace(venue, position_side=venue.position_side or books.position_side), account),
        strategy=venue.strategy or books.strategy,
        liquidity=venue.liquidity or books.liquidity,
        exchange_order_id=venue.exchange_order_id or books.exchange_order_id,
        model_id=venue.model_id if venue.model_id is not None else books.model_id,
        rates={**(books.rates or {}), **(venue.rates or {})} or None,
        note=note,
    )


def _sided(fill: Fill, account: Portfolio) -> Fill:
    """The fill, whose side of the position says nothing where a portfolio has one position."""
    return fill if account.position_mode == "HEDGING" else replace(fill, position_side=None)


def _note(why: str, reason: str | None) -> str:
    return why if reason is None else f"{why}: {reason}"
