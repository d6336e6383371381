"""Tables that are cut by the day of their rows, however a layout does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Key in `Table.info` under which a table that is cut by day says how.
INFO: Final = "by_day"


@dataclass(frozen=True, slots=True)
class ByDay:
    """A table cut by the UTC day of its column `timestamp`, and how a hypertable compresses it."""

    name: str
    segment_by: tuple[str, ...]
    order_by: tuple[str, ...]
