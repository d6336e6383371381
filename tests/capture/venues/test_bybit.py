"""Bybit's messages: the realtime API of 2021, and v5."""

# ruff: noqa: E501 - recorded messages are as long as they are
from __future__ import annotations

from tests.capture.venues.reading import RECEIVED, take

LINEAR = b'{"topic":"trade.BCHUSDT","data":[{"symbol":"BCHUSDT","tick_direction":"MinusTick","price":"1053.90","size":0.140,"timestamp":"2021-04-17T16:43:05.000Z","trade_time_ms":"1618677785116","side":"Buy","trade_id":"01cacfe9-8d1c-5ee4-995d-d79a43f955a6"}]}'
INVERSE = b'{"topic":"trade.BTCUSD","data":[{"trade_time_ms":1618677786614,"symbol":"BTCUSD","side":"Sell","size":4,"price":60621.50,"trade_id":"5ffb8b77-900c-507d-97a2-0922557ffe54","cross_seq":1},{"trade_time_ms":1618677786618,"symbol":"BTCUSD","side":"Sell","size":1,"price":6.06215e4,"trade_id":"bcd64120-c0c8-587d-94fc-4fa4eaf6086c","cross_seq":1}]}'
TRADE = b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false},{"T":1672304486866,"s":"BTCUSDT","S":"Sell","v":"2","p":"16578.00","i":"30f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}'
TICKER = b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","lastPrice":"17216.00","markPrice":"17217.33","indexPrice":"17227.36","nextFundingTime":"1673280000000","fundingRate":"-0.000212","bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00","ask1Size":"83.020"},"cs":24987956059,"ts":1673272861686}'


def ticker(fields: bytes) -> bytes:
    return b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT",%s},"ts":1673272861786}' % fields  # fmt: skip


def best(update: int, bids: bytes, asks: bytes, kind: bytes = b"delta") -> bytes:
    return b'{"topic":"orderbook.1.BTCUSDT","type":"%s","ts":1672304484978,"cts":1672304484976,"data":{"s":"BTCUSDT","b":%s,"a":%s,"u":%d,"seq":7961638724}}' % (kind, bids, asks, update)  # fmt: skip


def test_old_trades_keep_the_digits_of_text_and_numbers() -> None:
    assert take("bybit", LINEAR, INVERSE).trades.rows() == [
        (1618677785116000, RECEIVED, "bybit", "BCHUSDT", "trade", None, "1053.90", "0.140", "BUY", 1),
        (1618677786614000, RECEIVED, "bybit", "BTCUSD", "trade", None, "60621.50", "4", "SELL", 2),
        (1618677786618000, RECEIVED, "bybit", "BTCUSD", "trade", None, "6.06215e4", "1", "SELL", 2),
    ]  # fmt: skip


def test_trades() -> None:
    assert take("bybitspot", TRADE).trades.rows() == [
        (1672304486865000, RECEIVED, "bybitspot", "BTCUSDT", "trade", None, "16578.50", "0.001", "BUY", 1),
        (1672304486866000, RECEIVED, "bybitspot", "BTCUSDT", "trade", None, "16578.00", "2", "SELL", 1),
    ]  # fmt: skip


def test_a_bad_trade_is_refused_alone() -> None:
    worse = INVERSE.replace(b'"size":1', b'"size":null').replace(b'"size":4', b'"size":"4"')
    for payload in (
        TRADE.replace(b'"S":"Sell"', b'"S":"None"'),
        TRADE.replace(b'"v":"2",', b""),
        worse,
    ):
        chunk = take("bybit", payload)
        assert chunk.trades.height == 1
        (reject,) = chunk.rejects
        assert (reject.raw, reject.stream) == (payload, "trade")


def test_tickers_give_what_they_hold_whole() -> None:
    chunk = take(
        "bybit",
        TICKER,
        ticker(b'"bid1Price":"17215.00"'),
        ticker(b'"bid1Price":"","bid1Size":"","ask1Price":"17216.50","ask1Size":"1"'),
        ticker(b'"markPrice":"17218.00"'),
    )
    assert chunk.quotes.drop("received_at", "exchange", "symbol").rows() == [
        (1673272861686000, "ticker", None, "17215.50", "84.489", "17216.00", "83.020", False, 1),
        (1673272861786000, "ticker", None, None, None, "17216.50", "1", False, 3),
    ]
    assert chunk.mark_prices.rows() == [
        (1673272861686000, RECEIVED, "bybit", "BTCUSDT", "17217.33", "17227.36", 1),
        (1673272861786000, RECEIVED, "bybit", "BTCUSDT", "17218.00", None, 4),
    ]
    assert chunk.funding_rates.rows() == [
        (1673272861686000, RECEIVED, "bybit", "BTCUSDT", "-0.000212", 1673280000000000, None, 1)
    ]
    assert chunk.ignored == {("bybit", "BTCUSDT", "tickers"): 1}


def test_the_best_levels_are_followed_change_by_change() -> None:
    chunk = take(
        "bybit",
        best(9, b'[["1","1"]]', b"[]"),  # before the first snapshot: nothing to build upon
        best(10, b'[["16493.50","0.006"]]', b'[["16611.00","0.029"]]', b"snapshot"),
        best(11, b'[["16494.00","1"],["16493.5","0"]]', b"[]"),
        best(12, b"[]", b'[["16611.00","3"]]'),
        best(12, b'[["16494.00","1"]]', b'[["16611.00","3"]]', b"snapshot"),  # sent again
        best(13, b"[]", b'[["16611.00","0"]]'),
    )
    assert chunk.quotes.select("timestamp", "source", "sequence", "bid_price", "bid_volume", "ask_price", "ask_volume", "line").rows() == [
        (1672304484976000, "depth", 10, "16493.50", "0.006", "16611.00", "0.029", 2),
        (1672304484976000, "depth", 11, "16494.00", "1", "16611.00", "0.029", 3),
        (1672304484976000, "depth", 12, "16494.00", "1", "16611.00", "3", 4),
        (1672304484976000, "depth", 13, "16494.00", "1", None, None, 6),
    ]  # fmt: skip
    assert chunk.ignored == {("bybit", "BTCUSDT", "orderbook.1"): 2}


def test_best_levels_are_silent_after_a_loss_until_the_next_snapshot() -> None:
    start = best(10, b'[["100","1"]]', b'[["101","1"]]', b"snapshot")
    after = best(12, b"[]", b'[["101","5"]]')
    again = best(20, b'[["100","2"]]', b'[["101","2"]]', b"snapshot")
    # A change was missed: it would have taken the level at 100 away.
    two_bids = best(11, b'[["99","1"]]', b"[]")
    assert take("bybit", start, two_bids, after, again).quotes["sequence"].to_list() == [10, 20]
    for broken in (best(11, b'[["x","1"]]', b"[]"), best(11, b"[", b"[]")):
        chunk = take("bybit", start, broken, after, again)
        assert chunk.quotes["sequence"].to_list() == [10, 20]
        assert [reject.line for reject in chunk.rejects] == [2]


def test_other_topics_are_ignored_and_answers_are_nothing() -> None:
    chunk = take(
        "bybit",
        b'{"topic":"orderBookL2_25.BTCUSD","type":"delta","data":{}}',
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","data":{}}',
        b'{"topic":"instrument_info.100ms.BTCUSD","type":"delta","data":{}}',
        b'{"topic":"insurance","data":[]}',
        b'{"success":true,"ret_msg":"","conn_id":"x","request":{"op":"subscribe"}}',
        b'{"op":"pong","args":["1675418560633"],"conn_id":"x"}',
    )
    assert chunk.ignored == {
        ("bybit", "BTCUSD", "orderBookL2_25"): 1,
        ("bybit", "BTCUSDT", "orderbook.50"): 1,
        ("bybit", "BTCUSD", "instrument_info.100ms"): 1,
        ("bybit", "unknown", "insurance"): 1,
    }
    assert chunk.received == 4
