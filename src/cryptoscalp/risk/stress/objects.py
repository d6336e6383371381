"""Stress tests: functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "refuse_stress_change",
    "refuse_stress_entry",
    "record_stress_test",
    "stress_triggers",
    "stress_grants",
)
