"""Which column of a file is which field of a fill, as the caller writes it (--map).

    symbol=pair, side=type, quantity=qty, price=px, timestamp=time:ms, id=tid, exchange="binance"

A list of `field=column`, with the unit of a time behind a colon (s, ms, us, ns; iso with a zone,
utc without one), `buyer` or `maker` where a side or liquidity column says yes or no; or
`field="value"` for the same value in every record. `rate` is the rate of the fee's currency in the
portfolio's base currency, `rate.BNB` that of BNB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.trading.files.binance_rest import liquidity_of
from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import (
    FoundFill,
    Options,
    found_fill,
    side_of,
    side_of_buyer,
)
from cryptoscalp.trading.files.moments import UNITS, Unit, moment
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records
from cryptoscalp.trading.types import Liquidity, PositionSide

_FIELDS: Final = (
    "symbol", "exchange", "id", "timestamp", "side", "quantity", "price", "fee", "fee_currency",
    "liquidity", "position_side", "strategy", "order_id", "note", "rate",
)  # fmt: skip
_NEEDED: Final = ("timestamp", "side", "quantity", "price")
_HINTS: Final = {"timestamp": UNITS, "side": ("buyer",), "liquidity": ("maker",)}
_ENTRY: Final = re.compile(
    r'\s*(?P<field>[a-z_]+(?:\.\S+?)?)\s*(?P<is>:=|=)\s*(?P<what>"(?:[^"]|"")*"|[^,"]*?)\s*(?:,|$)'
)
_EXAMPLE: Final = "--map 'timestamp=time:ms, symbol=pair, side=side, quantity=qty, price=price'"


def parse_map(given: Mapping[str, str] | str) -> dict[str, str]:
    """A mapping as data: field -> column with its hint, or a value in quotes.

    Raises InputError for a text that is none, a field that is none or is mapped twice, and where a
    field is missing that every fill has.
    """
    pairs = list(given.items()) if isinstance(given, Mapping) else _entries(given)
    mapping: dict[str, str] = {}
    for field, what in pairs:
        if field not in _FIELDS and not field.startswith("rate."):
            raise InputError(
                f"mapping: there is no field {field!r}; choose {', '.join(_FIELDS)}, rate.CURRENCY"
            )
        if field in mapping:
            raise InputError(f"mapping: {field} is mapped twice; say it once")
        mapping[field] = what.strip()
    missing = [field for field in _NEEDED if field not in mapping]
    if missing:
        raise InputError(f"mapping: {', '.join(missing)} must be mapped; example: {_EXAMPLE}")
    return mapping


def _entries(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text):
        entry = _ENTRY.match(text, place)
        if entry is None or not entry["what"]:
            rest = text[place:].strip()
            raise InputError(
                f'mapping: {rest[:60]!r} is not field=column or field="value"; example: {_EXAMPLE}'
            )
        what = entry["what"]
        is_bare_value = entry["is"] == ":=" and not _is_value(what)
        found.append((entry["field"], f'"{what}"' if is_bare_value else what))
        place = entry.end()
    return found


def _read(record: Record, options: Options) -> FoundFill:
    mapping = options.mapping or {}
    view, hints = _view(record, mapping)
    currency = view.maybe_text("fee_currency")
    side = side_of_buyer(view, "side", "") if hints.get("side") else side_of(view, "side")
    return found_fill(
        view,
        options,
        symbol=view.maybe_text("symbol"),
        exchange=view.maybe_text("exchange"),
        trade_id=view.maybe_text("id"),
        timestamp=moment(view, "timestamp", cast(Unit, hints.get("timestamp", "iso"))),
        side=side,
        quantity=view.above_zero("quantity"),
        price=view.above_zero("price"),
        fee=view.number("fee") if view.has("fee") else Decimal(0),
        fee_currency=currency,
        liquidity=_liquidity(view, hints),
        position_side=_position_side(view),
        strategy=view.maybe_text("strategy"),
        exchange_order_id=view.maybe_text("order_id"),
        note=view.maybe_text("note"),
        rates=_rates(view, currency),
    )


def _view(record: Record, mapping: Mapping[str, str]) -> tuple[Record, dict[str, str]]:
    """The record by the names of fields of a fill, and the hints of those that have one."""
    fields: dict[str, Any] = {}
    hints: dict[str, str] = {}
    columns: dict[str, str] = {}
    for field, what in mapping.items():
        if _is_value(what):
            fields[field] = what[1:-1].replace('""', '"')
            continue
        column, hint = (what, None) if what in record.fields else _column_and_hint(field, what)
        if hint is not None:
            hints[field] = hint
        columns[field] = column
        fields[field] = record.fields.get(column)
    return Record(record.where, fields, columns), hints


def check_columns(mapping: Mapping[str, str], found: Records) -> None:
    """Raise InputError for a column that no record of a file has."""
    there = dict.fromkeys(found.columns)
    if found.kind == "json":
        there = dict.fromkeys(name for record in found.records for name in record.fields)
    for field, what in mapping.items():
        if _is_value(what) or what in there:
            continue
        column, _ = _column_and_hint(field, what)
        if found.records and column not in there:
            raise InputError(
                f"{found.name}: there is no column {column!r} for {field}; there are"
                f" {', '.join(there)}"
            )


def _is_value(what: str) -> bool:
    return len(what) > 1 and what.startswith('"') and what.endswith('"')


def _column_and_hint(field: str, what: str) -> tuple[str, str | None]:
    column, colon, hint = what.rpartition(":")
    if not colon:
        return what, None
    known = _HINTS.get(field, ())
    if hint not in known:
        raise InputError(
            f"mapping: {field} takes no hint {hint!r}; choose {', '.join(known) or 'none'}"
        )
    return column, hint


def _liquidity(view: Record, hints: Mapping[str, str]) -> Liquidity | None:
    if hints.get("liquidity"):
        return liquidity_of(view, "liquidity")
    word = view.maybe_text("liquidity")
    if word is not None and word.upper() not in get_args(Liquidity):
        view.refuse("liquidity", "is neither MAKER nor TAKER")
    return cast(Liquidity, word.upper()) if word else None


def _position_side(view: Record) -> PositionSide | None:
    word = (view.maybe_text("position_side") or "BOTH").upper()
    if word not in ("BOTH", *get_args(PositionSide)):
        view.refuse("position_side", "is none of BOTH, LONG, SHORT")
    return None if word == "BOTH" else cast(PositionSide, word)


def _rates(view: Record, currency: str | None) -> dict[str, Decimal] | None:
    rates = {
        field.removeprefix("rate."): view.above_zero(field)
        for field in view.fields
        if field.startswith("rate.") and view.has(field)
    }
    if currency is not None and view.has("rate"):
        rates.setdefault(currency, view.above_zero("rate"))
    return rates or None


FORMAT: Final = Format(
    "mapped", "any CSV, JSON or JSON Lines whose columns --map names", lambda _: False, _read
)
