"""Regimes of stored candles: whatever the order of updates, they are what was knowable then."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal

import psycopg
import pytest

from cryptoscalp import (
    AsyncDatabase,
    Continuity,
)
from cryptoscalp.adaptation.regime_fold import fold
from cryptoscalp.adaptation.regime_types import RegimeState
from cryptoscalp.adaptation.regime_updates import GRACE
from tests.adaptation.regime_candles import (
    MINUTE,
    QUICK,
    bars,
    closes,
    events,
    put,
    replayed,
    seen,
    stored,
    told,
    watched,
)
from tests.faces import NOON, quote, table, trade
from tests.postgres import Place

ON: Final[tuple[str, str, Literal["1m"]]] = ("BTCUSDT", "binance", "1m")
_SECOND = 1_000_000


def until(minute: int) -> datetime:
    return NOON + minute * MINUTE


async def test_an_update_stores_what_the_rule_says(db: AsyncDatabase, database: Place) -> None:
    records = bars(closes())
    await watched(db)
    await put(db, records)
    (update,) = await db.adaptation.update_regimes()
    expected = replayed(QUICK, ((one, None) for one in seen(records)))
    found = await stored(db)
    assert [(one.since, one.label, one.confidence, one.duration_minutes) for one in found] == (
        expected
    )
    assert asdict(update) == {
        "symbol": "BTCUSDT", "exchange": "binance", "interval": "1m", "candles": len(records),
        "regimes": len(expected), "through": until(len(records)),
    }  # fmt: skip
    spells = fold(QUICK, RegimeState(), ((one, None) for one in seen(records))).spells
    assert [one.features for one in found] == [
        {**asdict(one.features), "rule": QUICK.document()} for one in spells
    ]
    made = events(database)
    labels = [label for _, label, _, _ in expected]
    assert made == [
        (since, "REGIME_CHANGE", before, label, sure, label, "BTCUSDT", "binance")
        for (since, label, sure, _), before in zip(expected[1:], labels, strict=False)
    ]
    (again,) = await db.adaptation.update_regimes()
    assert (again.candles, again.regimes, again.through) == (0, 0, update.through)
    assert await stored(db) == found


@pytest.mark.long
@pytest.mark.parametrize(("every", "count"), [(1, 110), (7, 400), (100, 400)])
async def test_updates_in_between_change_nothing(db: AsyncDatabase, every: int, count: int) -> None:
    """And no row with timestamp <= t is another one once later candles are there."""
    records = bars(closes(2), leave_out=[*range(90, 93), *range(130, 140)])[:count]
    await watched(db)
    before: list[tuple[Any, ...]] = []
    for first in range(0, len(records), every):
        await put(db, records[first : first + every])
        await db.adaptation.update_regimes()
        found = told(await stored(db))
        # Only the newest goes on.
        assert found[: len(before[:-1])] == before[:-1]
        if before:
            kept, newest = found[len(before) - 1], before[-1]
            assert (kept[:3], kept[4]) == (newest[:3], newest[4])
            assert kept[3] >= newest[3]
        before = found
    spells = fold(QUICK, RegimeState(), ((one, None) for one in seen(records))).spells
    assert before == [
        (one.since, one.label, one.confidence, (one.until - one.since) // MINUTE,
         {**asdict(one.features), "rule": QUICK.document()})
        for one in spells
    ]  # fmt: skip


async def test_stepping_through_history_is_the_same(db: AsyncDatabase) -> None:
    records = bars(closes(3), leave_out=range(200, 202))
    await watched(db)
    await put(db, records)
    chance, at = random.Random(3), 0
    while at < len(records) + 10:
        at += chance.randrange(1, 40)
        (update,) = await db.adaptation.update_regimes(as_of=until(at) + timedelta(seconds=30))
        assert update.through is None or update.through <= until(at)
    stepped = told(await stored(db))
    await db.adaptation.unwatch_regimes(*ON)
    await db.market.add_instrument("OTHER", "binance", base="BTC", quote="USDT")
    await put(db, [{**one, "symbol": "OTHER"} for one in records])
    await db.adaptation.watch_regimes("OTHER", "binance", "1m", QUICK)
    await db.adaptation.update_regimes()
    assert stepped == told(await db.adaptation.regimes("OTHER", "binance", "1m"))


async def test_late_candles_change_nothing_that_is_stored(db: AsyncDatabase) -> None:
    prices = closes()
    missing = [*range(70, 73), *range(150, 170)]
    await watched(db)
    await put(db, bars(prices, leave_out=missing))
    await db.adaptation.update_regimes()
    found = await stored(db)
    late = [one for one in bars(prices) if one not in bars(prices, leave_out=missing)]
    await put(db, late)
    await put(db, [{**one, "interval": "5m"} for one in bars(prices)[:1]])
    (update,) = await db.adaptation.update_regimes()
    assert update.candles == 0
    assert await stored(db) == found


async def test_a_candle_that_may_still_grow_waits(db: AsyncDatabase) -> None:
    await watched(db)
    rows = [trade(n * 10 * _SECOND, n, price="100") for n in range(60)]  # ten minutes
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
    long_ago, fresh = timedelta(0), timedelta(days=100_000)

    async def through(grace: timedelta) -> datetime | None:
        (update,) = await db.adaptation.update_regimes(grace=grace)
        return update.through

    # The first may lack trades from before; nothing is taken in past it.
    assert await through(fresh) is None
    assert await through(long_ago) == until(10)
    state = await raw_state(db)
    assert (state["candles"], state["incomplete"], state["filled"]) == (10, 2, 0)


async def raw_state(db: AsyncDatabase) -> Any:
    with psycopg.connect(db._driver.dsn) as session:
        found = session.execute("SELECT state FROM regime_states").fetchone()
    assert found is not None
    return found[0]


async def test_a_minute_without_a_trade_stands_still_where_all_was_received(
    db: AsyncDatabase,
) -> None:
    await watched(db)
    # Consecutive ids: the market was silent in minutes 3 to 12.
    rows = [trade(n * 30 * _SECOND, n, price=f"{100 + n}") for n in range(6)]
    rows.append(trade(13 * 60 * _SECOND, 6, price="120"))
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
    await db.adaptation.update_regimes(grace=timedelta(0))
    state = await raw_state(db)
    assert (state["candles"], state["filled"]) == (14, 10)  # ten exceed max_gap
    assert state["returns"][1:11] == [0.0] * 10


async def test_the_spread_is_that_of_the_last_quote_of_the_source(db: AsyncDatabase) -> None:
    await watched(db)
    await put(db, bars([100.0] * 130))
    await db.capture.write_quotes(
        table(
            [
                quote(30 * _SECOND, 1, bid_price="99", ask_price="101"),
                quote(60 * _SECOND, 2, bid_price="99.5", ask_price="100.5"),
                quote(60 * _SECOND, 3, bid_price="99.95", ask_price="100.05"),
                quote(60 * _SECOND + 1, 4, bid_price="90", ask_price="110"),
                quote(90 * _SECOND, 5, bid_price="50", ask_price="150", source="depth"),
            ]
        )
    )
    await db.adaptation.update_regimes()
    state = await raw_state(db)
    # At the end of minute 0 that of id 3, then that of id 4 for an hour.
    assert state["spreads"] == 1 + 60
    expected = fold(
        QUICK, RegimeState(),
        ((one, 10.0 if n == 0 else 2000.0 if n <= 60 else None)
         for n, one in enumerate(seen(bars([100.0] * 130)))),
    ).state  # fmt: skip
    assert RegimeState.of_document(state) == expected
    (first, *_) = await stored(db)
    assert first.features["spread_bps"] == 2000
    assert first.features["spread_ratio"] == expected_ratio(30)


def expected_ratio(count: int) -> float:
    taken = [(one, 10.0 if n == 0 else 2000.0) for n, one in enumerate(seen(bars([100.0] * count)))]
    ratio = QUICK.features(fold(QUICK, RegimeState(), taken).state, 2000.0).spread_ratio
    assert ratio is not None
    return ratio


async def test_longer_candles_and_years_of_silence(db: AsyncDatabase) -> None:
    prices = closes(5)
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    for interval in ("1m", "5m", "1h", "1s"):
        await db.adaptation.watch_regimes("BTCUSDT", "binance", interval, QUICK)
    early = [{**one, "timestamp": one["timestamp"] - 900 * 86_400_000_000} for one in bars(prices)]
    await put(db, [*early, *bars(prices)])
    made = {one.interval: one.candles for one in await db.adaptation.update_regimes()}
    assert made == {"1m": 2 * len(prices), "5m": 2 * 62, "1h": 2 * 6, "1s": 0}
    regimes = await stored(db)
    half = len(regimes) // 2
    gap = timedelta(days=900)
    assert [(one.since + gap, one.label) for one in regimes[:half]] == [
        (one.since, one.label) for one in regimes[half:]
    ]
    # The last one of then was not seen for 900 days.
    assert sum(one.duration_minutes for one in regimes) < 2 * len(prices)


async def test_the_past_of_a_market_is_no_news(db: AsyncDatabase, database: Place) -> None:
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    state = await db.adaptation.watch_regimes(*ON, QUICK)
    assert state.announced_from >= state.created_at
    await put(db, bars(closes()))
    await db.adaptation.update_regimes()
    assert len(await stored(db)) > 2
    assert events(database) == []


async def test_changes_are_announced_from_a_moment_on(db: AsyncDatabase, database: Place) -> None:
    await watched(db)
    await put(db, bars(closes()))
    await db.adaptation.unwatch_regimes(*ON)
    since = until(120)
    state = await db.adaptation.watch_regimes(*ON, QUICK, announce_from=since)
    assert state.announced_from == since
    assert await db.adaptation.watch_regimes(*ON, QUICK) == state
    await db.adaptation.update_regimes()
    changes = [one.since for one in (await stored(db))[1:]]
    assert 0 < len([one for one in changes if one < since]) < len(changes)
    assert [one[0] for one in events(database)] == [one for one in changes if one >= since]


async def test_a_rule_that_names_no_parameter_has_the_defaults(
    db: AsyncDatabase, database: Place
) -> None:
    """As plain SQL may watch: reading its regimes needs parameters too."""
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    bare = {name: QUICK.document()[name] for name in ("name", "version")}
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute(
            "SELECT watch_regimes('BTCUSDT', 'binance', '1m', %s::jsonb)", (json.dumps(bare),)
        )
    await put(db, bars(closes()))
    await db.adaptation.update_regimes()
    last = (await stored(db))[-1]
    assert await db.adaptation.regime_at(*ON, last.since) is not None
    assert await db.adaptation.regime_at(*ON) is None


async def test_the_regime_at_a_moment_knows_nothing_of_later(db: AsyncDatabase) -> None:
    await watched(db)
    await put(db, bars(closes()))
    assert await db.adaptation.regime_at(*ON) is None
    await db.adaptation.update_regimes()
    found = await stored(db)
    seen_until = found[-1].since + timedelta(minutes=found[-1].duration_minutes)
    assert await db.adaptation.regime_at(*ON, seen_until) == found[-1]
    assert await db.adaptation.regime_at("BTC/USDT", None, "1m", seen_until) == found[-1]
    # Nothing is known of a market that nobody has seen since.
    bridged = seen_until + (QUICK.max_gap + 1) * MINUTE + GRACE
    assert await db.adaptation.regime_at(*ON, bridged) == found[-1]
    assert await db.adaptation.regime_at(*ON, bridged + timedelta(microseconds=1)) is None
    assert await db.adaptation.regime_at(*ON) is None
    assert await db.adaptation.regime_at(*ON, found[0].since - timedelta(microseconds=1)) is None
    for one, following in pairwise(found):
        start = await db.adaptation.regime_at(*ON, one.since)
        last = await db.adaptation.regime_at(*ON, following.since - timedelta(microseconds=1))
        assert start is not None
        assert last is not None
        assert (start.regime_id, start.duration_minutes) == (one.regime_id, 0)
        assert (last.regime_id, last.duration_minutes) == (one.regime_id, one.duration_minutes - 1)
    second, third = found[1], found[2]
    assert await db.adaptation.regimes(*ON, second.since, third.since) == [second]
    middle = await db.adaptation.regimes(*ON, second.since - timedelta(seconds=1), third.since)
    assert [one.regime_id for one in middle] == [found[0].regime_id, second.regime_id]
    (state,) = await db.adaptation.regime_states(at=second.since)
    assert state.regime is not None
    assert state.regime.regime_id == second.regime_id
    assert state.rule == QUICK.document()
