"""Which column of a file is which field, as the caller writes it (--map).

    timestamp=TransactionTime:us, price=Price, side=IsBuyerMarketMaker:buyer_maker, feed:=agg_trade

A mapping is a comma-separated list of `field=column`, with a hint after a colon where the cells
need one (the unit of a time; `buyer_maker`), or `field:=value` for the same value in every row.
A column is a name, "in quotes" where it holds a comma or a colon, or `#2` for the second one. As
data it is {field: text right of the =}, a value with a = in front: JSON-able, kept by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

from cryptoscalp.capture.formats.headers import column
from cryptoscalp.capture.formats.intervals import LENGTHS_US, interval_of
from cryptoscalp.capture.formats.layout import FIELDS, TIMES, Kind, Layout, Unit, unit_named
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.infra.db.errors import InputError

_FIELDS: Final = tuple(dict.fromkeys(("kind", *(f for fields in FIELDS.values() for f in fields))))
_ENTRY: Final = re.compile(
    r'\s*(?P<field>[a-z_]+)\s*(?P<is>:=|=)\s*(?P<what>"(?:[^"]|"")*"(?:\s*:[^,"]*)?|[^,"]*?)\s*(?:,|$)'
)
_QUOTED: Final = re.compile(r'"(?P<name>(?:[^"]|"")*)"\s*(?::\s*(?P<hint>\w+))?')
_HINTS: Final = (*get_args(Unit), "buyer_maker", "word")
_VARYING: Final = (*TIMES, "sequence", "trade_count")
_EXAMPLE: Final = "--map 'timestamp=time:ms, price=price, volume=size'"


def parse_map(text: str) -> dict[str, str]:
    """Read a mapping: {field: column text, or = and a value}. `map_text` writes it again.

    Raises InputError for text that is no mapping, for a field that is none, and for one that is
    mapped twice.
    """
    mapping: dict[str, str] = {}
    place = 0
    while place < len(text):
        entry = _ENTRY.match(text, place)
        if entry is None or not entry["what"]:
            rest = text[place:].strip()
            raise InputError(
                f"mapping: {rest[:60]!r} is not field=column or field:=value; example: {_EXAMPLE}"
            )
        field = entry["field"]
        _known(field)
        if field in mapping:
            raise InputError(f"mapping: {field} is mapped twice; say it once")
        mapping[field] = entry["what"] if entry["is"] == "=" else f"={_unquoted(entry['what'])}"
        place = entry.end()
    if not mapping:
        raise InputError(f"the mapping is empty; example: {_EXAMPLE}")
    return mapping


def map_text(mapping: Mapping[str, str]) -> str:
    """A mapping as the text that `parse_map` reads."""
    entries = []
    for field, what in mapping.items():
        if not what.startswith("="):
            entries.append(f"{field}={what}")
        elif re.search(r'[,":]|^\s|\s$', what[1:]):
            quoted = what[1:].replace('"', '""')
            entries.append(f'{field}:="{quoted}"')
        else:
            entries.append(f"{field}:={what[1:]}")
    return ", ".join(entries)


def map_layout(mapping: Mapping[str, str], header: Sequence[str], options: Options) -> Layout:
    """The layout of a table with this header, by a mapping (of `parse_map`, or saved).

    The kind of the events is found from the fields unless the mapping names it. Raises InputError
    naming the field that is unknown or does not fit, and the columns there are.
    """
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    units: dict[str, Unit] = {}
    side: Literal["word", "buyer_maker"] = "word"
    for field, what in mapping.items():
        _known(field)
        if what.startswith("="):
            constants[field] = _constant(field, what[1:])
            continue
        name, hint = _column_and_hint(what, header)
        columns[field] = column(name, header, field)
        if hint == "buyer_maker" and field == "side":
            side = "buyer_maker"
        elif hint and field in TIMES:
            units[field] = unit_named(hint)
        elif hint and (field, hint) != ("side", "word"):
            raise InputError(f"mapping: {field} takes no hint {hint!r}")
    said = constants.pop("kind", None)
    if said is None and "kind" in columns:
        raise InputError(f"mapping: kind is no column; write kind:={' or '.join(FIELDS)}")
    kind = _kind(said, {*columns, *constants})
    for field in (*columns, *constants):
        if field not in FIELDS[kind]:
            raise InputError(
                f"mapping: {kind} have no {field}; their fields are {', '.join(FIELDS[kind])}"
            )
    if options.unit is not None and "timestamp" in columns:
        units["timestamp"] = unit_named(options.unit)
    return Layout(kind=kind, columns=columns, constants=constants, units=units, side=side)


def _known(field: str) -> None:
    if field not in _FIELDS:
        raise InputError(f"mapping: there is no field {field!r}; choose {', '.join(_FIELDS)}")


def _kind(said: str | None, fields: set[str]) -> Kind:
    if said is not None:
        if said not in FIELDS:
            raise InputError(f"mapping: there is no kind {said!r}; choose {', '.join(FIELDS)}")
        return said
    if {"bid_price", "ask_price"} & fields:
        return "quotes"
    if {"open", "high", "low", "close"} & fields:
        return "candles"
    if {"mark_price", "funding_rate"} & fields:
        return "derivatives"
    return "trades"


def _constant(field: str, value: str) -> str:
    if field in _VARYING:
        raise InputError(f"mapping: {field} differs from row to row; name its column")
    if field != "interval":
        return value
    interval = interval_of(value)
    if interval is None:
        raise InputError(f"mapping: there is no interval {value!r}; choose {', '.join(LENGTHS_US)}")
    return interval


def _column_and_hint(what: str, header: Sequence[str]) -> tuple[str, str | None]:
    quoted = _QUOTED.fullmatch(what)
    if quoted is not None:
        return quoted["name"].replace('""', '"'), quoted["hint"]
    # A name that the file has is that name, whatever colons are in it.
    name, colon, hint = what.rpartition(":")
    if colon and hint.strip() in _HINTS and what not in header:
        return name.strip(), hint.strip()
    return what, None


def _unquoted(what: str) -> str:
    quoted = _QUOTED.fullmatch(what)
    return what if quoted is None else quoted["name"].replace('""', '"')
