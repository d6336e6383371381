"""bbgo's JSON of an account's trades."""

from __future__ import annotations

from typing import Final

from cryptoscalp.trading.files.binance_rest import liquidity_of
from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import FoundFill, Options, found_fill, side_of_buyer
from cryptoscalp.trading.files.moments import moment
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records

_FIELDS: Final = {
    "id", "exchange", "price", "quantity", "symbol", "side", "tradedAt", "fee", "feeCurrency",
}  # fmt: skip


def _recognise(found: Records) -> bool:
    return found.kind == "json" and set(found.columns) >= _FIELDS


def _read(record: Record, options: Options) -> FoundFill:
    order = record.maybe_text("orderID")
    return found_fill(
        record,
        options,
        symbol=record.text("symbol"),
        # It calls spot and futures of a venue by one name.
        exchange=None if record.truth("isFutures") else record.text("exchange"),
        trade_id=record.text("id"),
        timestamp=moment(record, "tradedAt", "iso"),
        side=side_of_buyer(record, "isBuyer"),
        quantity=record.above_zero("quantity"),
        price=record.above_zero("price"),
        fee=record.number("fee"),
        fee_currency=record.maybe_text("feeCurrency"),
        liquidity=liquidity_of(record, "isMaker"),
        exchange_order_id=None if order == "0" else order,
    )


FORMAT: Final = Format("bbgo", "bbgo's JSON of an account's trades", _recognise, _read)
