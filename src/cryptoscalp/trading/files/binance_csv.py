"""Binance's CSV exports: the spot trade history in its two headers, and that of futures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from cryptoscalp.trading.files.binance_rest import liquidity_of
from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import FoundFill, Options, found_fill, side_of
from cryptoscalp.trading.files.glued import amount_and_currency, base_and_quote
from cryptoscalp.trading.files.moments import local_moment, zoned
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records

_GLUED: Final = {"Pair", "Side", "Price", "Executed", "Amount", "Fee"}
_PARTED: Final = {"Market", "Type", "Price", "Amount", "Total", "Fee", "Fee Coin"}
_FUTURES: Final = {"Symbol", "Side", "Price", "Quantity", "Fee", "Realized Profit"}
#: Where exports of futures say what the fee was paid in, when it is not glued to it.
_FEE_COINS: Final = ("Fee Coin", "Fee Asset", "Commission Asset", "Quote Asset")


def _csv_with(found: Records, columns: set[str]) -> bool:
    return (
        found.kind == "csv" and set(found.columns) >= columns and _time(found.columns) is not None
    )


def _time(columns: Iterable[str]) -> str | None:
    """The column of the time; its name says its zone."""
    return next((name for name in columns if zoned(name, "Date", "Time")), None)


def _executed_at(record: Record) -> datetime:
    return local_moment(record, _time(record.fields) or "Date(UTC)")


def _glued(record: Record, options: Options) -> FoundFill:
    pair = record.text("Pair")
    base, quote = base_and_quote(record, pair, "Executed", "Amount")
    quantity, _ = amount_and_currency(record, "Executed", (base,))
    if quantity <= 0:
        record.refuse("Executed", "must be above zero")
    fee, currency = amount_and_currency(record, "Fee", (base, quote))
    return found_fill(
        record,
        options,
        symbol=pair,
        exchange=None,
        trade_id=None,
        timestamp=_executed_at(record),
        side=side_of(record, "Side"),
        quantity=quantity,
        price=record.above_zero("Price"),
        fee=fee,
        fee_currency=currency,
    )


def _parted(record: Record, options: Options) -> FoundFill:
    return found_fill(
        record,
        options,
        symbol=record.text("Market"),
        exchange=None,
        trade_id=None,
        timestamp=_executed_at(record),
        side=side_of(record, "Type"),
        quantity=record.above_zero("Amount"),
        price=record.above_zero("Price"),
        fee=record.number("Fee"),
        fee_currency=record.maybe_text("Fee Coin"),
    )


def _futures(record: Record, options: Options) -> FoundFill:
    fee, currency = _fee(record)
    return found_fill(
        record,
        options,
        symbol=record.text("Symbol"),
        exchange=None,
        trade_id=record.maybe_text("Trade ID"),
        timestamp=_executed_at(record),
        side=side_of(record, "Side"),
        quantity=record.above_zero("Quantity"),
        price=record.above_zero("Price"),
        fee=fee,
        fee_currency=currency,
        liquidity=liquidity_of(record, "Maker"),
        exchange_order_id=record.maybe_text("Order ID"),
    )


def _fee(record: Record) -> tuple[Decimal, str | None]:
    column = next((name for name in _FEE_COINS if record.has(name)), None)
    if column is not None:
        return record.number("Fee"), record.text(column)
    amount, currency = amount_and_currency(record, "Fee", (), bare=True)
    if amount and currency is None:
        record.refuse(
            "Fee",
            "has no currency beside it",
            hint='; say it with --map, such as fee_currency="USDT"',
        )
    return amount, currency


SPOT: Final = Format(
    "binance-spot-csv",
    "Binance's CSV of spot trades: Date(UTC),Pair,Side,Price,Executed,Amount,Fee",
    lambda found: _csv_with(found, _GLUED),
    _glued,
)
SPOT_MARKET: Final = Format(
    "binance-market-csv",
    "Binance's CSV of spot trades: Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin",
    lambda found: _csv_with(found, _PARTED),
    _parted,
)
FUTURES: Final = Format(
    "binance-futures-csv",
    "Binance's CSV of futures trades: Time(UTC),Symbol,Side,Price,Quantity,Amount,Fee,...",
    lambda found: _csv_with(found, _FUTURES),
    _futures,
)
