"""Kraken's messages, v1 and v2."""

# ruff: noqa: E501 - recorded messages are as long as they are
from __future__ import annotations

from tests.capture.venues.reading import RECEIVED, take

TRADES = b'[993,[["354.11000000","0.89594024","1618678142.557535","s","l",""],["354.12","1","1618678142.5","b","m",""]],"trade","XMR/USD"]'
TICKER = b'[1668,{"a":["13.253900",35,"35.72892241"],"b":["13.232900",185,"185.18432037"],"c":["13.253900","3.71672000"],"t":[640,1353]},"ticker","WAVES/EUR"]'
SPREAD = b'[0,["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"]'
NEW_TRADES = b'{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"},{"symbol":"SHIB/USD","side":"buy","price":7.6e-06,"qty":1234567890123.10,"ord_type":"limit","trade_id":1,"timestamp":"2023-09-25T07:49:37Z"}]}'
NEW_TICKER = b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10035,"ask_qty":740.10,"last":0.10035}]}'


def test_trades_of_the_first_version() -> None:
    row = (RECEIVED, "kraken", "XMR/USD", "trade", None)
    assert take("kraken", TRADES).trades.rows() == [
        (1618678142557535, *row, "354.11000000", "0.89594024", "SELL", 1),
        (1618678142500000, *row, "354.12", "1", "BUY", 1),
    ]


def test_trades_of_the_second_version_keep_the_digits() -> None:
    assert take("kraken", NEW_TRADES).trades.rows() == [
        (1695628177708706, RECEIVED, "kraken", "MATIC/USD", "trade", 4665906, "0.5117", "40.0", "SELL", 1),
        (1695628177000000, RECEIVED, "kraken", "SHIB/USD", "trade", 1, "7.6e-06", "1234567890123.10", "BUY", 1),
    ]  # fmt: skip


def test_quotes() -> None:
    timed = NEW_TICKER.replace(b'"last"', b'"timestamp":"2025-01-01T00:00:00.5Z","last"')
    quotes = take("kraken", TICKER, SPREAD, NEW_TICKER, timed).quotes
    assert quotes.drop("received_at", "exchange", "sequence").rows() == [
        (RECEIVED, "WAVES/EUR", "ticker", "13.232900", "185.18432037", "13.253900", "35.72892241", True, 1),
        (1542057299545897, "XBT/USD", "depth", "5698.40000", "1.01234567", "5700.00000", "0.98765432", False, 2),
        (RECEIVED, "ALGO/USD", "ticker", "0.10025", "740.0", "0.10035", "740.10", True, 3),
        (1735689600500000, "ALGO/USD", "ticker", "0.10025", "740.0", "0.10035", "740.10", False, 4),
    ]  # fmt: skip


def test_a_bad_trade_is_refused_alone() -> None:
    for payload in (
        TRADES.replace(b'"s"', b'"x"'),
        TRADES.replace(b'"354.12"', b"354.12"),
        TRADES.replace(b'"1618678142.5"', b'"1618678142,5"'),
        TRADES.replace(b'"354.12","1","1618678142.5","b","m",""', b'"354.12"'),
        NEW_TRADES.replace(b'"sell"', b'"s e l l"'),
        NEW_TRADES.replace(b"0.5117", b"null"),
        NEW_TRADES.replace(b"37Z", b"37+01:00"),
    ):
        chunk = take("kraken", payload)
        assert chunk.trades.height == 1
        assert [(one.raw, one.stream) for one in chunk.rejects] == [(payload, "trade")]


def test_other_channels_are_ignored_and_control_is_nothing() -> None:
    chunk = take(
        "kraken",
        b'[1920,{"a":[["0.042990","1","1618678145.920470"]]},{"b":[],"c":"4105471083"},"book-1000","SC/EUR"]',
        b'[42,["1542057314.748456"],"ohlc-5","XBT/USD"]',
        b'{"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD","bids":[],"asks":[]}]}',
        b'{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}}',
        b'{"event":"heartbeat"}',
        b'{"event":"subscriptionStatus","status":"subscribed"}',
        b'{"channel":"heartbeat"}',
        b'{"channel":"status","type":"update","data":[{"system":"online"}]}',
        b'{"method":"subscribe","result":{},"success":true}',
    )
    assert chunk.ignored == {
        ("kraken", "SC/EUR", "book-1000"): 1,
        ("kraken", "XBT/USD", "ohlc-5"): 1,
        ("kraken", "MATIC/USD", "book"): 1,
        ("kraken", "unknown", "instrument"): 1,
    }
    assert chunk.received == 4
