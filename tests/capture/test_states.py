"""Candles, mark prices and funding rates: stored once, never overwritten, taken back exactly."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase
from cryptoscalp.capture.account import Stream
from cryptoscalp.capture.prepare import prepare
from tests.capture import brute
from tests.capture.storing import (
    MINUTE_US,
    NOON_US,
    candle,
    chunk_of,
    funding,
    mark,
    moment,
    store,
    store_all,
)
from tests.postgres import Place

_CANDLES = Stream("binance", "BTCUSDT", "candle_1m")


def stored(place: Place, columns: str, table: str) -> list[tuple[Any, ...]]:
    return brute.fetch(place.dsn, f"SELECT {columns} FROM {table} ORDER BY timestamp")  # noqa: S608


async def test_the_same_states_again_are_duplicates(db: AsyncDatabase, database: Place) -> None:
    chunk = chunk_of(
        [candle(minute) for minute in range(50)],
        [mark(second, index_price="99.5") for second in range(40)],
        [funding(second, "-0.0001", funding_time=NOON_US) for second in range(30)],
    )
    first, account = await store(db, chunk)
    assert (account.total.stored, account.total.received) == (120, 120)
    assert {stream.stream: count.stored for stream, count in account.streams.items()} == {
        "candle_1m": 50, "mark_price": 40, "funding_rate": 30,
    }  # fmt: skip
    _, again = await store(db, chunk)
    assert (again.total.stored, again.total.duplicate) == (0, 120)
    count = account.of(_CANDLES)
    assert (count.first_timestamp, count.last_timestamp) == (moment(0), moment(49))
    values = "timestamp, symbol, exchange, interval::text, source::text, close, batch_id"
    assert stored(database, values, "candles")[0] == (
        moment(0), "BTCUSDT", "binance", "1m", "imported", Decimal("1.5"), first,
    )  # fmt: skip
    assert stored(database, "mark_price, index_price, batch_id", "mark_prices")[0] == (
        100, Decimal("99.5"), first,
    )  # fmt: skip
    assert stored(database, "funding_rate, funding_time, predicted_rate", "funding_rates")[0] == (
        Decimal("-0.0001"), moment(0), None,
    )  # fmt: skip
    brute.check_ledger(database.dsn)


async def test_numbers_come_back_digit_for_digit(db: AsyncDatabase, database: Place) -> None:
    price, volume = "0.000000000049123456", "12345678901234567890.123456789012345678"
    fields = dict.fromkeys(("open", "high", "low", "close"), price)
    await store(db, chunk_of([candle(0, volume=volume) | fields]))
    assert stored(database, "open::text, volume::text", "candles") == [(price, volume)]
    _, again = await store(db, chunk_of([candle(0, volume=volume) | fields]))
    assert again.total.duplicate == 1
    _, other = await store(db, chunk_of([candle(0, volume=volume[:-1] + "9") | fields]))
    assert other.total.quarantined == 1


async def test_a_contradiction_is_refused_and_nothing_overwritten(
    db: AsyncDatabase, database: Place
) -> None:
    first, _ = await store(db, chunk_of([candle(0), candle(1)]))
    late, account = await store(
        db, chunk_of([candle(0, "1.6", volume="11"), candle(1), candle(2)]), source="b file"
    )
    total = account.total
    assert (total.stored, total.duplicate, total.quarantined) == (1, 1, 1)
    assert [close for (close,) in stored(database, "close", "candles")] == [Decimal("1.5")] * 3
    (refused,) = await db.market.quarantined()
    assert (refused.reason, refused.stream, refused.line) == ("conflict", "candle_1m", 1)
    assert (refused.source, refused.batch_id) == ("b file", late)
    assert refused.timestamp == moment(0)
    assert b'"1.6"' in refused.raw
    assert refused.detail == (
        f"batch {first} stored close 1.5, volume 10; this record says close 1.6, volume 11"
    )
    assert await db.market.coverage() == []
    assert await db.market.gaps() == []
    _, again = await store(db, chunk_of([candle(0, "1.6", volume="11")]))
    assert again.total.quarantined == 1
    (refused,) = await db.market.quarantined()
    assert refused.times_seen == 2


async def test_the_first_of_one_file_stays(db: AsyncDatabase, database: Place) -> None:
    """Across chunks too: the raw record is asked of the chunk that it stands in."""
    one = chunk_of([candle(0, "1.5"), candle(1, "1.5")])
    other = chunk_of([candle(0, "1.5"), candle(0, "1.7"), candle(1, "1.8")], first_line=100)
    _, written = await store_all(db, one, other)
    assert len(written) == 1
    total = written[0].account.total
    assert (total.stored, total.duplicate, total.quarantined) == (2, 1, 2)
    assert [reject.line for reject in written[0].conflicts] == [101, 102]
    refused = await db.market.quarantined()
    assert {b'"1.7"' in one.raw or b'"1.8"' in one.raw for one in refused} == {True}
    assert refused[0].detail.startswith("an earlier record stored close 1.5; this record says")


async def test_what_is_not_said_contradicts_nothing(db: AsyncDatabase, database: Place) -> None:
    await store(db, chunk_of([candle(0, trade_count=None)], [mark(0)], [funding(0)]))
    said = chunk_of(
        [candle(0, trade_count=7)],
        [mark(0, index_price="98")],
        [funding(0, funding_time=NOON_US, predicted_rate="0.1")],
    )
    _, account = await store(db, said)
    assert account.total.duplicate == 3
    await store(db, chunk_of([candle(1, trade_count=7)], fundings=[funding(1, funding_time=5)]))
    _, account = await store(
        db,
        chunk_of(
            [candle(1, trade_count=8), candle(1, trade_count=None)],
            fundings=[funding(1, funding_time=6)],
        ),
    )
    assert (account.total.duplicate, account.total.quarantined) == (1, 2)
    details = sorted(one.detail.partition(" stored ")[2] for one in await db.market.quarantined())
    time = "funding_time 1970-01-01T00:00:00.00000"
    assert details == [
        f"{time}5+00:00; this record says {time}6+00:00",
        "trade_count 7; this record says trade_count 8",
    ]


async def test_overlapping_files_give_their_union(db: AsyncDatabase, database: Place) -> None:
    for low, high in ((100, 200), (150, 300), (0, 120), (0, 301)):
        await store(db, chunk_of([candle(minute) for minute in range(low, high)]))
    stamps = [stamp for (stamp,) in stored(database, "timestamp", "candles")]
    assert stamps == [moment(minute) for minute in range(301)]
    brute.check_ledger(database.dsn)


async def test_intervals_symbols_and_venues_do_not_mix(db: AsyncDatabase, database: Place) -> None:
    records = [
        candle(0), candle(0, interval="1h", close="2"), candle(0, symbol="ETHUSDT", close="3"),
        candle(0, exchange="kraken", close="4"), candle(0, interval="1s", close="5"),
    ]  # fmt: skip
    assert (await store(db, chunk_of(records)))[1].total.stored == 5
    assert (await store(db, chunk_of(records[::-1])))[1].total.duplicate == 5
    instruments = await db.market.instruments()
    assert {(one.symbol, one.exchange, one.canonical_feed) for one in instruments} == {
        ("BTCUSDT", "binance", None), ("ETHUSDT", "binance", None), ("BTCUSDT", "kraken", None),
    }  # fmt: skip


async def test_two_writers_of_the_same_candles(db: AsyncDatabase, database: Place) -> None:
    """Whoever comes second finds the others' candles, whatever order they are in."""
    rows = [candle(minute, str(1 + minute)) for minute in range(400)]
    writes = [
        store(db, chunk_of(rows[::step], [mark(n) for n in range(50)])) for step in (1, -1, 1, -1)
    ]
    accounts = [account for _, account in await asyncio.gather(*writes)]
    assert sum(one.total.stored for one in accounts) == 450
    assert sum(one.total.duplicate for one in accounts) == 3 * 450
    brute.check_ledger(database.dsn)


