"""Coinbase's messages."""

# ruff: noqa: E501 - recorded messages are as long as they are
from __future__ import annotations

from tests.capture.venues.reading import RECEIVED, take

MATCH = b'{"type":"match","trade_id":280232,"maker_order_id":"2a0da34e","taker_order_id":"3c82abaa","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"}'
TICKER = b'{"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,"last_size":"0.04"}'


def test_the_aggressor_is_the_other_side_than_the_maker() -> None:
    last = MATCH.replace(b'"match"', b'"last_match"').replace(b'"sell"', b'"buy"')
    row = (1618677817089723, RECEIVED, "coinbase", "SKL-BTC", "trade", 280232, "0.00001305", "985")
    assert take("coinbase", MATCH, last).trades.rows() == [(*row, "BUY", 1), (*row, "SELL", 2)]


def test_tickers_with_sizes_are_quotes() -> None:
    sized = TICKER.replace(b'"side"', b'"best_bid_size":"5.10","best_ask_size":"0.00000001","side"')
    chunk = take("coinbase", sized, TICKER)
    assert chunk.quotes.rows() == [
        (1618677810244075, RECEIVED, "coinbase", "BAND-GBP", "ticker", 333938798, "14.7550", "5.10", "14.8060", "0.00000001", False, 1),
    ]  # fmt: skip
    assert chunk.ignored == {("coinbase", "BAND-GBP", "ticker"): 1}


def test_what_is_no_match_is_refused() -> None:
    for bad in (
        MATCH.replace(b"280232", b'"280232"'),
        MATCH.replace(b"280232", b"-1"),
        MATCH.replace(b"Z", b""),
        MATCH.replace(b"-17T", b"-31T"),
        MATCH.replace(b'"sell"', b'"both"'),
        MATCH.replace(b'"985"', b"985"),
        MATCH[:-1],
        b"{}",
        b"[]",
    ):
        chunk = take("coinbase", bad)
        assert (len(chunk.rejects), chunk.received) == (1, 1)


def test_other_types_are_ignored_and_heartbeats_are_nothing() -> None:
    chunk = take(
        "coinbase",
        b'{"type":"l2update","product_id":"SKL-BTC","changes":[],"time":"2021-04-17T16:43:37.075687Z"}',
        b'{"type":"snapshot","product_id":"SKL-BTC","asks":[],"bids":[]}',
        b'{"type":"done","product_id":"SKL-BTC"}',
        b'{"type":"heartbeat","sequence":90,"product_id":"BTC-USD"}',
        b'{"type":"subscriptions","channels":[]}',
        b'{"type":"status","products":[]}',
        b'{"type":"error","message":"no"}',
    )
    assert chunk.ignored == {
        ("coinbase", "SKL-BTC", label): 1 for label in ("l2update", "snapshot", "done")
    }
