"""Which events of a batch are new: event identity (schema decision S3), as pure functions.

An event with a venue id is the same event when exchange, symbol, stream and id agree and its
times lie within a window: the same trade comes with millisecond and microsecond stamps, and a
quote without an exchange time carries its recorder's clock. An event without an id is compared
by content, as a multiset within one timestamp.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Int64s: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

#: How far two stamps of one event may differ when the exchange wrote both, µs.
EXCHANGE_CLOCK_US: Final = 2_000_000
#: And when recorders with clocks of their own wrote them, µs.
RECEIVE_CLOCK_US: Final = 300_000_000

#: Events without an id are numbered upwards from here at each timestamp. No venue has ids below
#: zero, so that no ordinal is ever taken for one.
FIRST_ORDINAL: Final = -(2**40)


@dataclass(frozen=True, slots=True)
class Stored:
    """Ids and times (µs) of stored events of one stream; equal lengths, any order."""

    sequences: Int64s
    times: Int64s


def already_stored(sequences: Int64s, times: Int64s, windows: Int64s, stored: Stored) -> Mask:
    """Mark the events whose id is stored with a time within the event's window."""
    found = np.zeros(len(sequences), dtype=np.bool_)
    if not len(stored.sequences):
        return found
    order = np.argsort(stored.sequences, kind="stable")
    ids, stamps = stored.sequences[order], stored.times[order]
    place = np.searchsorted(ids, sequences)
    while True:  # once, unless a venue used an id again
        inside = place < len(ids)
        at = np.where(inside, place, 0)
        same = inside & (ids[at] == sequences)
        if not same.any():
            return found
        found |= same & (np.abs(stamps[at] - times) <= windows)
        place = place + same


def repeated(sequences: Int64s, times: Int64s, windows: Int64s) -> Mask:
    """Mark the events of one stream that repeat an earlier, kept one of the same batch."""
    again = np.zeros(len(sequences), dtype=np.bool_)
    order = np.argsort(sequences, kind="stable")
    ids = sequences[order]
    twin = np.flatnonzero(ids[1:] == ids[:-1])
    if not len(twin):
        return again
    kept: dict[int, list[int]] = defaultdict(list)
    for row in np.unique(np.concatenate([order[twin], order[twin + 1]])):
        stamps = kept[int(sequences[row])]
        if any(abs(int(times[row]) - stamp) <= windows[row] for stamp in stamps):
            again[row] = True
        else:
            stamps.append(int(times[row]))
    return again


def segments(times: Int64s, windows: Int64s) -> tuple[Int64s, Int64s]:
    """The time ranges (low, high; µs, inclusive) in which stored twins of these events can lie.

    Ranges that touch are one, so that a dense batch asks for one range and a thin one does not
    ask for everything between its events.
    """
    order = np.argsort(times - windows, kind="stable")
    low, high = (times - windows)[order], (times + windows)[order]
    reach = np.maximum.accumulate(high)
    first = np.concatenate(([True], low[1:] > reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return low[first], reach[last]


def surplus(rows: pl.DataFrame, stored: pl.DataFrame, content: Sequence[str]) -> pl.DataFrame:
    """The events without an id that are not stored yet, numbered.

    `rows` (in file order) and `stored` are events of one stream with `timestamp` and the
    `content` columns; `stored` also has `sequence`. Of each content at one timestamp only as many
    rows are kept as the batch has more than are stored; they are numbered behind the highest
    ordinal stored at that timestamp, in file order. Returns `rows` with `sequence` set.
    """
    key = ["timestamp", *content]
    held = stored.group_by(key).agg(pl.len().alias("_held"))
    ordinals = stored.filter(pl.col("sequence") < 0)
    highest = ordinals.group_by("timestamp").agg(pl.col("sequence").max().alias("_highest"))
    fresh = (
        rows.with_columns(pl.int_range(pl.len()).over(key).alias("_nth"))
        .join(held, on=key, how="left", nulls_equal=True, maintain_order="left")
        .filter(pl.col("_nth") >= pl.col("_held").fill_null(0))
    )
    return (
        fresh.join(highest, on="timestamp", how="left", maintain_order="left")
        .with_columns(
            (
                pl.col("_highest").fill_null(FIRST_ORDINAL - 1)
                + 1
                + pl.int_range(pl.len(), dtype=pl.Int64).over("timestamp")
            ).alias("sequence")
        )
        .drop("_nth", "_held", "_highest")
    )


def runs(sequences: Int64s, times: Int64s) -> list[tuple[int, int, int, int]]:
    """Runs of consecutive ids: (first id, last id, earliest time, latest time), in id order."""
    if not len(sequences):
        return []
    ids, index = np.unique(sequences, return_index=True)
    stamps = times[index]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(ids) != 1)))
    ends = np.concatenate((starts[1:] - 1, [len(ids) - 1]))
    low = np.minimum.reduceat(stamps, starts)
    high = np.maximum.reduceat(stamps, starts)
    return [
        (int(ids[a]), int(ids[b]), int(x), int(y))
        for a, b, x, y in zip(starts, ends, low, high, strict=True)
    ]