async def test_two_writers_that_contradict_each_other(db: AsyncDatabase, database: Place) -> None:
    writes = [
        store(db, chunk_of([candle(minute, close) for minute in range(300)]))
        for close in ("1.5", "1.6")
    ]
    (_, one), (_, other) = await asyncio.gather(*writes)
    assert sorted([one.total.stored, other.total.stored]) == [0, 300]
    assert sorted([one.total.quarantined, other.total.quarantined]) == [0, 300]
    assert len({close for (close,) in stored(database, "close", "candles")}) == 1


#: Examples share a database: each has a venue of its own.
_NUMBERS = itertools.count()
_STATE = st.tuples(
    st.integers(0, 12), st.sampled_from(["1", "2"]), st.sampled_from([None, 1, 2]), st.booleans()
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(st.lists(_STATE, min_size=1, max_size=10), min_size=1, max_size=4))
async def test_any_batches_of_candles(
    db: AsyncDatabase, database: Place, batches: list[list[tuple[int, str, int | None, bool]]]
) -> None:
    """Stored is the first of each key; received = stored + duplicate + quarantined."""
    venue = f"venue{next(_NUMBERS)}"
    held: dict[tuple[int, str], tuple[str, int | None]] = {}
    for batch in batches:
        expected: dict[str, int] = defaultdict(int)
        rows = []
        for minute, close, count, hour in batch:
            interval, at = ("1h", 60 * minute) if hour else ("1m", minute)
            rows.append(candle(at, close, exchange=venue, interval=interval, trade_count=count))
            new = (at, interval) not in held
            known = held.setdefault((at, interval), (close, count))
            same = known[0] == close and (None in (count, known[1]) or count == known[1])
            expected["stored" if new else "duplicate" if same else "quarantined"] += 1
        _, account = await store(db, chunk_of(rows))
        total = account.total
        assert total.received == len(rows)
        assert {
            name: number
            for name in ("stored", "duplicate", "quarantined")
            if (number := getattr(total, name))
        } == dict(expected)
    found = brute.fetch(
        database.dsn,
        "SELECT timestamp, interval::text, trim_scale(close)::text, trade_count FROM candles"
        " WHERE exchange = %s",
        venue,
    )
    assert sorted(found, key=str) == sorted(
        ((moment(at), interval, *values) for (at, interval), values in held.items()), key=str
    )
    brute.check_ledger(database.dsn)


