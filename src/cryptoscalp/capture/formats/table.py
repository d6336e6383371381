"""Rows of a file, whatever wrote them, and the events that they are by a layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import polars as pl

from cryptoscalp.capture.chunk import (
    CANDLE_COLUMNS,
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
    Columns,
    Reject,
    StreamKey,
)
from cryptoscalp.capture.formats import cells
from cryptoscalp.capture.formats.intervals import interval_of
from cryptoscalp.capture.formats.layout import (
    FIELDS,
    NUMBERS,
    TIMES,
    Kind,
    Layout,
    unit_named,
)
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.formats.spelling import same_name, spelled
from cryptoscalp.capture.formats.times import microseconds, unit_of
from cryptoscalp.capture.validation import QuarantineReason

_UNITS: Final = {
    "s": "a time in seconds",
    "ms": "a time in milliseconds",
    "us": "a time in microseconds",
    "ns": "a time in nanoseconds",
    "iso": "a date and time",
}
_KEY: Final = ("exchange", "symbol")
_DEFAULTS: Final = {"feed": "trade", "source": "ticker"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file, not yet events.

    `frame` has the columns as the file names them: text, or typed (float, integer, decimal,
    datetime, bool). `lines` (Int64) numbers its rows, `raw` gives the record of a line (KeyError
    for a line of another table), `rejects` are the records that are no rows.
    """

    frame: pl.DataFrame
    lines: pl.Series
    raw: Callable[[int], bytes]
    rejects: tuple[Reject, ...] = ()


def settled(layout: Layout, frame: pl.DataFrame, options: Options) -> Layout:
    """The layout with the units of its times, as far as these rows tell them.

    `options.unit` is the unit of `timestamp`, whatever the rows look like. A reader settles the
    layout on the first rows of a file and keeps it for the rest.
    """
    units = dict(layout.units)
    if options.unit is not None and "timestamp" in layout.columns:
        units["timestamp"] = unit_named(options.unit)
    for field in TIMES:
        if field in layout.columns and field not in units:
            found = unit_of(cells.plain(frame[layout.columns[field]], layout.nothing))
            if found is not None:
                units[field] = found
    return layout if units == layout.units else msgspec.structs.replace(layout, units=units)


def to_chunk(table: Table, layout: Layout, options: Options) -> Chunk:
    """Make the events of a table's rows; received = events + rejects + ignored.

    A row of another symbol or exchange than the options ask for is ignored, and so is a
    derivatives row with neither a mark price nor a funding rate. A cell that is no time makes
    its row a reject; every other judgement is validation's. Units that the layout lacks are found
    from these rows.
    """
    layout = settled(layout, table.frame, options)
    ignored: Counter[StreamKey] = Counter()
    rejects = list(table.rejects)
    rows = _numbered(_fields(table, layout), table, layout, rejects)
    rows = _wanted(rows, layout, options, ignored)
    rows = _timed(rows, layout, table.raw, rejects)
    made = _events(rows, layout, ignored)
    received = sum(frame.height for frame in made.values()) + len(rejects) + ignored.total()
    return Chunk(
        trades=made.get("trades", pl.DataFrame(schema=TRADE_COLUMNS)),
        quotes=made.get("quotes", pl.DataFrame(schema=QUOTE_COLUMNS)),
        candles=made.get("candles", pl.DataFrame(schema=CANDLE_COLUMNS)),
        mark_prices=made.get("mark_prices", pl.DataFrame(schema=MARK_COLUMNS)),
        funding_rates=made.get("funding_rates", pl.DataFrame(schema=FUNDING_COLUMNS)),
        rejects=tuple(sorted(rejects, key=lambda reject: reject.line)),
        ignored=dict(ignored),
        raw=table.raw,
        received=received,
        unit=layout.units.get("timestamp", "us"),
    )


def _fields(table: Table, layout: Layout) -> pl.DataFrame:
    """The rows with the fields of their kind as columns, times still as they are written."""
    made = [table.lines.alias("line")]
    for field in FIELDS[layout.kind]:
        if field in layout.columns:
            column = cells.plain(table.frame[layout.columns[field]], layout.nothing)
            made.append(_converted(column, field, layout).alias(field))
        else:
            value = pl.Series([layout.constants.get(field, _DEFAULTS.get(field))], dtype=pl.String)
            one = _converted(value, field, layout)
            column = pl.repeat(one[0], len(table.lines), dtype=one.dtype, eager=True)
            made.append(column.alias(field))
    return pl.DataFrame(made)


def _numbered(
    rows: pl.DataFrame, table: Table, layout: Layout, rejects: list[Reject]
) -> pl.DataFrame:
    """The rows whose id is a number, where any is: among numbers, another word is a mistake."""
    if "sequence" not in layout.columns or not rows["sequence"].null_count():
        return rows
    written = cells.plain(table.frame[layout.columns["sequence"]], layout.nothing)
    wrong = rows["sequence"].is_null() & written.is_not_null()
    if not wrong.any() or rows["sequence"].is_null().all():
        return rows
    described = rows.select("line", *_KEY, _stream(layout.kind).alias("stream")).with_columns(
        written.cast(pl.String, strict=False).alias("id")
    )
    for line, exchange, symbol, stream, word in described.filter(wrong).iter_rows():
        detail = f"sequence {str(word)[:100]!r} is no whole number, as other ids of the file are"
        reason = str(QuarantineReason.MALFORMED)
        rejects.append(Reject(line, reason, detail, table.raw(line), exchange, symbol, stream))
    return rows.filter(~wrong)


