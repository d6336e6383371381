"""OKX's messages."""

# ruff: noqa: E501 - recorded messages are as long as they are
from __future__ import annotations

from tests.capture.venues.reading import RECEIVED, take

TICKER = b'{"arg":{"channel":"tickers","instId":"BTC-USD-220527"},"data":[{"instType":"FUTURES","instId":"BTC-USD-220527","last":"30218.8","askPx":"30220.1","askSz":"3","bidPx":"30210.4","bidSz":"4","ts":"1652459223003"}]}'
TRADE = b'{"arg":{"channel":"trades","instId":"BTC-USD-220527"},"data":[{"instId":"BTC-USD-220527","tradeId":"7849","px":"30218.8","sz":"1","side":"buy","ts":"1652459199958"}]}'
BEST = b'{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["8476.98","415","0","13"]],"bids":[["8476.97","256","0","12"]],"ts":"1597026383085","checksum":-855196043,"seqId":123456}]}'
MARK = b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"42310.6","ts":"1630049139746"}]}'
FUNDING = b'{"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"fundingRate":"0.0001875391284828","fundingTime":"1700726400000","instId":"BTC-USD-SWAP","method":"next_period","nextFundingRate":"0.00001","nextFundingTime":"1700755200000","ts":"1700724675402"}]}'


def test_trades() -> None:
    aggregate = TRADE.replace(b'"ts"', b'"count":"3","ts"')
    single = aggregate.replace(b'"trades"', b'"trades-all"').replace(b'"buy"', b'"sell"')
    row = (1652459199958000, RECEIVED, "okx", "BTC-USD-220527")
    assert take("okx", TRADE, aggregate, single).trades.rows() == [
        (*row, "trade", 7849, "30218.8", "1", "BUY", 1),
        (*row, "agg_trade", 7849, "30218.8", "1", "BUY", 2),
        (*row, "trade", 7849, "30218.8", "1", "SELL", 3),
    ]


def test_quotes() -> None:
    empty = TICKER.replace(b'"30210.4"', b'""').replace(b'"4"', b'""')
    no_bids = BEST.replace(b'[["8476.97","256","0","12"]]', b"[]")
    quotes = take("okx", TICKER, empty, BEST, no_bids).quotes.drop("received_at", "exchange")
    assert quotes.rows() == [
        (1652459223003000, "BTC-USD-220527", "ticker", None, "30210.4", "4", "30220.1", "3", False, 1),
        (1652459223003000, "BTC-USD-220527", "ticker", None, None, None, "30220.1", "3", False, 2),
        (1597026383085000, "BTC-USDT", "depth", 123456, "8476.97", "256", "8476.98", "415", False, 3),
        (1597026383085000, "BTC-USDT", "depth", 123456, None, None, "8476.98", "415", False, 4),
    ]  # fmt: skip


def test_mark_prices_and_funding() -> None:
    undated = FUNDING.replace(b',"ts":"1700724675402"', b"").replace(b'"0.00001"', b'""')
    chunk = take("okx", MARK, FUNDING, undated)
    assert chunk.mark_prices.rows() == [
        (1630049139746000, RECEIVED, "okx", "BTC-USDT-SWAP", "42310.6", None, 1)
    ]
    rate = ("okx", "BTC-USD-SWAP", "0.0001875391284828", 1700726400000000)
    assert chunk.funding_rates.rows() == [
        (1700724675402000, RECEIVED, *rate, "0.00001", 2),
        (RECEIVED, RECEIVED, *rate, None, 3),
    ]


def test_a_bad_trade_is_refused_alone() -> None:
    good = TRADE.partition(b"[")[2].partition(b"]")[0]
    for bad in (
        good.replace(b'"7849"', b'"7_849"'),
        good.replace(b'"1652459199958"', b'"now"'),
        good.replace(b'"1652459199958"', b'"99999999999999999999"'),
        good.replace(b'"buy"', b'"none"'),
        good.replace(b'"30218.8"', b"30218.8"),
        b"null",
    ):
        payload = TRADE.replace(good, b"%s,%s,%s" % (good, bad, good))
        chunk = take("okx", payload)
        assert chunk.trades.height == 2
        assert [(one.raw, one.symbol, one.stream) for one in chunk.rejects] == [
            (payload, "BTC-USD-220527", "trade")
        ]


def test_other_channels_are_ignored_and_answers_are_nothing() -> None:
    chunk = take(
        "okx",
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{}]}',
        b'{"arg":{"channel":"instruments","instType":"FUTURES"},"data":[{},{}]}',
        b'{"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"}}',
        b'{"event":"error","code":"60012","msg":"Invalid request"}',
        b"pong",
    )
    assert chunk.ignored == {
        ("okx", "BTC-USDT", "books"): 1,
        ("okx", "unknown", "instruments"): 1,
    }
    assert chunk.received == 2
