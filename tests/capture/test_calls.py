"""What a caller hands in: every rule that refuses a row, and the tables that do not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase, Continuity, InputError
from cryptoscalp.capture.identity import FIRST_ORDINAL
from tests.capture import brute
from tests.faces import NOON, at, quote, table, trade
from tests.postgres import Place

BAD_TRADES: list[tuple[str, dict[str, Any]]] = [
    ("malformed", {"price": "abc"}),
    ("malformed", {"price": None}),
    ("malformed", {"volume": ""}),
    ("malformed", {"side": "buy"}),
    ("malformed", {"feed": "kline"}),
    ("malformed", {"feed": "tr\0ade"}),
    ("out_of_domain", {"price": "NaN"}),
    ("out_of_domain", {"price": "-inf"}),
    ("out_of_domain", {"price": "0.0000000000000000001"}),
    ("out_of_domain", {"volume": "100000000000000000000"}),
    ("out_of_domain", {"volume": "1e999999999"}),
    ("non_positive_price", {"price": "0"}),
    ("non_positive_price", {"price": "-1"}),
    ("non_positive_size", {"volume": "0.0"}),
    ("timestamp_out_of_range", {"timestamp": datetime(2009, 1, 2, tzinfo=UTC)}),
    ("timestamp_out_of_range", {"timestamp": datetime(9999, 12, 31, tzinfo=UTC)}),
    ("timestamp_out_of_range", {"timestamp": datetime(1, 1, 1, tzinfo=UTC)}),
    ("timestamp_out_of_range", {"timestamp": datetime.now(UTC) + timedelta(hours=1)}),
    ("timestamp_out_of_range", {"timestamp": None}),
    ("unknown_symbol", {"symbol": "BTC USDT"}),
    ("unknown_symbol", {"symbol": "A" * 65}),
    ("unknown_symbol", {"symbol": "BTC\0USDT"}),
    ("unknown_symbol", {"symbol": None}),
    ("unknown_symbol", {"exchange": None}),
    ("unknown_symbol", {"exchange": "b" * 33}),
    ("unknown_symbol", {"exchange": "bin\0ance"}),
]
BAD_QUOTES: list[tuple[str, dict[str, Any]]] = [
    ("crossed_book", {"bid_price": "102"}),
    ("one_sided_book", {"bid_price": None, "bid_volume": None}),
    ("one_sided_book", {"ask_price": None, "ask_volume": None}),
    ("malformed", {"ask_volume": None}),
    ("malformed", {"source": "l2"}),
    ("non_positive_price", {"bid_price": "0"}),
    ("non_positive_size", {"ask_volume": "0"}),
    ("out_of_domain", {"ask_price": "Infinity"}),
]


async def test_every_rule_refuses_its_row_and_no_other(db: AsyncDatabase, database: Place) -> None:
    rows = [trade(n, n, **changes) for n, (_, changes) in enumerate(BAD_TRADES)]
    good = [trade(n, 1000 + n) for n in range(5)]
    mixed = table([*good[:2], *rows, *good[2:]])
    for times in (1, 2):
        account = await db.capture.write_trades(mixed, continuity=Continuity.CONSECUTIVE_IDS)
        total = account.total
        assert (total.received, total.quarantined) == (len(rows) + 5, len(rows))
        assert (total.stored, total.duplicate) == ((5, 0) if times == 1 else (0, 5))
        held = await db.market.quarantined(1000)
        assert sorted((one.line, one.reason) for one in held) == [
            (n, reason) for n, (reason, _) in enumerate(BAD_TRADES, start=3)
        ]
        assert {one.times_seen for one in held} == {times}
        assert len({one.batch_id for one in held}) == 1
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    assert brute.coverage_by_id(database.dsn) == {("binance", "BTCUSDT", "trade"): [(1000, 1004)]}
    gaps = [gap for gap in await db.market.gaps("BTCUSDT") if gap.cause == "quarantined"]
    assert at(0) in {gap.start for gap in gaps}


async def test_quotes_too(db: AsyncDatabase, database: Place) -> None:
    rows = [quote(n, n, **changes) for n, (_, changes) in enumerate(BAD_QUOTES)]
    locked = quote(50, 50, bid_price="101")
    account = await db.capture.write_quotes(table([*rows, locked]))
    assert (account.total.stored, account.total.quarantined) == (1, len(rows))
    held = await db.market.quarantined(1000)
    assert sorted((one.line, one.reason) for one in held) == [
        (n, reason) for n, (reason, _) in enumerate(BAD_QUOTES, start=1)
    ]
    assert (await db.market.latest("BTCUSDT")).spread == 0
    gaps = await db.market.gaps()
    assert {(gap.stream, gap.cause) for gap in gaps} == {("ticker", "quarantined")}
    brute.check_ledger(database.dsn)


async def test_equal_records_in_one_file_are_kept_once(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(0, 1, price="x")] * 3))
    held = await db.market.quarantined()
    assert [(one.times_seen, one.reason) for one in held] == [(3, "malformed")]
    assert b"'price': 'x'" in held[0].raw


async def test_nothing_but_refused_rows(db: AsyncDatabase, database: Place) -> None:
    account = await db.capture.write_trades(table([trade(0, 1, price="x")]))
    assert (account.total.received, account.total.quarantined) == (1, 1)
    assert brute.fetch(database.dsn, "SELECT quarantined, stored FROM batches") == [(1, 0)]


async def test_floats_are_their_shortest_text(db: AsyncDatabase, database: Place) -> None:
    numbers = [0.1, 0.1 + 0.2, 1e-18, 123456789.123, 5e-324, 4.9e-11, 1.23456789012345e-7]
    columns = table([trade(n, n) for n in range(len(numbers))])
    at_price = columns.column_names.index("price")
    floats = columns.set_column(at_price, "price", pa.array(numbers, pa.float64()))
    account = await db.capture.write_trades(floats)
    # 5e-324 rounds to nothing and is refused; 1.23456789012345e-7 loses its last digits.
    assert (account.total.stored, account.total.quarantined) == (6, 1)
    assert account.rounded == 1
    assert brute.fetch(database.dsn, "SELECT rounded FROM batches") == [(1,)]
    prices = brute.fetch(database.dsn, "SELECT price::numeric FROM market_data ORDER BY sequence")
    assert [price for (price,) in prices] == [
        Decimal("0.1"), Decimal("0.30000000000000004"), Decimal("1e-18"),
        Decimal("123456789.123"), Decimal("4.9e-11"), Decimal("0.000000123456789012"),
    ]  # fmt: skip


async def test_numbers_of_every_type(db: AsyncDatabase) -> None:
    columns = table([trade(n, n) for n in range(3)])
    at_price = columns.column_names.index("price")
    for day, values in enumerate(
        [
            pa.array([1, 2, 3], pa.int32()),
            pa.array([Decimal("1.50"), Decimal(2), Decimal(3)], pa.decimal128(10, 2)),
            pa.array([Decimal("1.5"), Decimal(2), Decimal(3)], pa.decimal128(38, 18)),
            pa.array([1.5, 2, 3], pa.float32()),
            pa.array(["1.5", "2.0", "3e0"]),
        ]
    ):
        shown = columns.set_column(at_price, "price", values)
        named = shown.set_column(3, "symbol", pa.array([f"S{day}"] * 3))
        assert (await db.capture.write_trades(named)).total.stored == 3
        assert (await db.market.last_trade(f"S{day}")).price == 3


async def test_tables_that_do_not_fit(db: AsyncDatabase, database: Place) -> None:
    good = table([trade(0, 1)])
    naive = good.set_column(0, "timestamp", pa.array([NOON.replace(tzinfo=None)]))
    numbers = good.set_column(
        good.column_names.index("sequence"), "sequence", pa.array(["no number"])
    )
    flags = good.set_column(good.column_names.index("price"), "price", pa.array([True]))
    for wrong, words in (
        (good.drop_columns(["price"]), "price"),
        (good.append_column("extra", pa.array([1])), "extra"),
        (good.append_column("price", pa.array(["1"])), "do not fit"),
        (naive, "time zone"),
        (numbers, "sequence"),
        (flags, "price"),
    ):
        with pytest.raises(InputError, match=words):
            await db.capture.write_trades(wrong)
    assert brute.fetch(database.dsn, "SELECT FROM batches") == []


async def test_only_what_must_be_there(db: AsyncDatabase) -> None:
    needed = table([trade(0, 1)]).select(["timestamp", "exchange", "symbol", "price", "volume"])
    assert (await db.capture.write_trades(needed)).total.stored == 1
    assert (await db.capture.write_trades(needed)).total.duplicate == 1
    found = await db.market.last_trade("BTCUSDT")
    assert (found.side, found.sequence, found.received_at) == (None, FIRST_ORDINAL, None)
