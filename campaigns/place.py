"""Databases of a campaign's own on one embedded server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench.place import Place
from cryptoscalp.infra import migrations

_LOGIN = "cryptoscalp"


@contextmanager
def fresh_database(place: Place) -> Iterator[str]:
    """The connection string of a new database with the schema; dropped at the end."""
    name = f"campaign_{secrets.token_hex(6)}"
    with place.bare(admin=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            migrations.upgrade(make_conninfo(place.admin_dsn, dbname=name), login=_LOGIN)
            yield make_conninfo(place.dsn, dbname=name)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
