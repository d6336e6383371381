"""The SQL functions and grants of this room, in the order in which they are made."""

from __future__ import annotations

from importlib.resources import files

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS = ("jobs_grants",)


def sql_text(name: str) -> str:
    """The text of one live SQL object."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
