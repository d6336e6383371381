"""Ticks by range, alone, interleaved and joined, against the obvious computation."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cryptoscalp import AmbiguousSymbol, AsyncDatabase, InputError, NotFound
from tests.faces import NOON, at, quote, table, trade


def plain(found: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


async def test_ranges_are_half_open_and_ordered(db: AsyncDatabase) -> None:
    chance = random.Random(7)
    rows = [trade(chance.randrange(20) * 1000, n) for n in chance.sample(range(500), 300)]
    quoted = [quote(chance.randrange(20) * 1000, n) for n in chance.sample(range(500), 300)]
    for part in (slice(0, 100), slice(100, 300)):
        await db.capture.write_trades(table(rows[part]))
        await db.capture.write_quotes(table(quoted[part]))
    for first, last in ((0, 20_000), (3_000, 9_000), (3_001, 3_999), (19_000, 19_001), (5, 6)):
        for given, found in (
            (rows, await db.market.trades("BTCUSDT", at(first), at(last))),
            (quoted, await db.market.quotes("BTCUSDT", at(first), at(last))),
        ):
            expected = sorted((row["timestamp"], row["sequence"]) for row in given)
            assert [(row["timestamp"], row["sequence"]) for row in plain(found)] == [
                one for one in expected if at(first) <= one[0] < at(last)
            ]


async def test_exact_and_float_numbers(db: AsyncDatabase) -> None:
    texts = ["0.000000000000000001", "99999999999999999999.999999999999999999", "61837.63",
             "0.1", "123456789.123456789123456789", "3"]  # fmt: skip
    rows = [trade(n, n, price=text, volume=text) for n, text in enumerate(texts)]
    await db.capture.write_trades(table(rows))
    prices = {"bid_price": "0.3", "ask_price": texts[1], "bid_volume": texts[0]}
    await db.capture.write_quotes(table([quote(0, 0, **prices)]))
    exact = await db.market.trades("BTCUSDT", at(0), at(10), exact=True)
    assert exact["price"].to_pylist() == [Decimal(text) for text in texts]
    assert exact["volume"].to_pylist() == [Decimal(text) for text in texts]
    near = await db.market.trades("BTCUSDT", at(0), at(10))
    assert near["price"].to_pylist() == [float(text) for text in texts]
    book = plain(await db.market.quotes("BTCUSDT", at(0), at(1), exact=True))[0]
    assert {name: book[name] for name in prices} == {
        name: Decimal(text) for name, text in prices.items()
    }
    candles = plain(await db.market.candles("BTCUSDT", "1s"))[0]
    assert (candles["open"], candles["close"]) == (float(texts[0]), 3.0)
    assert candles["high"] == float(texts[1])


async def test_empty_answers_have_the_same_columns(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(0, 1)]))
    await db.capture.write_quotes(table([quote(0, 1)]))
    market = db.market
    for exact in (False, True):
        for full, empty in (
            (
                await market.trades("BTCUSDT", at(0), at(1), exact=exact),
                await market.trades("BTCUSDT", at(1), at(2), exact=exact),
            ),
            (
                await market.quotes("BTCUSDT", at(0), at(1), exact=exact),
                await market.quotes("BTCUSDT", at(1), at(2), exact=exact),
            ),
            (
                await market.events("BTCUSDT", at(0), at(1), exact=exact),
                await market.events("BTCUSDT", at(1), at(2), exact=exact),
            ),
            (
                await market.trades_with_quotes("BTCUSDT", at(0), at(1), exact=exact),
                await market.trades_with_quotes("BTCUSDT", at(1), at(2), exact=exact),
            ),
            (
                await market.candles("BTCUSDT", "1m", exact=exact),
                await market.candles("BTCUSDT", "1m", at(10**9), at(10**10), exact=exact),
            ),
        ):
            assert empty.num_rows == 0
            assert empty.schema == full.schema


async def test_trades_and_quotes_in_event_order(db: AsyncDatabase) -> None:
    chance = random.Random(3)

    def received(after: int) -> datetime:
        return at(after + chance.randrange(900, 1100))

    rows = [trade(t := n // 3 * 1000, n, received_at=received(t)) for n in range(150)]
    quoted = [quote(t := n // 4 * 1000, n, received_at=received(t)) for n in range(200)]
    await db.capture.write_trades(table(rows))
    await db.capture.write_quotes(table(quoted))
    merged = plain(await db.market.events("BTCUSDT", NOON, at(10**6)))
    stamps = [row["timestamp"] for row in merged]
    assert stamps == sorted(stamps)
    for kind, given in (("trade", rows), ("quote", quoted)):
        mine = [row["sequence"] for row in merged if row["kind"] == kind]
        assert mine == [row["sequence"] for row in given]
    by_receipt = plain(await db.market.events("BTCUSDT", NOON, at(10**6), clock="received"))
    for kind, given in (("trade", rows), ("quote", quoted)):
        mine = [row["sequence"] for row in by_receipt if row["kind"] == kind]
        assert mine == [row["sequence"] for row in given]
    steps: dict[str, datetime] = {}
    reached = NOON
    for row in by_receipt:
        steps[row["kind"]] = max(row["received_at"], steps.get(row["kind"], NOON))
        assert steps[row["kind"]] >= reached
        reached = steps[row["kind"]]


@pytest.mark.parametrize("clock", ["exchange", "received"])
async def test_the_quote_in_force(db: AsyncDatabase, clock: Any) -> None:
    chance = random.Random(11)
    rows = [trade(chance.randrange(60) * 500, n, received_at=at(chance.randrange(40_000)))
            for n in range(120)]  # fmt: skip
    quoted = [quote(chance.randrange(60) * 500, n, received_at=at(chance.randrange(40_000)))
              for n in range(120)]  # fmt: skip
    old = quote(-3_600_000_001, 999, received_at=at(-3_600_000_001))
    await db.capture.write_trades(table(rows))
    await db.capture.write_quotes(table([*quoted, old]))
    key = "timestamp" if clock == "exchange" else "received_at"
    found = plain(await db.market.trades_with_quotes("BTCUSDT", NOON, at(10**6), clock=clock))
    ordered = sorted(rows, key=lambda row: (row["timestamp"], row["sequence"]))
    assert [row["sequence"] for row in found] == [row["sequence"] for row in ordered]
    for row, given in zip(found, ordered, strict=True):
        before = [one for one in quoted if one[key] < given[key]]
        latest = max(
            before, key=lambda one: (one[key], one["timestamp"], one["sequence"]), default=None
        )
        if latest is None:
            assert (row["quote_sequence"], row["bid_price"]) == (None, None)
        else:
            assert row["quote_sequence"] == latest["sequence"]
            assert row["quote_timestamp"] == latest["timestamp"]


async def test_received_clock_without_receive_times(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(5, 1), trade(9, 2)]))
    await db.capture.write_quotes(table([quote(1, 1), quote(7, 2)]))
    merged = plain(await db.market.events("BTCUSDT", at(0), at(99), clock="received"))
    assert [(row["kind"], row["sequence"]) for row in merged] == [
        ("quote", 1), ("trade", 1), ("quote", 2), ("trade", 2),
    ]  # fmt: skip
    joined = await db.market.trades_with_quotes("BTCUSDT", at(0), at(99), clock="received")
    assert joined.num_rows == 2


async def test_names_that_are_none_or_several(db: AsyncDatabase) -> None:
    for exchange in ("binance", "binanceusdm"):
        await db.capture.write_trades(table([trade(0, 1, exchange=exchange)]))
        await db.capture.write_quotes(table([quote(0, 1, exchange=exchange)]))
    market = db.market
    with pytest.raises(AmbiguousSymbol, match=r"binance, binanceusdm.*--exchange") as caught:
        await market.latest("BTCUSDT")
    assert caught.value.exchanges == ["binance", "binanceusdm"]
    for symbol in ("XRPUSDT", "", "'; DROP TABLE market_data; --", "%", "BTC%", "a\tb", "ünï"):
        for call in (market.latest, market.last_trade):
            with pytest.raises(NotFound):
                await call(symbol)
        with pytest.raises(NotFound):
            await market.trades(symbol, at(0), at(1))
        with pytest.raises(NotFound):
            await market.candles(symbol, "1m")
    with pytest.raises(NotFound, match="kraken"):
        await market.quotes("BTCUSDT", at(0), at(1), "kraken")
    for spelling in ("BTCUSDT", "BTC/USDT", "BTC/USDT:USDT"):
        assert (await market.latest(spelling, "binanceusdm")).exchange == "binanceusdm"
    assert [one.exchange for one in await market.newest_quotes()] == ["binance", "binanceusdm"]


async def test_a_symbol_with_quotes_in_it_is_data(db: AsyncDatabase) -> None:
    rows = [trade(0, 1, symbol=symbol) for symbol in ("A.B-C:D", "币安人生USDT", "1000SHIBUSDT")]
    assert (await db.capture.write_trades(table(rows))).total.stored == 3
    for row in rows:
        assert (await db.market.last_trade(row["symbol"])).symbol == row["symbol"]
        assert (await db.market.trades(row["symbol"], at(0), at(1))).num_rows == 1


async def test_ranges_that_are_none(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(0, 1)]))
    naive = NOON.replace(tzinfo=None)
    zone, order = "no time zone", "not after"
    calls: list[Callable[[str, datetime, datetime], Awaitable[Any]]] = [
        db.market.trades, db.market.quotes, db.market.events, db.market.trades_with_quotes,
    ]  # fmt: skip
    for first, last, words in ((naive, at(1), zone), (at(0), naive, zone),
                               (at(1), at(0), order), (at(1), at(1), order)):  # fmt: skip
        for call in calls:
            with pytest.raises(InputError, match=words):
                await call("BTCUSDT", first, last)
        with pytest.raises(InputError, match=words):
            await db.market.candles("BTCUSDT", "1m", first, last)
    with pytest.raises(InputError, match="7m"):
        await db.market.candles("BTCUSDT", "7m")  # type: ignore[arg-type]
