"""Performance analytics: functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "guard_performance",
    "note_books_change",
    "note_price_change",
    "lock_performance",
    "take_price_changes",
    "measure_slippage",
    "record_performance",
    "record_progress",
    "performance",
    "performance_triggers",
    "performance_grants",
)
