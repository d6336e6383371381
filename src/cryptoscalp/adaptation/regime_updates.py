"""Flow: the regimes of watched instruments, brought forward by the candles that have ended."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from cryptoscalp.adaptation.regime_fold import fold
from cryptoscalp.adaptation.regime_rule import MOST_GAP, RegimeRule
from cryptoscalp.adaptation.regime_types import RegimeCandle, RegimeState, RegimeUpdate
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market import buckets
from cryptoscalp.market.candles import candles
from cryptoscalp.market.events import LOOK_BACK
from cryptoscalp.market.names import moment
from cryptoscalp.market.types import Interval

#: How long after its end a candle may still become complete; then it is taken in as it is.
GRACE: Final = timedelta(minutes=5)
#: Buckets that are read and stored at once; more than any rule bridges without a candle.
_AT_ONCE: Final = 2 * MOST_GAP


def update_regimes(
    *, grace: timedelta = GRACE, as_of: datetime | None = None
) -> Flow[list[RegimeUpdate]]:
    """Take in every candle that has ended since the last update, for all that is watched.

    A candle is taken in when it is complete, or ended longer than `grace` ago. What has been
    taken in is never looked at again: candles that come or change later change no stored regime.
    `as_of` leaves out candles that ended after a moment. Each piece is stored in one transaction,
    so an update that is cut off goes on where it was. Raises InputError.
    """
    if not isinstance(grace, timedelta) or grace < timedelta(0):
        raise InputError(f"grace {grace!r} is no length of time")
    found = yield from rows("SELECT now()")
    now: datetime = min(found[0][0], moment(as_of, "as_of")) if as_of else found[0][0]
    watched = yield from rows(
        "SELECT symbol, exchange, interval::text FROM regime_states WHERE stopped_at IS NULL"
        " ORDER BY exchange, symbol, interval"
    )
    made = []
    for symbol, exchange, interval in watched:
        made.append((yield from _update(symbol, exchange, interval, now, grace)))
    return made


def _update(
    symbol: str, exchange: str, interval: Interval, now: datetime, grace: timedelta
) -> Flow[RegimeUpdate]:
    step = buckets.step_of(interval)
    ended = buckets.EPOCH + (now - buckets.EPOCH) // step * step
    taken = began = 0
    low: datetime | None = None
    while True:
        found = yield from rows(
            "SELECT through, state, rule FROM regime_states WHERE symbol = %s AND exchange = %s"
            " AND interval = %s::candle_interval AND stopped_at IS NULL",
            (symbol, exchange, interval),
        )
        if not found:
            return RegimeUpdate(symbol, exchange, interval, taken, began, None)
        through, state, document = found[0]
        low = max(filter(None, (through, low)), default=None)
        if low is None:
            low = yield from _next_candle(symbol, exchange, interval, step, None)
        if low is None or low >= ended:
            return RegimeUpdate(symbol, exchange, interval, taken, began, through)
        high = min(low + _AT_ONCE * step, ended)
        table = yield from candles(symbol, interval, low, high, exchange, fill="previous")
        settled, waits = _settled(table, step, now - grace)
        if not settled:
            if waits or high == ended:
                return RegimeUpdate(symbol, exchange, interval, taken, began, through)
            low = yield from _next_candle(symbol, exchange, interval, step, high)
            if low is None:
                return RegimeUpdate(symbol, exchange, interval, taken, began, through)
            continue
        spreads = yield from _spreads(symbol, exchange, [one.end for one in settled])
        rule = RegimeRule.of_document(document)
        folded = fold(rule, RegimeState.of_document(state), zip(settled, spreads, strict=True))
        stored = yield from rows(
            "SELECT record_regimes(%s, %s, %s::candle_interval, %s::jsonb, %s, %s, %s::jsonb, %s,"
            " %s::jsonb)",
            (symbol, exchange, interval, json.dumps(document), through, settled[-1].end,
             json.dumps(folded.state.document()), folded.seen, json.dumps(folded.documents())),
        )  # fmt: skip
        if stored[0][0]:
            taken, began = taken + len(settled), began + len(folded.spells)
        low = None


def _settled(table: pa.Table, step: timedelta, due: datetime) -> tuple[list[RegimeCandle], bool]:
    """The buckets to take in, and whether one after them may still become complete.

    A bucket without a candle is one of no trade where everything was received; elsewhere nothing
    is known of it, and the rule bridges it once a candle follows.
    """
    taken: list[RegimeCandle] = []
    for row in table.to_pylist():
        end = row["timestamp"] + step
        if not row["complete"] and end > due:
            return taken, True
        traded = row["source"] != "filled"
        if traded or row["complete"]:
            taken.append(
                RegimeCandle(
                    row["timestamp"], end, row["high"], row["close"], traded, row["complete"]
                )
            )
    return taken, False


def _next_candle(
    symbol: str, exchange: str, interval: Interval, step: timedelta, after: datetime | None
) -> Flow[datetime | None]:
    """The bucket of the first stored candle of which one of the interval can be made."""
    found = yield from rows(
        # Seconds of days in the cold tier are not here any more; their minutes are.
        "SELECT min(timestamp) FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
        " AND interval = ANY (%(parts)s::candle_interval[])"
        " AND (interval <> '1m' OR source = 'computed' OR %(interval)s <> '1s')"
        " AND timestamp >= coalesce(%(after)s, '-infinity'::timestamptz)",
        {
            "symbol": symbol,
            "exchange": exchange,
            "parts": ["1s", "1m"] if interval == "1s" else buckets.finer(interval),
            "interval": interval,
            "after": after,
        },
        prepare=False,
    )
    first: datetime | None = found[0][0]
    return first and buckets.EPOCH + (first - buckets.EPOCH) // step * step


def _spreads(symbol: str, exchange: str, ends: list[datetime]) -> Flow[list[float | None]]:
    """The spread in basis points of the mid at each moment; None without a quote in the hour."""
    found = yield from rows(
        "SELECT ((q.ask_price - q.bid_price) * 20000 / (q.ask_price + q.bid_price))::float8"
        " FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS e (moment, number)"
        " JOIN instruments AS i ON i.symbol = %(symbol)s AND i.exchange = %(exchange)s"
        " LEFT JOIN LATERAL (SELECT b.bid_price, b.ask_price FROM order_book_l1 AS b"
        " WHERE b.symbol = %(symbol)s AND b.exchange = %(exchange)s AND b.source = i.quote_source"
        # The first two conditions choose partitions when the statement is planned.
        " AND b.timestamp > %(low)s AND b.timestamp <= %(high)s"
        " AND b.timestamp > e.moment - %(back)s AND b.timestamp <= e.moment"
        " ORDER BY b.timestamp DESC, b.sequence DESC LIMIT 1) AS q ON true ORDER BY e.number",
        {
            "ends": ends,
            "symbol": symbol,
            "exchange": exchange,
            "low": ends[0] - LOOK_BACK,
            "high": ends[-1],
            "back": LOOK_BACK,
        },
        prepare=False,
    )
    return [row[0] for row in found]
