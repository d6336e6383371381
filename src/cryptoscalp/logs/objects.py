"""System logs: functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "record_logs",
    "record_server_logs",
    "forget_server_logs",
    "log_grants",
)
