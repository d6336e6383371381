"""Flows: which instruments' regimes are reckoned, and the regimes as they were knowable."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from psycopg import sql

from cryptoscalp.adaptation.regime_rule import DEFAULT_RULE, RegimeRule
from cryptoscalp.adaptation.regime_types import Regime, WatchedRegimes
from cryptoscalp.adaptation.regime_updates import GRACE
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.buckets import step_of
from cryptoscalp.market.names import moment, resolve, spellings
from cryptoscalp.market.types import Interval

_REGIME = sql.SQL(
    "r.regime_id, r.symbol, r.exchange, r.interval::text, r.regime_type::text, r.timestamp,"
    # A reader at an earlier moment is not told how long the regime went on afterwards. Without a
    # moment the second number is NULL, which least() leaves out.
    " r.confidence, least(r.duration_minutes, floor(extract(epoch FROM"
    " %(at)s::timestamptz - r.timestamp) / 60))::int, r.features, r.recorded_at"
)
_STATES = sql.SQL(
    "SELECT s.symbol, s.exchange, s.interval::text, s.through, s.rule, s.created_at, s.updated_at,"
    " s.stopped_at, s.announced_from, coalesce(%(at)s, now()), {}"
    " FROM regime_states AS s LEFT JOIN LATERAL ("
    "SELECT * FROM market_regimes AS m WHERE m.symbol = s.symbol AND m.exchange = s.exchange"
    " AND m.interval = s.interval AND m.timestamp <= coalesce(%(at)s, 'infinity'::timestamptz)"
    " ORDER BY m.timestamp DESC LIMIT 1) AS r ON true"
    " WHERE s.symbol = ANY (coalesce(%(symbols)s::text[], ARRAY[s.symbol::text]))"
    " AND s.exchange = coalesce(%(exchange)s, s.exchange)"
    " AND s.interval = coalesce(%(interval)s::candle_interval, s.interval)"
    " ORDER BY s.exchange, s.symbol, s.interval"
).format(_REGIME)


def watch_regimes(
    symbol: str,
    exchange: str | None,
    interval: Interval,
    rule: RegimeRule = DEFAULT_RULE,
    *,
    announce_from: datetime | None = None,
) -> Flow[WatchedRegimes]:
    """Have an instrument's regimes reckoned, from its first stored candle of the interval on.

    Again with the same rule changes nothing. One that was stopped goes on where it stood; with
    another rule it begins anew there, as stored regimes stay. Changes that became known before
    `announce_from` (now) make no event: the past is no news to a trainer. Raises NotFound,
    AmbiguousSymbol, InputError for an interval that there is not, IntegrityRefused while another
    rule is at work.
    """
    step_of(interval)
    if not isinstance(rule, RegimeRule):
        raise InputError(f"rule {rule!r} is {type(rule).__name__}; it must be a RegimeRule")
    name, venue = yield from resolve(symbol, exchange)
    yield from rows(
        "SELECT watch_regimes(%s, %s, %s::candle_interval, %s::jsonb, %s)",
        (
            name,
            venue,
            interval,
            json.dumps(rule.document()),
            announce_from and moment(announce_from, "announce_from"),
        ),
    )
    return (yield from _watched(name, venue, interval))


def unwatch_regimes(symbol: str, exchange: str | None, interval: Interval) -> Flow[WatchedRegimes]:
    """Stop the reckoning of an instrument's regimes; what is stored stays.

    One that is stopped already stays so. Raises NotFound when it never was watched,
    AmbiguousSymbol, InputError.
    """
    name, venue = yield from _known(symbol, exchange, interval)
    yield from rows("SELECT unwatch_regimes(%s, %s, %s::candle_interval)", (name, venue, interval))
    return (yield from _watched(name, venue, interval))


def regime_states(
    symbol: str | None = None,
    exchange: str | None = None,
    interval: Interval | None = None,
    *,
    at: datetime | None = None,
) -> Flow[list[WatchedRegimes]]:
    """What is watched, the stopped ones too, each with its regime in force now or at a moment.

    Where `regime_at` knows none, neither does this.
    """
    if interval is not None:
        step_of(interval)
    found = yield from rows(
        _STATES,
        {
            "symbols": spellings(symbol) if symbol else None,
            "exchange": exchange,
            "interval": interval,
            "at": moment(at, "at") if at else None,
        },
    )
    return [_state(row) for row in found]


def regime_at(
    symbol: str, exchange: str | None, interval: Interval, at: datetime | None = None
) -> Flow[Regime | None]:
    """The regime in force now or at a moment, as it was knowable then; None before the first.

    None too where no candle was taken in for longer than the rule bridges (`max_gap`), and five
    minutes: nothing is known of a market that is not seen. Its duration says how long it had been
    seen by then. Raises NotFound when the instrument's regimes
    were never watched on this interval, AmbiguousSymbol, InputError.
    """
    if at is not None:
        moment(at, "at")
    name, venue = yield from _known(symbol, exchange, interval)
    found = yield from regime_states(name, venue, interval, at=at)
    return found[0].regime


def regimes(
    symbol: str,
    exchange: str | None,
    interval: Interval,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Flow[list[Regime]]:
    """Regimes in force at some time in [start, end), one after the other; all without bounds.

    The first may have begun before `start`. Raises as `regime_at` does.
    """
    low = moment(start, "start") if start else None
    high = moment(end, "end") if end else None
    if low and high and high <= low:
        raise InputError(f"end {high.isoformat()} is not after start {low.isoformat()}")
    name, venue = yield from _known(symbol, exchange, interval)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM market_regimes AS r WHERE r.symbol = %(symbol)s"
            " AND r.exchange = %(exchange)s AND r.interval = %(interval)s::candle_interval"
            " AND r.timestamp < coalesce(%(end)s, 'infinity'::timestamptz) AND r.timestamp >="
            " coalesce((SELECT max(m.timestamp) FROM market_regimes AS m"
            " WHERE m.symbol = %(symbol)s AND m.exchange = %(exchange)s"
            " AND m.interval = %(interval)s::candle_interval AND m.timestamp <= %(start)s),"
            " '-infinity') ORDER BY r.timestamp"
        ).format(_REGIME),
        {
            "symbol": name,
            "exchange": venue,
            "interval": interval,
            "start": low,
            "end": high,
            "at": high,
        },
    )
    return [Regime(*row) for row in found]


def _known(symbol: str, exchange: str | None, interval: Interval) -> Flow[tuple[str, str]]:
    step_of(interval)
    name, venue = yield from resolve(symbol, exchange)
    yield from _watched(name, venue, interval)
    return name, venue


def _watched(symbol: str, exchange: str, interval: Interval) -> Flow[WatchedRegimes]:
    found = yield from regime_states(symbol, exchange, interval)
    if not found:
        raise NotFound(
            f"regimes of {symbol} on {exchange} ({interval}) are not reckoned; begin with"
            f" `cryptoscalp regimes watch {symbol} --exchange {exchange} --interval {interval}`"
        )
    return found[0]


def _state(row: Row) -> WatchedRegimes:
    (symbol, exchange, interval, through, rule, created_at, updated_at, stopped_at, announced_from,
     asked, *regime) = row  # fmt: skip
    held = Regime(*regime) if regime[0] is not None else None
    if held is not None:
        seen = held.since + timedelta(minutes=held.duration_minutes)
        if asked > seen + (RegimeRule.of_document(rule).max_gap + 1) * step_of(interval) + GRACE:
            held = None
    return WatchedRegimes(
        symbol, exchange, interval, through, held, rule, created_at, announced_from, updated_at,
        stopped_at,
    )  # fmt: skip
