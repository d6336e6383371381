"""Whatever a venue, or a file said to be one, sends: rows or a refusal, all accounted for."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.chunk import (
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
)
from cryptoscalp.capture.validation import validate_quotes, validate_trades
from cryptoscalp.capture.venues.directory import VENUES, exchange_at, stranger_at
from tests.capture.venues import (
    test_binance,
    test_bybit,
    test_coinbase,
    test_kraken,
    test_okx,
)
from tests.capture.venues.reading import RECEIVED, take

MODULES = {
    "binance": test_binance,
    "bybit": test_bybit,
    "okx": test_okx,
    "coinbase": test_coinbase,
    "kraken": test_kraken,
}
KNOWN = {
    exchange: [value for value in vars(module).values() if isinstance(value, bytes)]
    for exchange, module in MODULES.items()
}
KNOWN["binance"] += [
    test_binance.streamed("btcusdt@trade", test_binance.TRADE),
    test_binance.streamed("!markPrice@arr", b"[%s]" % test_binance.MARK),
]
KNOWN["bybit"] += [
    test_bybit.best(10, b'[["1","1"]]', b'[["2","1"]]', b"snapshot"),
    test_bybit.best(11, b'[["1","2"]]', b"[]"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def altered(draw: st.DrawFn, exchange: str) -> bytes:
    """A message of the venue with bytes changed, or with a value replaced by any other."""
    payload = draw(st.sampled_from(KNOWN[exchange]))
    if draw(st.booleans()):
        return json.dumps(_replaced(draw, json.loads(payload))).encode()
    body = bytearray(payload)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        match draw(st.sampled_from(["set", "cut", "drop", "insert"])):
            case "set":
                body[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del body[at:]
            case "drop":
                del body[at : at + draw(st.integers(1, 30))]
            case _:
                body[at:at] = draw(st.binary(max_size=4) | st.sampled_from([b'"', b"[", b"null,"]))
    return bytes(body)


def _replaced(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _replaced(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _replaced(draw, value[at]), *value[at + 1 :]]
    return draw(JSON)


def check(chunk: Chunk) -> None:
    frames = (chunk.trades, chunk.quotes, chunk.mark_prices, chunk.funding_rates)
    schemas = (TRADE_COLUMNS, QUOTE_COLUMNS, MARK_COLUMNS, FUNDING_COLUMNS)
    for frame, schema in zip(frames, schemas, strict=True):
        assert dict(frame.schema) == pl.Schema(schema)
        assert all(chunk.raw(line) for line in frame["line"])
    for reject in chunk.rejects:
        assert chunk.raw(reject.line) == reject.raw
        assert reject.detail
    for names in chunk.ignored:
        assert all(0 < len(name) <= 64 and name.isprintable() for name in names)
    # What comes after takes whatever came through.
    validate_trades(chunk.trades, now_us=RECEIVED)
    validate_quotes(chunk.quotes, now_us=RECEIVED)


@pytest.mark.long
@pytest.mark.parametrize("exchange", MODULES)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_altered_messages(exchange: str, data: st.DataObject) -> None:
    check(take(exchange, *data.draw(st.lists(altered(exchange), max_size=6))))


@pytest.mark.long
@pytest.mark.parametrize("exchange", MODULES)
@given(payloads=st.lists(st.binary() | JSON.map(lambda value: json.dumps(value).encode())))
@settings(max_examples=80, deadline=None)
def test_any_bytes(exchange: str, payloads: list[bytes]) -> None:
    check(take(exchange, *payloads))


@pytest.mark.parametrize("exchange", MODULES)
def test_deep_nesting_is_refused(exchange: str) -> None:
    for payload in (b"[" * 100_000, b'{"data":' * 100_000, b'{"x":' + b"[" * 100_000):
        chunk = take(exchange, payload)
        assert (len(chunk.rejects), chunk.received) == (1, 1)


@pytest.mark.parametrize(
    ("exchange", "payload", "told"),
    [
        ("binance", b'{"stream":"nknusdt@bookTicker","data":{"u":4998', ("NKNUSDT", "ticker")),
        ("binance", b'{"stream":"nknusdt@kline_1m","data":{"u":4998', ("NKNUSDT", "kline")),
        ("okx", test_okx.TICKER[:-9], ("BTC-USD-220527", "ticker")),
        ("coinbase", test_coinbase.TICKER[:-9], ("BAND-GBP", "ticker")),
        ("coinbase", test_coinbase.MATCH[:-9], ("SKL-BTC", "trade")),
        ("kraken", test_kraken.SPREAD.replace(b'"5700', b'\xff"5700'), ("XBT/USD", "depth")),
        ("kraken", b"nothing", (None, None)),
    ],
)
def test_a_damaged_message_tells_whose_it_was(
    exchange: str, payload: bytes, told: tuple[str | None, str | None]
) -> None:
    (reject,) = take(exchange, payload).rejects
    assert (reject.symbol, reject.stream) == told


@pytest.mark.parametrize("exchange", MODULES)
def test_every_known_message_is_good(exchange: str) -> None:
    chunk = take(exchange, *KNOWN[exchange])
    assert not chunk.rejects
    assert chunk.received


def test_addresses_tell_the_exchange() -> None:
    for url, exchange in {
        "wss://stream.binance.com:9443/stream?streams=x": "binance",
        "wss://stream.binance.us:9443/stream": "binanceus",
        "wss://fstream.binance.com/stream": "binanceusdm",
        "wss://dstream.binance.com/stream": "binancecoinm",
        "wss://stream.bybit.com/realtime": "bybit",
        "wss://stream.bybit.com/v5/public/spot": "bybitspot",
        "wss://stream.bybit.com/v5/public/linear": "bybit",
        "wss://ws.okx.com:8443/ws/v5/public": "okx",
        "wss://ws-feed.exchange.coinbase.com": "coinbase",
        "wss://ws.kraken.com/v2": "kraken",
        "wss://testnet.binance.vision/stream": None,
        "wss://[": None,
        "": None,
    }.items():
        assert exchange_at(url) == exchange
        assert stranger_at(url) is None
        assert exchange is None or exchange in VENUES
    assert stranger_at("wss://futures.kraken.com/ws/v1") == "Kraken Futures"
    assert stranger_at("wss://www.deribit.com/ws/api/v2") == "Deribit"
    assert stranger_at("wss://notderibit.com/") is None
