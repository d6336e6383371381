"""freqtrade's files: recorded ones against the counts published with them, and odd ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats.freqtrade import FORMAT
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.names import venue_spelling
from tests.capture.formats.recorded import again, knows, read, recorded, rows, stored

BINANCE = Options(exchange="binance")
ENCODINGS = (
    "XRP_ETH-trades.feather",
    "XRP_ETH-trades.parquet",
    "XRP_ETH-trades.json.gz",
    "XRP_OLD-trades.json.gz",
)
# file: exchange, symbol to be said, symbol, interval, candles
CANDLES = {
    "freqtrade/TRX_BTC-5m.feather": ("binance", None, "TRXBTC", "5m", 5_754),
    "freqtrade/UNITTEST_BTC-1m.feather": ("binance", None, "UNITTESTBTC", "1m", 13_681),
    "freqtrade/XRP_ETH-1m.feather": ("binance", None, "XRPETH", "1m", 2_469),
    "freqtrade_userdata_binance/1000SHIB_USDT_USDT-1m-futures.feather": (
        "binanceusdm", None, "1000SHIBUSDT", "1m", 48_105,
    ),
    "freqtrade_userdata_binance/1000SHIB_USDT_USDT-4h-futures.feather": (
        "binanceusdm", None, "1000SHIBUSDT", "4h", 2_248,
    ),
    "freqtrade_userdata_binance/DOGE_USDT_USDT-1m-futures.feather": (
        "binanceusdm", None, "DOGEUSDT", "1m", 48_105,
    ),
    "freqtrade_userdata_binance/DOGE_USDT_USDT-5m-futures.feather": (
        "binanceusdm", None, "DOGEUSDT", "5m", 116_716,
    ),
    "freqtrade_userdata_binance/spot_BTC_USDT-1h.feather": (
        "binance", "BTC/USDT", "BTCUSDT", "1h", 73_264,
    ),
}  # fmt: skip


def test_the_same_trades_in_four_encodings_are_the_same_rows() -> None:
    frames = []
    for name in ENCODINGS:
        path = recorded(f"freqtrade/{name}")
        assert knows(FORMAT, path)
        reader, chunks = read(FORMAT, path, BINANCE)
        good, refused, _ = stored(chunks)
        assert (good["trades"].height, refused) == (12_477, [])
        assert reader.proof.trades is Continuity.CONSECUTIVE_IDS
        frames.append(good["trades"])
    first = frames[0]
    for frame in frames[1:]:
        assert frame.equals(first)
    assert first["timestamp"][0] == datetime(2019, 10, 11, 0, 0, 11, 620_000, UTC)
    assert first["timestamp"][-1] == datetime(2019, 10, 13, 11, 19, 28, 844_000, UTC)
    assert first.row(0, named=True) | {"timestamp": None} == {
        "timestamp": None, "received_at": None, "exchange": "binance", "symbol": "XRPETH",
        "feed": "agg_trade", "sequence": 13_519_807, "price": Decimal("0.00141342"),
        "volume": Decimal(23), "side": "SELL", "line": 1,
    }  # fmt: skip


@pytest.mark.parametrize("name", CANDLES)
def test_candles_are_all_read(name: str) -> None:
    exchange, said, symbol, interval, count = CANDLES[name]
    path = recorded(name)
    assert knows(FORMAT, path)
    _, chunks = read(FORMAT, path, Options(exchange=exchange, symbol=said))
    candles = rows(chunks, "candles")
    assert candles.height == count
    whose = candles.select("exchange", "symbol", "interval").unique().rows()
    assert whose == [(exchange, symbol, interval)]


def test_float_noise_is_rounded_and_counted() -> None:
    _, chunks = read(FORMAT, recorded("freqtrade/TRX_BTC-5m.feather"), BINANCE)
    good, refused, rounded = stored(chunks)
    assert refused == []
    assert rounded > 0
    assert good["candles"]["close"][1] == Decimal("0.00010756")


@pytest.mark.parametrize("name", [*ENCODINGS, "XRP_ETH-1m.feather"])
def test_records_give_their_rows_again(name: str) -> None:
    reader, chunks = read(FORMAT, recorded(f"freqtrade/{name}"), BINANCE)
    # What a batch keeps of it is JSON.
    msgspec.json.decode(msgspec.json.encode(reader.plan))
    kind = "candles" if "1m" in name else "trades"
    assert pl.concat(list(again(FORMAT, reader, chunks, kind))).equals(rows(chunks, kind))


TRADE = [1_570_752_011_620, "7", None, "sell", 0.5, 23.0, 11.5]
CANDLE = [1_570_752_000_000, 1.5, 2.0, 1.0, 1.25, 10.0]


def _written(folder: Path, name: str, content: Sequence[Any]) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    return path


@pytest.mark.parametrize(
    ("name", "exchange", "symbol"),
    [
        ("XRP_ETH-trades.json.gz", "binance", "XRPETH"),
        ("BTC_USDT_USDT-trades.json.gz", "binanceusdm", "BTCUSDT"),
        ("BTC_USD_BTC-trades.json.gz", "binancecoinm", "BTCUSD_PERP"),
        ("BTC_USDT_USDT-trades.json.gz", "okx", "BTC-USDT-SWAP"),
        ("BTC_USDT-trades.json.gz", "okx", "BTC-USDT"),
        ("BTC_USDT-trades.json.gz", "kraken", "BTC/USDT"),
    ],
)
def test_the_name_tells_the_pair(tmp_path: Path, name: str, exchange: str, symbol: str) -> None:
    path = _written(tmp_path, name, [TRADE])
    _, chunks = read(FORMAT, path, Options(exchange=exchange))
    feed = "agg_trade" if exchange.startswith("binance") else "trade"
    assert rows(chunks, "trades").select("symbol", "feed").rows() == [(symbol, feed)]


def test_candles_are_lists_in_json(tmp_path: Path) -> None:
    path = _written(tmp_path, "ADA_USDT-1h.json.gz", [CANDLE, CANDLE])
    assert knows(FORMAT, path)
    _, chunks = read(FORMAT, path, BINANCE)
    assert rows(chunks, "candles").row(0, named=True) == {
        "timestamp": 1_570_752_000_000_000, "exchange": "binance", "symbol": "ADAUSDT",
        "interval": "1h", "open": "1.5", "high": "2.0", "low": "1.0", "close": "1.25",
        "volume": "10.0", "trade_count": None, "line": 1,
    }  # fmt: skip


def test_float_noise_in_json_is_rounded_as_in_feather(tmp_path: Path) -> None:
    noisy = [CANDLE[0], 0.00010756000000000001, 0.5, 1e-7, 0.25, 10.0]
    path = _written(tmp_path, "TRX_BTC-5m.json.gz", [noisy])
    good, refused, rounded = stored(read(FORMAT, path, BINANCE)[1])
    assert refused == []
    assert rounded == 1
    assert good["candles"].select("open", "low").row(0) == (
        Decimal("0.00010756"),
        Decimal("0.0000001"),
    )


def test_digits_that_no_float_has_are_not_rounded(tmp_path: Path) -> None:
    path = tmp_path / "TRX_BTC-5m.json"
    path.write_text("[[1570752000000,0.12345678901234567890123,0.5,0.1,0.25,10]]")
    good, refused, _ = stored(read(FORMAT, path, BINANCE)[1])
    assert good["candles"].is_empty()
    assert [reject.reason for reject in refused] == ["out_of_domain"]


def test_funding_rates_are_no_candles(tmp_path: Path) -> None:
    rate = [CANDLE[0], 0.0001, 0.0, 0.0, 0.0, 0.0]
    path = _written(tmp_path, "BTC_USDT_USDT-8h-funding_rate.json.gz", [rate])
    _, chunks = read(FORMAT, path, Options(exchange="binanceusdm"))
    [row] = rows(chunks, "funding_rates").rows(named=True)
    assert (row["symbol"], row["funding_rate"]) == ("BTCUSDT", "0.0001")
    assert row["timestamp"] == row["funding_time"] == 1_570_752_000_000_000


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("BTC_USDT-1h.json.gz", Options(), "--exchange"),
        ("spot_BTC_USDT-1h.json.gz", BINANCE, "--symbol"),
        ("BTC_USDT_USDT-1h-mark.json.gz", Options(exchange="binanceusdm"), "mark price"),
        ("BTC_USDT_USDT-1h-futures.json.gz", BINANCE, "--exchange binanceusdm"),
        ("BTC_USD_BTC-1h-futures.json.gz", BINANCE, "--exchange binancecoinm"),
        ("BTC_USDT-1h.json.gz", Options(exchange="binanceusdm"), "--exchange binance"),
        ("BTC_USDT-1Mo.json.gz", BINANCE, "1Mo"),
        ("BTC_USDT-1h.json.gz", Options(exchange="binance", symbol="ETHUSDT"), "BTCUSDT"),
    ],
)
def test_what_the_file_does_not_tell_is_asked_for(
    tmp_path: Path, name: str, options: Options, message: str
) -> None:
    path = _written(tmp_path, name, [CANDLE])
    with pytest.raises(InputError, match=message) as raised:
        read(FORMAT, path, options)
    assert str(path) in str(raised.value)


def test_a_file_of_that_name_with_other_columns_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "btc_usdt-trades.parquet"
    pl.DataFrame({"timestamp": [1], "trade_id": [1], "price": [1.0]}).write_parquet(path)
    assert not knows(FORMAT, path)


def test_rows_that_are_none_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "XRP_ETH-trades.json"
    odd: list[Any] = [TRADE, ["soon", *TRADE[1:]], TRADE[:4], 5, [*TRADE[:4], float("nan"), 1, 1]]
    path.write_text(json.dumps(odd))
    good, refused, _ = stored(read(FORMAT, path, BINANCE)[1])
    assert good["trades"]["line"].to_list() == [1]
    assert {reject.line: reject.reason for reject in refused} == {
        2: "malformed", 3: "malformed", 4: "malformed", 5: "out_of_domain",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "exchange", "symbol"),
    [
        (("BTC", "USD", None), "coinbase", "BTC-USD"),
        (("BTC", "USD", None), "bitfinex", "tBTCUSD"),
        (("1INCH", "USDT", None), "bitfinex", "t1INCH:UST"),
        (("BTC", "USD", "BTC"), "bybit", "BTCUSD"),
        (("BTC", "USD", "BTC"), "binance", "BTCUSD_PERP"),
    ],
)
def test_venues_spell_pairs_their_way(
    pair: tuple[str, str, str | None], exchange: str, symbol: str
) -> None:
    assert venue_spelling(*pair, exchange) == symbol


@given(st.floats(min_value=1e-12, max_value=1e12), st.floats(min_value=1e-6, max_value=1e9))
def test_floats_are_what_they_were_in_both_encodings(
    tmp_path_factory: pytest.TempPathFactory, price: float, amount: float
) -> None:
    folder = tmp_path_factory.mktemp("freqtrade")
    columns = ("timestamp", "id", "type", "side", "price", "amount", "cost")
    row = [TRADE[0], "7", "limit", "buy", price, amount, price * amount]
    pl.DataFrame([dict(zip(columns, row, strict=True))]).write_ipc(folder / "A_B-trades.feather")
    paths = [folder / "A_B-trades.feather", _written(folder, "A_B-trades.json.gz", [row])]
    kept = [stored(read(FORMAT, path, BINANCE)[1])[0]["trades"] for path in paths]
    exact = Decimal(repr(price)).quantize(Decimal(1).scaleb(-18), context=Context(prec=40))
    assert [frame["price"].to_list() for frame in kept] == [[exact], [exact]]
    assert kept[0].equals(kept[1])
