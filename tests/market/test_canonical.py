"""One feed of an instrument makes its candles; its terms have a history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, NotFound
from tests.capture import brute
from tests.faces import at, quote, table, trade
from tests.postgres import Place


async def test_only_the_canonical_feed_makes_candles(db: AsyncDatabase, database: Place) -> None:
    aggregated = [trade(n * 9_000_000, n, feed="agg_trade", price="3") for n in range(20)]
    single = [trade(n * 4_000_000, n, price="5") for n in range(40)]
    await db.capture.write_trades(table(single))
    await db.capture.write_trades(table(aggregated))
    brute.check_derived(database.dsn)
    assert (await db.market.last_trade("BTCUSDT")).price == 5
    assert (await db.market.trades("BTCUSDT", at(0), at(10**9))).num_rows == 40
    changed = await db.market.set_instrument("BTCUSDT", canonical_feed="agg_trade")
    assert changed.canonical_feed == "agg_trade"
    brute.check_derived(database.dsn)
    assert (await db.market.last_trade("BTCUSDT")).price == 3
    assert (await db.market.trades("BTCUSDT", at(0), at(10**9))).num_rows == 20
    shown = await db.market.candles("BTCUSDT", "1d")
    assert shown["trade_count"].to_pylist() == [20]
    await db.capture.write_trades(table([trade(10**9, 99)]))
    brute.check_derived(database.dsn)


async def test_the_first_feed_that_comes_is_canonical(db: AsyncDatabase, database: Place) -> None:
    for symbol, feeds in (("A", ["agg_trade", "trade"]), ("B", ["trade", "agg_trade"])):
        for feed in feeds:
            await db.capture.write_trades(table([trade(0, 1, symbol=symbol, feed=feed)]))
    found = {one.symbol: one.canonical_feed for one in await db.market.instruments()}
    assert found == {"A": "agg_trade", "B": "trade"}
    brute.check_derived(database.dsn)


async def test_quotes_before_trades_choose_no_feed(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_quotes(table([quote(0, 1)]))
    await db.capture.write_trades(table([trade(0, 1, feed="agg_trade")]))
    assert (await db.market.instruments())[0].canonical_feed == "agg_trade"
    assert (await db.market.candles("BTCUSDT", "1m")).num_rows == 1
    brute.check_derived(database.dsn)


async def test_the_quote_source_can_change(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_quotes(table([quote(0, 1), quote(9, 5, source="depth")]))
    assert (await db.market.latest("BTCUSDT")).sequence == 1
    await db.market.set_instrument("BTCUSDT", quote_source="depth")
    assert (await db.market.latest("BTCUSDT")).sequence == 5
    assert (await db.market.quotes("BTCUSDT", at(0), at(99)))["sequence"].to_pylist() == [5]
    await db.market.set_instrument("BTCUSDT", quote_source="snapshot")
    with pytest.raises(NotFound, match="BTCUSDT"):
        await db.market.latest("BTCUSDT")
    brute.check_derived(database.dsn)


async def test_terms_have_a_history(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(table([trade(0, 1)]))
    await db.market.set_instrument("BTC/USDT", "binance", tick_size=Decimal("0.10"), base="BTC")
    await db.market.set_instrument("BTCUSDT", tick_size=Decimal("0.10"))
    changed = await db.market.set_instrument("BTCUSDT", tick_size=Decimal("0.01"))
    assert (changed.base, changed.tick_size) == ("BTC", Decimal("0.01"))
    steps = brute.fetch(
        database.dsn,
        "SELECT tick_size, valid_to IS NULL, valid_from = lag(valid_to) OVER (ORDER BY valid_from)"
        " FROM instrument_revisions ORDER BY valid_from",
    )
    assert steps == [
        (None, False, None), (Decimal("0.1"), False, True), (Decimal("0.01"), True, True),
    ]  # fmt: skip
    with pytest.raises(InputError, match="lot_size 0 must be above zero"):
        await db.market.set_instrument("BTCUSDT", lot_size=Decimal(0))
    with (
        psycopg.connect(database.dsn) as foreign,
        pytest.raises(psycopg.errors.CheckViolation, match="chk_instrument_steps"),
    ):
        foreign.execute("UPDATE instruments SET lot_size = 0")
    with pytest.raises(InputError, match="nothing to set"):
        await db.market.set_instrument("BTCUSDT")
    with pytest.raises(NotFound, match="XRPUSDT"):
        await db.market.set_instrument("XRPUSDT", base="XRP")


@pytest.mark.parametrize(
    "wrong",
    [
        {"canonical_feed": "block_trade"},
        {"quote_source": "rumour"},
        {"colour": "red"},
        {"tick_size": Decimal("-1")},
        {"lot_size": Decimal("NaN")},
        {},
    ],
)
async def test_terms_that_do_not_exist_are_refused(
    db: AsyncDatabase, wrong: dict[str, Any]
) -> None:
    await db.capture.write_trades(table([trade(0, 1)]))
    with pytest.raises(InputError):
        await db.market.set_instrument("BTCUSDT", **wrong)
    with pytest.raises(InputError, match="it must be a datetime"):
        await db.market.trades("BTCUSDT", "2024-08-08", at(9))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="fill"):
        await db.market.candles("BTCUSDT", "1m", fill="next")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="clock"):
        await db.market.events("BTCUSDT", at(0), at(9), clock="wall")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="trade feed"):
        await db.market.trades("BTCUSDT", at(0), at(9), feed="ticker")  # type: ignore[arg-type]
