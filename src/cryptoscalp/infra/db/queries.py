"""Named queries: the long statements of a room, one `.sql` file each in its `sql/` folder."""

from __future__ import annotations

from importlib.resources import files

from psycopg import sql


def text(room: str, name: str) -> str:
    """What is in `sql/NAME.sql` of a room such as "cryptoscalp.capture"."""
    return files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def query(room: str, name: str) -> sql.SQL:
    """The statement in `sql/NAME.sql` of a room."""
    return sql.SQL(text(room, name))
