"""The SQL functions and grants of this room, in the order in which they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS = ("jobs_grants",)
