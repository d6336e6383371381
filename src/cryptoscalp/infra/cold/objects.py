"""The SQL functions and grants of this room, in the order in which they are made."""

from __future__ import annotations

from importlib.resources import files

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS = (
    "day_lock",
    "take_day",
    "day_piece",
    "day_pieces",
    "day_counts",
    "check_unheld",
    "note_late_write",
    "record_parts",
    "verify_parts",
    "seal_day",
    "thaw_part",
    "check_departure",
    "reclaim_day",
    "drop_day",
    "reopen_parts",
    "expire_day",
    "place_hold",
    "release_hold",
    "note_orphans",
    "drop_old_rows",
    "cold_grants",
)


def sql_text(name: str) -> str:
    """The text of one live SQL object."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
