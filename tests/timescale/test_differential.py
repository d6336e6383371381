"""The same data and the same calls on both layouts give equal answers, through both drivers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import rows as idless
from tests.capture.storing import NOON_US, candle, chunk_of, funding, mark, store
from tests.capture.test_real_files import _SHARED
from tests.faces import NOON, open_face, quote, table, trade
from tests.postgres import Place, new_database
from tests.timescale.compare import INTERVALS, Pair, read_everything

DATA: Final = _SHARED / "data"
#: file: options of its import. Trades with and without ids, quotes, candles, marks, funding.
FILES: Final[dict[str, dict[str, Any]]] = {
    "hftbacktest/spot/ethusdt_20240808.gz": {},
    "tardis/binance-futures_trades_2020-02-22_BTCUSDT.csv": {},
    "tardis/binance-futures_quotes_2020-02-22_BTCUSDT.csv": {},
    "binance-vision-klines/BTCUSDT-1m-2022-05-06.csv": {"exchange": "binanceusdm"},
    "cryptofeed/BINANCE_FUTURES.ws.1.0": {},
    "cryptofeed/OKX.ws.1.0": {},
    "lean/crypto/bybit/minute/btcusdt/20221213_quote.zip": {},
    "freqtrade/XRP_ETH-trades.json.gz": {"exchange": "binance"},
    "bbgo/bybit_FXSUSDT-ticks-2023-10-10.csv": {"exchange": "bybit"},
}
#: Intervals that are read between two steps; all are in the end, through one of the drivers.
FEW: Final = ("1s", "1m", "1d")
RANGE: Final = (NOON - timedelta(days=1), NOON + timedelta(days=3))


@pytest.fixture(scope="module")
def places(
    server: EmbeddedServer, template: Place, timescale: Place
) -> Iterator[tuple[Place, Place]]:
    """A database of the module's own on each layout."""
    with new_database(server, template.name) as native:
        yield native, timescale


@pytest.fixture
async def pair(places: tuple[Place, Place], mode: str) -> AsyncIterator[Pair]:
    """Both through the same driver."""
    native, timescale = places
    async with (
        await open_face(mode, native.dsn) as first,
        await open_face(mode, timescale.dsn) as second,
    ):
        yield Pair(first, second)


def compress(place: Place, *tables: str) -> int:
    """Put every chunk that is not there yet into the columnstore; how many."""
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        return sum(
            connection.execute(
                "SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks(%s) AS c",
                [table],
            ).rowcount
            for table in tables or ("market_data", "order_book_l1", "mark_prices", "funding_rates")
        )


async def write_ticks(pair: Pair, symbol: str, seed: int) -> None:
    """Dense ties, duplicates within and across batches, late rows, two feeds, over three days."""
    chance = random.Random(seed)
    of = {"symbol": symbol}
    day = 86_400_000_000

    def trades(count: int, low: int, high: int) -> list[dict[str, Any]]:
        return [
            trade(chance.randrange(low, high) // 50_000 * 50_000, chance.randrange(3_000), **of,
                  price=str(chance.randrange(1, 400)), volume=f"0.{chance.randrange(1, 10**9)}",
                  side=chance.choice(["BUY", "SELL", None]),
                  feed=chance.choice(["trade", "trade", "agg_trade"]))
            for _ in range(count)
        ]  # fmt: skip

    for low, high in ((0, 10_000_000), (day, day + 5_000_000), (2_000_000, 3_000_000)):
        batch = trades(400, low, high)
        await pair.capture("write_trades", table(batch))
        await pair.capture("write_trades", table(batch[::3]))
    quotes = [
        quote(chance.randrange(20_000_000), chance.randrange(2_000), **of,
              bid_price=str(chance.randrange(90, 100)), ask_price=str(chance.randrange(99, 110)),
              source=chance.choice(["ticker", "ticker", "depth"]))
        for _ in range(600)
    ]  # fmt: skip
    await pair.capture("write_quotes", table(quotes))
    await pair.capture("write_quotes", table(quotes[::2]))


async def write_states(pair: Pair, symbol: str, first: int) -> None:
    """Candles, mark prices and funding rates, the same batch twice."""
    of = {"symbol": symbol}
    chunk = chunk_of(
        [candle(first + n, **of, exchange="binanceusdm") for n in range(60)],
        [mark(first + n * 7, str(100 + n), **of) for n in range(200)],
        [funding(first + n * 28_800, "-0.0001", **of, funding_time=NOON_US) for n in range(9)],
    )
    for _ in range(2):
        await pair.both("capture.write", lambda db: _stored(db, chunk))


