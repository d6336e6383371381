"""Which candles, mark prices and funding rates are refused, for which reason, in which words."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from cryptoscalp.capture.chunk import CANDLE_COLUMNS, FUNDING_COLUMNS, MARK_COLUMNS
from cryptoscalp.capture.state_validation import (
    validate_candles,
    validate_funding_rates,
    validate_mark_prices,
)
from cryptoscalp.capture.validation import QuarantineReason, Validated
from cryptoscalp.market.buckets import STORED_SECONDS
from tests.capture.storing import MINUTE_US, NOON_US, candle, funding, mark

_DAY_US = 1440 * MINUTE_US
_THURSDAY = NOON_US - 720 * MINUTE_US  # 2024-08-08 00:00
#: Whatever is asked for, the second row is always good.
_LATEST = NOON_US + 60 * MINUTE_US


def candles(**changes: object) -> Validated:
    rows = [{**candle(0), **changes, "line": 1}, {**candle(1), "line": 2}]
    return validate_candles(pl.DataFrame(rows, schema=CANDLE_COLUMNS), now_us=_LATEST)


def marks(**changes: object) -> Validated:
    rows = [{**mark(0), **changes, "line": 1}, {**mark(1), "line": 2}]
    return validate_mark_prices(pl.DataFrame(rows, schema=MARK_COLUMNS), now_us=_LATEST)


def fundings(**changes: object) -> Validated:
    rows = [{**funding(0), **changes, "line": 1}, {**funding(1), "line": 2}]
    return validate_funding_rates(pl.DataFrame(rows, schema=FUNDING_COLUMNS), now_us=_LATEST)


def check(found: Validated, reason: QuarantineReason, words: str) -> None:
    assert found.good["line"].to_list() == [2]
    assert found.bad.select("line", "reason").rows() == [(1, reason)]
    assert words in found.bad["detail"][0]


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"high": "1.4"}, QuarantineReason.INCONSISTENT_CANDLE, "high 1.4 is below open 1, close"),
        ({"low": "1.2"}, QuarantineReason.INCONSISTENT_CANDLE, "low 1.2 is above open 1 or close"),
        ({"low": "0"}, QuarantineReason.NON_POSITIVE_PRICE, "low '0' is not above zero"),
        ({"close": "-1"}, QuarantineReason.NON_POSITIVE_PRICE, "close '-1'"),
        ({"volume": "-0.1"}, QuarantineReason.NON_POSITIVE_SIZE, "volume '-0.1' is below zero"),
        ({"trade_count": -1}, QuarantineReason.MALFORMED, "trade_count -1 is below zero"),
        ({"open": None}, QuarantineReason.MALFORMED, "open is missing"),
        ({"volume": None}, QuarantineReason.MALFORMED, "volume is missing"),
        ({"close": "NaN"}, QuarantineReason.OUT_OF_DOMAIN, "close 'NaN'"),
        ({"close": "1e-19"}, QuarantineReason.OUT_OF_DOMAIN, "18 decimals"),
        ({"open": "one"}, QuarantineReason.MALFORMED, "open 'one' is not a number"),
        ({"interval": "7m"}, QuarantineReason.MALFORMED, "interval '7m' is not one of 1s, 1m"),
        ({"interval": None}, QuarantineReason.MALFORMED, "interval is not one of"),
        ({"symbol": "'; --"}, QuarantineReason.UNKNOWN_SYMBOL, "symbol"),
        ({"exchange": None}, QuarantineReason.UNKNOWN_SYMBOL, "exchange"),
        ({"timestamp": 0}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "fits no unit"),
        ({"timestamp": NOON_US // 1000}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "milliseconds"),
        ({"timestamp": None}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "is missing"),
        ({"timestamp": 2**63 - 1}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "in the future"),
        (
            {"timestamp": NOON_US + 59_999_000},
            QuarantineReason.MALFORMED,
            "timestamp 2024-08-08T12:00:59.999000+00:00 is not the start of a 1m candle",
        ),
    ],
)
def test_bad_candles(changes: dict[str, object], reason: QuarantineReason, words: str) -> None:
    check(candles(**changes), reason, words)


def test_good_candles() -> None:
    flat = dict.fromkeys(("open", "high", "low", "close"), "4.04e-06")
    for changes in ({}, {"volume": "0", "trade_count": 0}, {"trade_count": None}, flat):
        found = candles(**changes)
        assert (found.good.height, found.bad.height) == (2, 0)
    assert found.good["close"][0] == Decimal("0.00000404")
    assert found.good.columns == list(CANDLE_COLUMNS)


@pytest.mark.parametrize("interval", STORED_SECONDS)
def test_a_candle_begins_with_its_bucket(interval: str) -> None:
    monday = _THURSDAY - 3 * _DAY_US
    start = monday if interval == "1w" else _THURSDAY
    assert candles(interval=interval, timestamp=start).bad.is_empty()
    check(
        candles(interval=interval, timestamp=start + 500_000),
        QuarantineReason.MALFORMED,
        f"is not the start of a {interval} candle",
    )
    if interval == "1w":
        check(candles(interval="1w", timestamp=_THURSDAY), QuarantineReason.MALFORMED, "a Monday")


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"mark_price": None}, QuarantineReason.MALFORMED, "mark_price is missing"),
        ({"mark_price": "0"}, QuarantineReason.NON_POSITIVE_PRICE, "mark_price '0'"),
        ({"index_price": "-2"}, QuarantineReason.NON_POSITIVE_PRICE, "index_price '-2'"),
        ({"index_price": "inf"}, QuarantineReason.OUT_OF_DOMAIN, "index_price"),
        ({"received_at": 2**62}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "received_at"),
        ({"timestamp": 1}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "timestamp 1"),
        ({"symbol": ""}, QuarantineReason.UNKNOWN_SYMBOL, "symbol"),
    ],
)
def test_bad_mark_prices(changes: dict[str, object], reason: QuarantineReason, words: str) -> None:
    check(marks(**changes), reason, words)


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"funding_rate": None}, QuarantineReason.MALFORMED, "funding_rate is missing"),
        ({"funding_rate": "nan"}, QuarantineReason.OUT_OF_DOMAIN, "funding_rate"),
        ({"predicted_rate": "1%"}, QuarantineReason.MALFORMED, "predicted_rate '1%'"),
        ({"funding_time": -(2**62)}, QuarantineReason.TIMESTAMP_OUT_OF_RANGE, "funding_time"),
    ],
)
def test_bad_funding_rates(
    changes: dict[str, object], reason: QuarantineReason, words: str
) -> None:
    check(fundings(**changes), reason, words)


def test_funding_rates_have_any_sign() -> None:
    for rate in ("-0.0075", "0", "0.0001", "-1.5"):
        found = fundings(funding_rate=rate, predicted_rate=rate, funding_time=NOON_US)
        assert (found.good.height, found.bad.height) == (2, 0)
        assert found.good["funding_rate"][0] == Decimal(rate)


def test_float_columns_are_taken_and_rounding_counted() -> None:
    rows = pl.DataFrame([{**candle(0), "line": 1}], schema=CANDLE_COLUMNS)
    noise = 1.2345678901234567e-05  # 21 decimals
    fields = {name: pl.Series([noise]) for name in ("open", "high", "low", "close", "volume")}
    found = validate_candles(rows.with_columns(**fields), now_us=_LATEST)
    assert (found.good.height, found.rounded) == (1, 5)
    assert found.good["close"][0] == Decimal("0.000012345678901235")
