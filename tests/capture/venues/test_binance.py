"""Binance's messages as live streams and recordings have them."""

# ruff: noqa: E501 - recorded messages are as long as they are
from __future__ import annotations

import pytest

from tests.capture.venues.reading import RECEIVED, take

TRADE = b'{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}'
AGG_TRADE = b'{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000","f":19862790,"l":19862790,"T":1633998523963,"m":false,"M":true}'
TICKER = b'{"u":499869768,"s":"NKNUSDT","b":"0.35210000","B":"672.00000000","a":"0.35260000","A":"3199.00000000"}'
FUTURES_TICKER = b'{"e":"bookTicker","u":600859600576,"s":"SUSHIUSDT","b":"7.6110","B":"2","a":"7.6120","A":"297","T":1626992741012,"E":1626992741017}'
MARK = b'{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000}'
DATED = b'{"e":"markPriceUpdate","E":1596095725000,"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236","r":"","T":0}'
DEPTH = b'{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}'
LIQUIDATION = b'{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL"}}'


def streamed(name: str, data: bytes) -> bytes:
    return b'{"stream":"%s","data":%s}' % (name.encode(), data)


@pytest.mark.parametrize("wrap", [True, False])
def test_trades(wrap: bool) -> None:
    payloads = [TRADE, AGG_TRADE]
    if wrap:
        payloads = [streamed("btcusdt@trade", TRADE), streamed("nknusdt@aggTrade", AGG_TRADE)]
    assert take("binance", *payloads).trades.rows() == [
        (1723161255342000, RECEIVED, "binance", "BTCUSDT", "trade", 3735683259, "61837.63000000", "0.02000000", "SELL", 1),
        (1633998523963000, RECEIVED, "binance", "NKNUSDT", "agg_trade", 15683430, "0.35280000", "58.00000000", "BUY", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("wrap", [True, False])
def test_quotes(wrap: bool) -> None:
    payloads = [TICKER, FUTURES_TICKER]
    if wrap:
        payloads = [streamed("nknusdt@bookTicker", TICKER), streamed("!bookTicker", FUTURES_TICKER)]
    assert take("binanceus", *payloads).quotes.rows() == [
        (RECEIVED, RECEIVED, "binanceus", "NKNUSDT", "ticker", 499869768, "0.35210000", "672.00000000", "0.35260000", "3199.00000000", True, 1),
        (1626992741012000, RECEIVED, "binanceus", "SUSHIUSDT", "ticker", 600859600576, "7.6110", "2", "7.6120", "297", False, 2),
    ]  # fmt: skip


def test_mark_prices_and_funding() -> None:
    both = streamed("!markPrice@arr@1s", b"[%s,%s]" % (MARK, DATED))
    chunk = take("binanceusdm", streamed("btcusdt@markPrice", MARK), both)
    row = (1562305380000000, RECEIVED, "binanceusdm", "BTCUSDT", "11794.15000000", "11784.62659091")
    dated = (1596095725000000, RECEIVED, "binanceusdm", "BTCUSD_201225", "10934.62615417", None, 2)
    assert chunk.mark_prices.rows() == [(*row, 1), (*row, 2), dated]
    funding = (
        1562305380000000,
        RECEIVED,
        "binanceusdm",
        "BTCUSDT",
        "0.00038167",
        1562306400000000,
        None,
    )
    assert chunk.funding_rates.rows() == [(*funding, 1), (*funding, 2)]
    assert chunk.received == 5


def test_other_streams_are_ignored_by_name() -> None:
    chunk = take(
        "binance",
        streamed("btcusdt@depth@100ms", DEPTH),
        DEPTH,
        streamed("btcusdt@kline_1m", b'{"e":"kline"}'),
        streamed("!ticker@arr", b"[]"),
        LIQUIDATION,
        b'{"lastUpdateId":1,"bids":[],"asks":[]}',
    )
    assert chunk.ignored == {
        ("binance", "BTCUSDT", "depth"): 2,
        ("binance", "BTCUSDT", "kline_1m"): 1,
        ("binance", "unknown", "ticker"): 1,
        ("binance", "unknown", "forceOrder"): 1,
        ("binance", "unknown", "snapshot"): 1,
    }


def test_answers_are_nothing() -> None:
    chunk = take(
        "binance",
        b'{"result":null,"id":1}',
        b'{"error":{"code":2,"msg":"Invalid request"},"id":2}',
    )
    assert chunk.received == 0


def test_one_bad_record_does_not_spoil_its_message() -> None:
    bad = MARK.replace(b'"11794.15000000"', b"11794.15")
    payload = streamed("!markPrice@arr", b"[%s,%s]" % (bad, DATED))
    chunk = take("binanceusdm", payload)
    assert chunk.mark_prices["symbol"].to_list() == ["BTCUSD_201225"]
    (reject,) = chunk.rejects
    assert (reject.raw, reject.line, reject.stream) == (payload, 1, "mark_price")
    assert "$.p" in reject.detail


def test_data_of_another_symbol_is_refused() -> None:
    chunk = take("binance", streamed("ethusdt@trade", TRADE))
    assert [(one.symbol, one.stream) for one in chunk.rejects] == [("ETHUSDT", "trade")]
    assert "of ETHUSDT, its data of 'BTCUSDT'" in chunk.rejects[0].detail


def test_one_symbol_is_selected() -> None:
    chunk = take("binance", TRADE, AGG_TRADE, TICKER, DEPTH, only="btcusdt")
    assert chunk.trades["symbol"].to_list() == ["BTCUSDT"]
    assert chunk.ignored == {
        ("binance", "NKNUSDT", "agg_trade"): 1,
        ("binance", "NKNUSDT", "ticker"): 1,
        ("binance", "BTCUSDT", "depth"): 1,
    }
