"""Flows: what stored candles say of a book's prices, as a path, or as a deviation of returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final, Literal

import pyarrow as pa

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.buckets import step_of
from cryptoscalp.market.candles import candles
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.stress.book import Book
from cryptoscalp.risk.stress.moves import MONEY, Moves, Point, assets_of
from cryptoscalp.risk.stress.scenario_types import Correlation, Proxy, Replay, Scenario
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.worth import Held

#: Buckets without a candle that an error names.
_TOLD: Final = 3
#: Hourly returns below which a deviation is none.
_LEAST: Final = 24
_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Source:
    """The instrument whose candles stand for something, and by which beta."""

    symbol: str
    exchange: str
    beta: Decimal = _ONE


def replay_points(scenario: Scenario, book: Book) -> Flow[list[Point]]:
    """The path of stored candles on today's prices: factor 1 + beta x (close / first open - 1).

    A position moves as its instrument did, or the one it is mapped to; a currency that is no
    money as the spot instrument between it and a money, or the one its base is mapped to. Raises
    InputError with the names where candles are missing.
    """
    replay = scenario.replay
    assert replay is not None
    _refuse_unknown(scenario.name, replay, book)
    by_position = {one.position_id: _source_of(one, replay) for one in book.held}
    by_currency = {}
    for code in sorted(set(book.rates) - MONEY):
        source = yield from _source_of_asset(code, book, replay)
        if source is None:
            raise InputError(
                f"scenario {scenario.name!r}: no instrument of {code} against money is known; map"
                f" it (map: - base: {code}, like: …)"
            )
        by_currency[code] = source
    paths: dict[_Source, list[Decimal]] = {}
    for source in {*by_position.values(), *by_currency.values()}:
        paths[source] = yield from _factors(scenario.name, source, replay)
    step = step_of(replay.interval)
    count = (replay.end - replay.start) // step
    with localcontext(EXACT):
        return [
            Point(
                Decimal((n + 1) * step // timedelta(seconds=1)) / 60,
                {key: paths[source][n] for key, source in by_position.items()},
                {code: paths[source][n] for code, source in by_currency.items()},
            )
            for n in range(count)
        ]


def _refuse_unknown(name: str, replay: Replay, book: Book) -> None:
    symbols = {symbol for symbol, _ in book.instruments}
    unknown = []
    for one in replay.proxies:
        if (one.like_symbol, one.like_exchange) not in book.instruments:
            unknown.append(f"{one.like_symbol} on {one.like_exchange}")
        if one.base is not None and one.base not in book.assets:
            unknown.append(f"base {one.base}")
        if one.symbol is not None and (
            one.symbol not in symbols
            if one.exchange is None
            else (one.symbol, one.exchange) not in book.instruments
        ):
            unknown.append(one.symbol + (f" on {one.exchange}" if one.exchange else ""))
    if unknown:
        raise InputError(
            f"scenario {name!r} maps what is not known here: {', '.join(unknown)};"
            " `cryptoscalp instruments list` shows what is"
        )


def _source_of(held: Held, replay: Replay) -> _Source:
    for one in replay.proxies:
        if one.symbol == held.symbol and one.exchange in (None, held.exchange):
            return _like(one)
    for one in replay.proxies:
        if one.base is not None and one.base == held.base:
            return _like(one)
    return _Source(held.symbol, held.exchange)


def _source_of_asset(code: str, book: Book, replay: Replay | None) -> Flow[_Source | None]:
    for one in replay.proxies if replay else ():
        if one.base == code:
            return _like(one)
    for held in book.held:
        if held.base == code and book.quotes[held.position_id] in MONEY:
            return _Source(held.symbol, held.exchange) if replay is None else (
                _source_of(held, replay)
            )  # fmt: skip
    found = yield from rows(
        "SELECT symbol::text, exchange::text FROM instruments AS i WHERE base = %s"
        " AND quote = ANY (%s) AND inverse IS NOT TRUE"
        " ORDER BY settle IS NOT NULL, EXISTS (SELECT FROM candles AS c WHERE c.symbol = i.symbol"
        "   AND c.exchange = i.exchange) DESC, exchange, symbol LIMIT 1",
        (code, sorted(MONEY)),
    )
    return _Source(*found[0]) if found else None


def _like(one: Proxy) -> _Source:
    return _Source(one.like_symbol, one.like_exchange, one.beta)


def _factors(name: str, source: _Source, replay: Replay) -> Flow[list[Decimal]]:
    place = f"scenario {name!r}: {source.symbol} on {source.exchange}"
    try:
        table = yield from candles(
            source.symbol, replay.interval, replay.start, replay.end, source.exchange, exact=True
        )
    except NotFound as error:
        raise InputError(f"{place} is not stored; map it to an instrument that is") from error
    known = {
        at: (first, last)
        for at, first, last in zip(
            *(table[column].to_pylist() for column in ("timestamp", "open", "close")), strict=True
        )
    }
    step = step_of(replay.interval)
    wanted = [replay.start + n * step for n in range((replay.end - replay.start) // step)]
    lacking = [at for at in wanted if at not in known]
    if lacking and (replay.missing == "refuse" or wanted[0] not in known):
        told = ", ".join(_iso(at) for at in lacking[:_TOLD])
        more = f" and {len(lacking) - _TOLD:,} more" if len(lacking) > _TOLD else ""
        raise InputError(
            f"{place}: {len(lacking):,} of {len(wanted):,} candles of {replay.interval} are"
            f" missing: {told}{more}; import them, or map it to an instrument that has them"
        )
    with localcontext(EXACT):
        first = known[wanted[0]][0]
        last, factors = first, []
        for at in wanted:
            last = known[at][1] if at in known else last
            factors.append(_ONE + source.beta * (last / first - _ONE))
    if min(factors) <= 0:
        raise InputError(f"{place}: with a beta of {source.beta} its price falls below zero")
    return factors


def correlated_moves(
    scenario: Scenario, book: Book, rule: Correlation
) -> Flow[tuple[dict[Literal["down", "up"], Moves], list[str]]]:
    """Each asset's move of `sigmas` deviations, down and up, and notes on what was not measured.

    move = exp(± sigmas x deviation of hourly log returns x sqrt(minutes / 60)) - 1. Raises
    InputError for assets without candles, unless the scenario says what they do.
    """
    sizes: dict[str, float] = {}
    lacking = []
    for code in assets_of(book):
        source = yield from _source_of_asset(code, book, None)
        deviation = (yield from _deviation(source, book.at, rule.days)) if source else None
        if deviation is None:
            lacking.append(code)
        else:
            sizes[code] = float(rule.sigmas) * deviation * math.sqrt(scenario.minutes / 60)
    if lacking and rule.unmeasured_pct is None:
        raise InputError(
            f"scenario {scenario.name!r}: too few hourly candles of {', '.join(lacking)} in the"
            f" last {rule.days} days; import them, or declare what they do (unmeasured)"
        )
    down: dict[str, Decimal] = {code: _exp(-size) for code, size in sizes.items()}
    up: dict[str, Decimal] = {code: _exp(size) for code, size in sizes.items()}
    for code in lacking:
        assert rule.unmeasured_pct is not None
        down[code] = -rule.unmeasured_pct / _HUNDRED
        up[code] = rule.unmeasured_pct / _HUNDRED
    named = _named(rule, {"down": Moves({}, down), "up": Moves({}, up)})
    notes = [f"{code}: too few hourly candles, moved by the declared size" for code in lacking]
    return named, notes


def _named(
    rule: Correlation, found: Mapping[Literal["down", "up"], Moves]
) -> dict[Literal["down", "up"], Moves]:
    return {side: one for side, one in found.items() if rule.direction in (side, "worst")}


def _exp(size: float) -> Decimal:
    """exp(size) - 1 to nine decimals: more than the deviation knows."""
    return Decimal(repr(round(math.expm1(size), 9)))


def _deviation(source: _Source, at: datetime, days: int) -> Flow[float | None]:
    interval: Interval = "1h"
    try:
        table: pa.Table = yield from candles(
            source.symbol, interval, at - timedelta(days=days), at, source.exchange
        )
    except NotFound:
        return None
    closes = dict(zip(table["timestamp"].to_pylist(), table["close"].to_pylist(), strict=True))
    returns = _returns(closes)
    if len(returns) < _LEAST:
        return None
    mean = math.fsum(returns) / len(returns)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in returns) / (len(returns) - 1))


def _returns(closes: Mapping[datetime, float]) -> list[float]:
    """Log returns of hours that follow one another; none over a hole."""
    return [
        math.log(close / closes[at - _HOUR]) for at, close in closes.items() if at - _HOUR in closes
    ]


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
