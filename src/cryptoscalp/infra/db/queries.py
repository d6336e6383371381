"""Named queries: the long statements of a room, one `.sql` file each in its `sql/` folder."""

from __future__ import annotations

from importlib.resources import files

from psycopg import sql


def query(room: str, name: str) -> sql.SQL:
    """The statement in `sql/NAME.sql` of a room such as "cryptoscalp.capture"."""
    text = files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(text)