def _converted(column: pl.Series, field: str, layout: Layout) -> pl.Series:
    if field in TIMES:
        return column
    if field in NUMBERS[layout.kind]:
        return cells.number(column)
    if field in ("sequence", "trade_count"):
        return cells.whole(column)
    if field == "side":
        return cells.side(column, layout.side)
    words = cells.text(column)
    if field == "exchange" and layout.exchanges:
        return words.replace(layout.exchanges)
    if field == "symbol":
        exchange = layout.constants.get("exchange")
        names = {name: spelled(name, exchange) for name in words.unique().drop_nulls().to_list()}
        return words if exchange is None else words.replace(names)
    if field == "interval":
        known = {word: interval_of(word) or word for word in words.unique().drop_nulls().to_list()}
        return words.replace(known)
    return words


def _wanted(
    rows: pl.DataFrame, layout: Layout, options: Options, ignored: Counter[StreamKey]
) -> pl.DataFrame:
    """The rows of the symbol and exchange that were asked for; the others are counted."""
    keep = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    for field, name in (("symbol", options.symbol), ("exchange", options.exchange)):
        if name and field in layout.columns:
            held = rows[field].unique().drop_nulls().to_list()
            others = [other for other in held if not same_name(other, name)]
            # A row without a name is no other's: validation refuses it.
            keep &= ~rows[field].is_in(others).fill_null(False)
    if keep.all():
        return rows
    _count(rows.filter(~keep), layout.kind, ignored)
    return rows.filter(keep)


def _count(rows: pl.DataFrame, kind: Kind, ignored: Counter[StreamKey]) -> None:
    keys = rows.select(*_KEY, _stream(kind).alias("stream")).fill_null("unknown")
    for exchange, symbol, stream, count in keys.group_by(keys.columns).len().iter_rows():
        ignored[(exchange, symbol, stream)] += count


def _stream(kind: Kind) -> pl.Expr:
    match kind:
        case "trades":
            return pl.col("feed")
        case "quotes":
            return pl.col("source")
        case "candles":
            return "candle_" + pl.col("interval")
        case "derivatives":
            marked = pl.col("mark_price").is_not_null()
            return pl.when(marked).then(pl.lit("mark_price")).otherwise(pl.lit("funding_rate"))


def _timed(
    rows: pl.DataFrame, layout: Layout, raw: Callable[[int], bytes], rejects: list[Reject]
) -> pl.DataFrame:
    """The rows with their times in µs; those whose times are none become rejects."""
    good = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    made = {}
    for field in TIMES:
        if field not in rows.columns:
            continue
        unit = layout.units.get(field)
        times = microseconds(rows[field], unit)
        for mask, reason in (
            (times.malformed, QuarantineReason.MALFORMED),
            (times.outside, QuarantineReason.TIMESTAMP_OUT_OF_RANGE),
        ):
            mask = mask & good
            if mask.any():
                rejects.extend(_refused(rows.filter(mask), field, layout, reason, raw))
                good &= ~mask
        made[field] = times.values
    stamped = rows.with_columns(
        **{
            name: values + layout.offset_us if name == "timestamp" else values
            for name, values in made.items()
        }
    )
    return stamped if good.all() else stamped.filter(good)


def _refused(
    rows: pl.DataFrame,
    field: str,
    layout: Layout,
    reason: QuarantineReason,
    raw: Callable[[int], bytes],
) -> Iterator[Reject]:
    what = _UNITS[layout.units.get(field, "us")]
    problem = f"is not {what}"
    if reason is QuarantineReason.TIMESTAMP_OUT_OF_RANGE:
        problem = f"read as {what} is no date"
    # A date that is none cannot be shown as one.
    cell = pl.col(field).to_physical() if rows.schema[field].is_temporal() else pl.col(field)
    described = rows.select("line", *_KEY, _stream(layout.kind).alias("stream"), cell)
    for line, exchange, symbol, stream, value in described.iter_rows():
        detail = f"{field} {str(value)[:100]!r} {problem}"
        yield Reject(line, str(reason), detail, raw(line), exchange, symbol, stream)


def _events(
    rows: pl.DataFrame, layout: Layout, ignored: Counter[StreamKey]
) -> dict[str, pl.DataFrame]:
    match layout.kind:
        case "trades":
            return {"trades": _shaped(rows, TRADE_COLUMNS)}
        case "candles":
            return {"candles": _shaped(rows, CANDLE_COLUMNS)}
        case "quotes":
            timeless = pl.col("timestamp").is_null() & pl.col("received_at").is_not_null()
            quotes = rows.with_columns(
                pl.coalesce("timestamp", "received_at").alias("timestamp"),
                timeless.alias("by_receive_time"),
            )
            return {"quotes": _shaped(quotes, QUOTE_COLUMNS)}
        case "derivatives":
            marked, funded = rows["mark_price"].is_not_null(), rows["funding_rate"].is_not_null()
            _count(rows.filter(~(marked | funded)), layout.kind, ignored)
            return {
                "mark_prices": _shaped(rows.filter(marked), MARK_COLUMNS),
                "funding_rates": _shaped(rows.filter(funded), FUNDING_COLUMNS),
            }


def _shaped(rows: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The columns of a kind, in order and in type; columns of floats stay floats."""
    return rows.select(
        pl.col(name) if rows.schema[name].is_float() else pl.col(name).cast(dtype)
        for name, dtype in columns.items()
    )