async def test_eight_years_of_hours_need_their_months_only(
    db: AsyncDatabase, database: Place
) -> None:
    hours = range(-8 * 365 * 24, 0, 24 * 7)
    rows = [candle(60 * hour, interval="1h") for hour in hours]
    _, account = await store(db, chunk_of(rows))
    assert account.total.stored == len(rows)
    held = await db.market.partitions()
    assert {one.table for one in held} == {"candles_long"}
    assert len(held) == 97
    _, again = await store(db, chunk_of(rows))
    assert again.total.duplicate == len(rows)


def test_a_chunk_is_cut_by_days_of_states_too() -> None:
    day = 24 * 60 * MINUTE_US
    stamps = [{"timestamp": NOON_US - n * day} for n in range(500)]
    seconds = [candle(0, interval="1s") | one for one in stamps]
    days = [candle(0, interval="1d") | {"timestamp": NOON_US - NOON_US % day}]
    chunk = chunk_of([*seconds, *days], [mark(0) | one for one in stamps])
    parts = list(prepare(chunk, now_us=NOON_US))
    assert [len(part.days) for part in parts] == [366, 134]
    assert [part.candles.height for part in parts] == [367, 134]
    assert [part.mark_prices.height for part in parts] == [366, 134]
    assert {period.kind for period in parts[1].periods} == {"candles_1s", "mark_prices"}


def test_a_part_without_its_events_is_empty() -> None:
    (part,) = prepare(chunk_of([candle(0)], [mark(0)], [funding(0)]), now_us=NOON_US)
    empty = part.without_events()
    assert empty.periods == frozenset()
    for name in ("trades", "quotes", "candles", "mark_prices", "funding_rates"):
        frame = getattr(empty, name)
        assert isinstance(frame, pl.DataFrame)
        assert frame.is_empty()


@pytest.mark.parametrize("table", ["mark_prices", "funding_rates"])
async def test_states_of_several_days(db: AsyncDatabase, database: Place, table: str) -> None:
    made = mark if table == "mark_prices" else funding
    rows = [made(86_400 * n) for n in range(-5, 0, 2)]
    chunk = chunk_of(marks=rows) if table == "mark_prices" else chunk_of(fundings=rows)
    _, account = await store(db, chunk)
    assert account.total.stored == 3
    held = await db.market.partitions()
    assert [(one.table, one.rows >= 0) for one in held] == [(table, True)] * 3
