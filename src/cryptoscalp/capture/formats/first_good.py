"""Nothing of a file goes out before one record of it is good: another format leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.infra.db.errors import InputError

#: Records that are read in search of a good one.
_PATIENCE: Final = 40_000
_PRICES: Final = {
    "trades": ("price",),
    "quotes": ("bid_price", "ask_price"),
    "candles": ("close",),
    "mark_prices": ("mark_price",),
    "funding_rates": ("funding_rate",),
}


def after_first_good(chunks: Iterator[Chunk], item: Item, format: str) -> Iterator[Chunk]:
    """The chunks, held back until one has an event with a time and a number for a price.

    Raises InputError, with what is wrong with the first record, for a file that has none.
    """
    held: list[Chunk] = []
    for chunk in chunks:
        held.append(chunk)
        if _any_good(chunk):
            yield from held
            yield from chunks
            return
        if sum(one.received for one in held) > _PATIENCE:
            break
    raise InputError(f"{item}: {_why_none(held, format)}")


def _any_good(chunk: Chunk) -> bool:
    return any(
        _read(getattr(chunk, kind), prices).any()
        for kind, prices in _PRICES.items()
        if getattr(chunk, kind).height
    )


def _read(events: pl.DataFrame, prices: tuple[str, ...]) -> pl.Series:
    """Mark the events that have a time and a number for one of these prices."""
    finite = (pl.col(name).cast(pl.Float64, strict=False).is_finite() for name in prices)
    timed = pl.col("timestamp").is_not_null()
    return events.select((timed & pl.any_horizontal(*finite)).fill_null(False)).to_series()


def _why_none(held: list[Chunk], format: str) -> str:
    if not sum(chunk.received for chunk in held):
        return "holds no record; nothing was imported"
    others = sorted({f"{key[1]} on {key[0]}" for chunk in held for key in chunk.ignored})
    problems = [
        (reject.line, f"line {reject.line}: {reject.detail}")
        for chunk in held
        for reject in chunk.rejects[:1]
    ]
    for chunk in held:
        for kind, prices in _PRICES.items():
            for row in getattr(chunk, kind).head(1).iter_rows(named=True):
                cells = ", ".join(f"{name} {row[name]!r}" for name in ("timestamp", *prices))
                problems.append((row["line"], f"line {row['line']}: {cells}"))
    if not problems:
        shown = ", ".join(others[:5])
        return f"holds nothing of what was asked for; it holds {shown}; nothing was imported"
    return (
        f"no record reads as {format} ({min(problems)[1]}); if it is another format, name it with"
        " --format; nothing was imported"
    )
