"""A fresh embedded server for one benchmark, with the product's own settings, then thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

import cryptoscalp
from cryptoscalp.infra.server import EmbeddedServer

_SETTINGS: Final = ("synchronous_commit", "fsync", "shared_buffers", "full_page_writes")
#: The session settings of the product's pool: a peer's connection has the same.
SESSION: Final[Mapping[str, Any]] = {
    "autocommit": True,
    "prepare_threshold": 2,
    "options": "-c timezone=UTC",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A running server with the schema made, in a data directory of its own."""

    data_dir: Path
    dsn: str
    admin_dsn: str
    version: str

    def connect(self) -> cryptoscalp.Database:
        """The product's blocking face, connected as its users connect."""
        return cryptoscalp.connect(data_dir=self.data_dir)

    def connect_async(self) -> cryptoscalp.connect_async:
        """The product's asyncio face."""
        return cryptoscalp.connect_async(data_dir=self.data_dir)

    def bare(self, *, admin: bool = False) -> psycopg.Connection[Any]:
        """A connection without pool or product."""
        return psycopg.connect(self.admin_dsn if admin else self.dsn, **SESSION)

    def settings(self) -> dict[str, str]:
        """The settings that the figures depend on, and the transport."""
        with self.bare() as connection:
            found = connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)",
                (list(_SETTINGS),),
            ).fetchall()
        return {"transport": "Unix socket", **dict(sorted(found))}

    def settle(self) -> None:
        """Statistics and a checkpoint, so that neither falls into what is measured next."""
        with self.bare(admin=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


@contextmanager
def fresh_place() -> Iterator[Place]:
    """Start a server in a new directory; stop it and remove the directory at the end."""
    # A directory that mkdtemp made is closed to the server's operating-system user.
    folder = Path(tempfile.mkdtemp(prefix="cryptoscalp-bench-"))
    folder.chmod(0o755)
    server = EmbeddedServer(folder / "data")
    try:
        server.ensure_running()
        with cryptoscalp.connect(data_dir=folder / "data"):
            pass  # the first connection makes the schema
        yield Place(
            folder / "data", server.dsn, server.admin_dsn, server.status().version or "unknown"
        )
    finally:
        server.stop()
        shutil.rmtree(folder)


def bare_table(connection: psycopg.Connection[Any], day: str, next_day: str) -> None:
    """Make `bare`: market_data's columns, key, indexes and checks, without its triggers."""
    for statement in (
        sql.SQL(
            "CREATE TABLE bare (LIKE market_data INCLUDING ALL) PARTITION BY RANGE (timestamp)"
        ),
        sql.SQL("CREATE TABLE bare_day (LIKE bare INCLUDING ALL)"),
        sql.SQL("ALTER TABLE bare ATTACH PARTITION bare_day FOR VALUES FROM ({}) TO ({})").format(
            sql.Literal(day), sql.Literal(next_day)
        ),
    ):
        connection.execute(statement)
