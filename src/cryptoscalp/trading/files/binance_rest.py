"""Binance's answers to myTrades (spot) and userTrades (USD-M and COIN-M), as JSON."""

from __future__ import annotations

from typing import Final

from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import FoundFill, Options, found_fill, side_of_buyer
from cryptoscalp.trading.files.moments import moment
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records
from cryptoscalp.trading.types import Liquidity, PositionSide

_SHARED: Final = {"id", "symbol", "price", "qty", "commission", "commissionAsset", "time"}
_POSITION_SIDES: Final[dict[str, PositionSide | None]] = {
    "BOTH": None, "LONG": "LONG", "SHORT": "SHORT"
}  # fmt: skip


def _recognise(found: Records) -> bool:
    columns = set(found.columns)
    buyer = {"isBuyer", "buyer", "side"} & columns
    return found.kind == "json" and columns >= _SHARED and bool(buyer)


def _read(record: Record, options: Options) -> FoundFill:
    buyer = "isBuyer" if record.has("isBuyer") else "buyer"
    maker = "isMaker" if record.has("isMaker") else "maker"
    return found_fill(
        record,
        options,
        symbol=record.text("symbol"),
        exchange=None,
        trade_id=record.text("id"),
        timestamp=moment(record, "time", "ms"),
        side=side_of_buyer(record, buyer),
        quantity=record.above_zero("qty"),
        price=record.above_zero("price"),
        fee=record.number("commission"),
        fee_currency=record.maybe_text("commissionAsset"),
        liquidity=liquidity_of(record, maker),
        position_side=_position_side(record),
        exchange_order_id=record.maybe_text("orderId"),
    )


def liquidity_of(record: Record, field: str) -> Liquidity | None:
    """MAKER or TAKER by whether the account was the maker; None where the field says nothing."""
    is_maker = record.truth(field)
    if is_maker is None:
        return None
    return "MAKER" if is_maker else "TAKER"


def _position_side(record: Record) -> PositionSide | None:
    said = record.maybe_text("positionSide") or "BOTH"
    if said not in _POSITION_SIDES:
        record.refuse("positionSide", "is none of BOTH, LONG, SHORT")
    return _POSITION_SIDES[said]


FORMAT: Final = Format(
    "binance-rest", "Binance's JSON of myTrades (spot) and userTrades (futures)", _recognise, _read
)