async def _stored(db: Any, chunk: Any) -> Any:
    batch, account = await store(db, chunk)
    return batch, account.total


async def test_generated_ticks_and_states(pair: Pair, mode: str) -> None:
    symbol = f"GEN{mode.upper()}"
    await write_ticks(pair, symbol, seed=7)
    await write_states(pair, symbol, first=0)
    await read_everything(pair, {symbol, "NOTSTORED"}, *RANGE)


async def test_columnstore_late_rows_duplicates_and_undo(
    pair: Pair, places: tuple[Place, Place], mode: str
) -> None:
    symbol = f"COL{mode.upper()}"
    await write_ticks(pair, symbol, seed=11)
    await write_states(pair, symbol, first=3)
    assert compress(places[1]) > 0
    await read_everything(pair, {symbol}, *RANGE, FEW)
    # The same again: all duplicates, found among compressed rows; then late rows between them.
    await write_ticks(pair, symbol, seed=11)
    await write_ticks(pair, symbol, seed=12)
    await write_states(pair, symbol, first=4)
    await read_everything(pair, {symbol}, *RANGE, FEW)
    compress(places[1])
    for one in (await pair.market("batches", 8))[::2]:
        await pair.market("undo_batch", one.batch_id)
    await pair.market("undo_batch", 987_654)
    await read_everything(pair, {symbol}, *RANGE, FEW)
    await pair.market("set_instrument", symbol, "binance", canonical_feed="agg_trade",
                      quote_source="depth")  # fmt: skip
    await read_everything(pair, {symbol}, *RANGE, INTERVALS if mode == "sync" else FEW)


async def test_rows_without_ids(pair: Pair, tmp_path: Path, mode: str) -> None:
    symbol = f"NOID{mode.upper()}"
    rows = idless.trades(3, 900, every_us=200_000_000)
    for part in (rows[:500], rows[300:], rows):
        file = idless.file(tmp_path / "trades.csv", part)
        report = await pair.both(
            "capture.import_files",
            partial(_imported, file=file, exchange="bybit", symbol=symbol),
        )
        assert report
    await read_everything(pair, {symbol}, NOON, NOON + timedelta(days=4))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no market data at {DATA} (CRYPTOSCALP_SHARED)")
async def test_recorded_files(pair: Pair, mode: str) -> None:
    chosen = list(FILES) if mode == "sync" else list(FILES)[1::3]
    for name in chosen:
        for _ in range(2):
            await pair.both(
                "capture.import_files",
                partial(_imported, file=DATA / name, **FILES[name]),
            )
    instruments = await pair.market("instruments")
    spans = {}
    for one in instruments:
        if one.symbol.startswith(("GEN", "COL", "NOID", "CLI")):
            continue
        covered = await pair.market("coverage", one.symbol, one.exchange)
        if covered:
            first = min(interval.start for interval in covered)
            spans[one.symbol] = (first, first + timedelta(minutes=5))
    assert len(spans) > 3
    for symbol, (first, end) in sorted(spans.items())[:: 3 if mode == "sync" else 5]:
        await read_everything(pair, {symbol}, first, end)


async def _imported(db: Any, file: Path, **options: Any) -> Any:
    report = await db.capture.import_files([file], **options)
    return [(one.account.total, dict(one.account.streams)) for one in report.files]


async def test_command_line(pair: Pair, mode: str) -> None:
    symbol = f"CLI{mode.upper()}"
    await write_ticks(pair, symbol, seed=5)
    span = ("--start", "2024-08-08T12:00:00Z", "--end", "2024-08-10")
    for words in (
        ("quote", symbol), ("candles", symbol, "--interval", "1m"),
        ("candles", symbol, "--interval", "1h", *span), ("ticks", symbol, *span),
        ("ticks", symbol, *span, "--stream", "quotes"), ("coverage", symbol),
        ("instruments", "list", symbol), ("quote", "NOTSTORED"), ("db", "check"),
        ("import", "list"), ("quarantine", "list"),
    ):  # fmt: skip
        pair.command(*words)
