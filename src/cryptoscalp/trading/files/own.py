"""The program's own format: what `trades export` writes, as CSV or JSON Lines, and reads again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any, Final, cast, get_args

from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import FoundFill, Options, found_fill, side_of
from cryptoscalp.trading.files.moments import moment
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records
from cryptoscalp.trading.types import Fill, Liquidity, PositionSide

#: `rates` are in units of `rates_in`: BNB=312.5;BTC=50000 in CSV, an object in JSON Lines.
COLUMNS: Final = (
    "timestamp", "exchange", "symbol", "exchange_trade_id", "side", "quantity", "price", "fee",
    "fee_currency", "liquidity", "position_side", "strategy", "exchange_order_id", "model_id",
    "rates_in", "rates", "note",
)  # fmt: skip
_NEEDED: Final = {"exchange_trade_id", "fee_currency", "rates_in", "rates", "timestamp"}


def as_csv(fills: Iterable[Fill], rates_in: str) -> Iterator[str]:
    """Fills as CSV with a header, piece by piece; numbers with all their digits."""
    for cells in (COLUMNS, *(_cells(fill, rates_in) for fill in fills)):
        line = io.StringIO(newline="")
        # The writer quotes the line breaks of its own terminator, and both may stand in a note.
        csv.writer(line, lineterminator="\r\n").writerow(cells)
        yield line.getvalue().removesuffix("\r\n") + "\n"


def as_json_lines(fills: Iterable[Fill], rates_in: str) -> Iterator[str]:
    """Fills as JSON, an object a line; numbers are text with all their digits."""
    for fill in fills:
        yield json.dumps(_object(fill, rates_in), ensure_ascii=False) + "\n"


def _object(fill: Fill, rates_in: str) -> dict[str, Any]:
    at = fill.timestamp.astimezone(UTC).replace(tzinfo=None)
    rates = {currency: _exact(rate) for currency, rate in (fill.rates or {}).items()}
    return {
        "timestamp": f"{at.isoformat(timespec='microseconds')}Z",
        "exchange": fill.exchange,
        "symbol": fill.symbol,
        "exchange_trade_id": fill.exchange_trade_id,
        "side": fill.side,
        "quantity": _exact(fill.quantity),
        "price": _exact(fill.price),
        "fee": _exact(fill.fee),
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity,
        "position_side": fill.position_side,
        "strategy": fill.strategy,
        "exchange_order_id": fill.exchange_order_id,
        "model_id": None if fill.model_id is None else str(fill.model_id),
        "rates_in": rates_in,
        "rates": rates,
        "note": fill.note,
    }


def _cells(fill: Fill, rates_in: str) -> list[str | None]:
    found = _object(fill, rates_in)
    rates = ";".join(f"{currency}={rate}" for currency, rate in found["rates"].items())
    return [rates if name == "rates" else found[name] for name in COLUMNS]


def _exact(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _recognise(found: Records) -> bool:
    return set(found.columns) >= _NEEDED


def _read(record: Record, options: Options) -> FoundFill:
    liquidity = record.maybe_text("liquidity")
    sided = record.maybe_text("position_side")
    model = record.number("model_id") if record.has("model_id") else None
    return found_fill(
        record,
        options,
        symbol=_as_written(record, "symbol"),
        exchange=_as_written(record, "exchange"),
        trade_id=_as_written(record, "exchange_trade_id"),
        timestamp=moment(record, "timestamp", "iso"),
        side=side_of(record, "side"),
        quantity=record.above_zero("quantity"),
        price=record.above_zero("price"),
        fee=record.number("fee"),
        fee_currency=record.maybe_text("fee_currency"),
        liquidity=cast(Liquidity, liquidity) if liquidity in get_args(Liquidity) else None,
        position_side=cast(PositionSide, sided) if sided in get_args(PositionSide) else None,
        strategy=_as_written(record, "strategy"),
        exchange_order_id=_as_written(record, "exchange_order_id"),
        model_id=None if model is None else int(model),
        rates=_rates(record),
        note=_as_written(record, "note"),
        rates_in=record.maybe_text("rates_in"),
    )


def _as_written(record: Record, field: str) -> str | None:
    """A text with the blanks around it: ids and notes come back as they were."""
    value = record.fields.get(field)
    return value if isinstance(value, str) and value else record.maybe_text(field)


def _rates(record: Record) -> dict[str, Decimal] | None:
    said = record.fields.get("rates")
    if isinstance(said, str):
        said = dict(_pair(record, pair) for pair in said.split(";")) if said.strip() else {}
    if said is not None and not isinstance(said, dict):
        record.refuse("rates", "are no rates, such as BNB=312.5;BTC=50000")
    inner = Record(record.where, {f"rate of {key}": value for key, value in (said or {}).items()})
    return {name.removeprefix("rate of "): inner.above_zero(name) for name in inner.fields} or None


def _pair(record: Record, text: str) -> tuple[str, str]:
    currency, equals, rate = text.strip().rpartition("=")
    if not equals or not currency:
        record.refuse("rates", "are no rates, such as BNB=312.5;BTC=50000")
    return currency, rate


FORMAT: Final = Format(
    "cryptoscalp", "what `cryptoscalp trades export` writes: CSV or JSON Lines", _recognise, _read
)
