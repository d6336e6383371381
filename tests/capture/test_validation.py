"""Which rows are refused, for which reason, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from cryptoscalp.capture.chunk import QUOTE_COLUMNS, TRADE_COLUMNS, empty_quotes, empty_trades
from cryptoscalp.capture.validation import (
    QuarantineReason,
    Validated,
    validate_quotes,
    validate_trades,
)

NOW = 1_723_161_256_322_000
AT = datetime(2024, 8, 8, 23, 54, 16, 322000, tzinfo=UTC)
TRADE = {
    "timestamp": NOW, "received_at": NOW, "exchange": "binance", "symbol": "BTCUSDT",
    "feed": "trade", "sequence": 1, "price": "61837.63000000", "volume": "0.02", "side": "SELL",
    "line": 7,
}  # fmt: skip
QUOTE = {
    "timestamp": NOW, "received_at": NOW, "exchange": "binance", "symbol": "BTCUSDT",
    "source": "ticker", "sequence": 1, "bid_price": "10.0", "bid_volume": "1",
    "ask_price": "10.1", "ask_volume": "2", "by_receive_time": False, "line": 7,
}  # fmt: skip


def trades(**changes: object) -> Validated:
    rows = pl.DataFrame([{**TRADE, "line": 6}, {**TRADE, **changes}], schema=TRADE_COLUMNS)
    return validate_trades(rows, now_us=NOW)


def quotes(**changes: object) -> Validated:
    rows = pl.DataFrame([{**QUOTE, "line": 6}, {**QUOTE, **changes}], schema=QUOTE_COLUMNS)
    return validate_quotes(rows, now_us=NOW)


def test_good_trade_is_typed() -> None:
    good, bad, _ = trades(side=None, sequence=None, received_at=None)
    assert bad.height == 0
    assert good.columns == list(TRADE_COLUMNS)
    assert good.row(1, named=True) | {"timestamp": None} == {
        **TRADE, "timestamp": None, "received_at": None, "sequence": None, "side": None,
        "price": Decimal("61837.63"), "volume": Decimal("0.02"),
    }  # fmt: skip
    assert good["timestamp"].to_list() == [AT, AT]
    assert good["price"].dtype == pl.Decimal(38, 18)


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"price": None}, QuarantineReason.MALFORMED, "price is missing"),
        ({"price": "abc"}, QuarantineReason.MALFORMED, "price 'abc' is not a number"),
        ({"volume": ""}, QuarantineReason.MALFORMED, "volume '' is not a number"),
        ({"side": "sell"}, QuarantineReason.MALFORMED, "side 'sell'"),
        ({"feed": None}, QuarantineReason.MALFORMED, "feed"),
        ({"price": "1e-19"}, QuarantineReason.OUT_OF_DOMAIN, "18 decimals"),
        ({"volume": "1" * 21}, QuarantineReason.OUT_OF_DOMAIN, "volume"),
        ({"price": "0.00"}, QuarantineReason.NON_POSITIVE_PRICE, "price '0.00'"),
        ({"price": "-1"}, QuarantineReason.NON_POSITIVE_PRICE, "price '-1'"),
        ({"volume": "0"}, QuarantineReason.NON_POSITIVE_SIZE, "volume '0'"),
        ({"symbol": ""}, QuarantineReason.UNKNOWN_SYMBOL, "symbol"),
        ({"symbol": None}, QuarantineReason.UNKNOWN_SYMBOL, "symbol"),
        ({"symbol": "A" * 65}, QuarantineReason.UNKNOWN_SYMBOL, "symbol"),
        ({"symbol": "BTC\x00USDT"}, QuarantineReason.UNKNOWN_SYMBOL, r"\x00"),
        ({"exchange": "x" * 33}, QuarantineReason.UNKNOWN_SYMBOL, "exchange"),
    ],
)
def test_bad_trades(changes: dict[str, object], reason: str, words: str) -> None:
    good, bad, _ = trades(**changes)
    assert good["line"].to_list() == [6]
    assert bad["line"].to_list() == [7]
    assert bad["reason"].to_list() == [reason]
    assert words in bad["detail"][0]


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        (NOW // 1_000_000, "would fit as seconds"),
        (NOW // 1_000, "would fit as milliseconds"),
        (NOW * 1_000, "would fit as nanoseconds"),
        (NOW + 600_000_001, "in the future"),
        (1_230_940_799_999_999, "before 2009-01-03"),
        (0, "fits no unit"),
        (-5, "fits no unit"),
        (2**63 - 1, "in the future"),
        (None, "timestamp is missing"),
    ],
)
def test_times_out_of_range_name_the_unit_that_fits(timestamp: int | None, words: str) -> None:
    for _, bad, _ in (trades(timestamp=timestamp), quotes(timestamp=timestamp)):
        assert bad["reason"].to_list() == [QuarantineReason.TIMESTAMP_OUT_OF_RANGE]
        assert words in bad["detail"][0]


def test_times_at_the_edges_are_good() -> None:
    for timestamp in (1_230_940_800_000_000, NOW + 600_000_000):
        assert trades(timestamp=timestamp)[1].height == 0
    assert trades(received_at=0)[1].height == 0  # a receiver without a clock
    assert trades(received_at=2**62)[1]["detail"][0].startswith("received_at")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bid_price": "10.2"}, QuarantineReason.CROSSED_BOOK),
        ({"bid_price": None, "bid_volume": None}, QuarantineReason.ONE_SIDED_BOOK),
        ({"ask_price": None, "ask_volume": None}, QuarantineReason.ONE_SIDED_BOOK),
        ({"ask_price": None}, QuarantineReason.MALFORMED),
        ({"ask_price": "0"}, QuarantineReason.NON_POSITIVE_PRICE),
        ({"bid_volume": "0.000"}, QuarantineReason.NON_POSITIVE_SIZE),
        ({"source": "book"}, QuarantineReason.MALFORMED),
        ({"bid_volume": "1e-30"}, QuarantineReason.OUT_OF_DOMAIN),
    ],
)
def test_bad_quotes(changes: dict[str, object], reason: str) -> None:
    good, bad, _ = quotes(**changes)
    assert good["line"].to_list() == [6]
    assert bad["reason"].to_list() == [reason]


def test_locked_book_is_good() -> None:
    good, bad, _ = quotes(bid_price="10.10")
    assert (good.height, bad.height) == (2, 0)
    assert good["bid_price"][1] == good["ask_price"][1] == Decimal("10.1")


def test_float_columns_are_taken() -> None:
    rows = pl.DataFrame([TRADE], schema=TRADE_COLUMNS).with_columns(price=0.1, volume=2e-7)
    good, _, rounded = validate_trades(rows, now_us=NOW)
    assert good.select("price", "volume").row(0) == (Decimal("0.1"), Decimal("0.0000002"))
    assert rounded == 0


def test_rounded_values_are_counted_where_they_are_stored() -> None:
    noise = 1.2345678901234567e-05  # 21 decimals
    rows = pl.DataFrame([TRADE] * 3, schema=TRADE_COLUMNS).with_columns(
        price=pl.Series([noise, noise, 1.0]), volume=pl.Series([noise, -1.0, noise])
    )
    good, bad, rounded = validate_trades(rows, now_us=NOW)
    assert (good.height, bad.height, rounded) == (2, 1, 3)


def test_rows_of_one_line_are_refused_one_by_one() -> None:
    """One message may hold several events: they share its line, not its verdict."""
    rows = pl.DataFrame(
        [TRADE, {**TRADE, "price": "-1"}, {**TRADE, "price": "x"}, TRADE], schema=TRADE_COLUMNS
    )
    good, bad, _ = validate_trades(rows, now_us=NOW)
    assert good.height == 2
    assert bad.select("line", "price", "reason").rows() == [
        (7, "-1", QuarantineReason.NON_POSITIVE_PRICE), (7, "x", QuarantineReason.MALFORMED),
    ]  # fmt: skip


def test_nothing_in_nothing_out() -> None:
    for good, bad, _ in (
        validate_trades(empty_trades(), now_us=NOW),
        validate_quotes(empty_quotes(), now_us=NOW),
    ):
        assert (good.height, bad.height) == (0, 0)
        assert good["timestamp"].dtype == pl.Datetime("us", "UTC")
