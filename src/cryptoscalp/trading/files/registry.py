"""The formats of fills, and files of them read whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from cryptoscalp.infra.db.errors import InputError, UnknownFormat
from cryptoscalp.market.names import spellings
from cryptoscalp.trading.files import bbgo, binance_csv, binance_rest, own
from cryptoscalp.trading.files.content import read_content
from cryptoscalp.trading.files.format import Format
from cryptoscalp.trading.files.found import FoundFill, Options, numbered, ordered
from cryptoscalp.trading.files.mapping import FORMAT as MAPPED
from cryptoscalp.trading.files.mapping import check_columns, parse_map
from cryptoscalp.trading.files.records import Records, split

#: Files are shown to them in this order.
FORMATS: Final = (
    own.FORMAT, bbgo.FORMAT, binance_rest.FORMAT, binance_csv.SPOT, binance_csv.SPOT_MARKET,
    binance_csv.FUTURES, MAPPED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FillFiles:
    """The fills of files in the order of booking; `ignored` are of other symbols than asked for."""

    fills: tuple[FoundFill, ...]
    ignored: int


def read_fills(
    paths: Sequence[Path | str] | Path | str,
    *,
    format: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    mapping: Mapping[str, str] | str | None = None,
) -> FillFiles:
    """Every fill of the files, read to their ends before anything is returned.

    Raises InputError naming file, line or record, field and value of the first that is bad, and
    UnknownFormat for a file that no format knows.
    """
    files = [paths] if isinstance(paths, Path | str) else list(paths)
    if not files:
        raise InputError("no file was given")
    options = Options(exchange, symbol, None if mapping is None else parse_map(mapping))
    found = [one for path in files for one in numbered(_fills(path, format, options))]
    names = None if symbol is None else spellings(symbol)
    taken = [one for one in found if names is None or one.fill.symbol in names]
    return FillFiles(tuple(ordered(taken)), len(found) - len(taken))


def _fills(path: Path | str, name: str | None, options: Options) -> list[FoundFill]:
    records = split(read_content(path))
    chosen = _chosen(records, name, options)
    if chosen is MAPPED and options.mapping is not None:
        check_columns(options.mapping, records)
    return [chosen.read(record, options) for record in records.records]


def _chosen(records: Records, name: str | None, options: Options) -> Format:
    if name is not None and name not in {one.name for one in FORMATS}:
        known = ", ".join(one.name for one in FORMATS)
        raise UnknownFormat(f"there is no format {name!r} of fills; choose {known}")
    if options.mapping is not None:
        if name not in (None, MAPPED.name):
            raise InputError(f"a mapping is for files of no known format, and {name} is one")
        return MAPPED
    if name == MAPPED.name:
        raise InputError("format mapped needs the mapping (mapping=..., --map ...)")
    for one in FORMATS:
        if one.name == name or (name is None and one.recognise(records)):
            return one
    if records.kind == "json" and not records.records:
        return own.FORMAT
    _unknown(records)


def _unknown(records: Records) -> NoReturn:
    lines = "; ".join(f"{one.name} ({one.about})" for one in FORMATS)
    raise UnknownFormat(
        f"{records.name}: no format of fills knows its fields {', '.join(records.columns)};"
        f" say which field is what with --map, or choose a format: {lines}"
    )
