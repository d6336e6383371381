"""What the new server needs before anyone else uses it: database, login role, password."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.waiting import starts
from cryptoscalp.infra.server.cluster import DATABASE, LOGIN
from cryptoscalp.infra.server.patience import Patience

_NAME = "cryptoscalp server"
_TIMEOUT_S = 10


def connect(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection of the supervisor's own; raises psycopg.OperationalError."""
    return psycopg.connect(dsn, autocommit=True, connect_timeout=_TIMEOUT_S, application_name=_NAME)


def accepts(dsn: str) -> bool:
    """True when a login with `dsn` works, or would but for the number of connections."""
    try:
        connect(dsn).close()
    except psycopg.OperationalError as error:
        return "too many clients" in str(error) or "connection slots" in str(error)
    return True


def wait_for_answer(dsn: str, patience: Patience) -> None:
    """Wait while the server recovers; raises psycopg.OperationalError when the patience is spent.

    The pid file of a server that recovers from a crash of its own still says that it is ready.
    """
    while True:
        try:
            connect(dsn).close()
        except psycopg.OperationalError as error:
            if not starts(error) or patience.spent:
                raise
            patience.pause()
        else:
            return


def other_clients(admin_dsn: str) -> int:
    """Number of client sessions besides the one that asks."""
    with connect(admin_dsn) as connection:
        row = connection.execute(
            "SELECT count(*)::int FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]


def ensure_database(maintenance_dsn: str, admin_dsn: str) -> None:
    """Make the database, its extension and last the login role, as far as they are missing.

    The role comes last because a successful login with it is the sign that all is done.
    """
    with connect(maintenance_dsn) as connection:
        if not _any(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with connect(admin_dsn) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        if not _any(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", LOGIN):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                    sql.Identifier(LOGIN)
                )
            )


def ensure_password(admin_dsn: str, passfile: Path) -> None:
    """Give the login role the password in `passfile`, made at first use.

    The server sees only its SCRAM verifier, so it is in no log, statement list or command line.
    """
    password = _stored(passfile)
    if password is None:
        password = secrets.token_urlsafe(32)
        # Host, port, database, user, password: libpq's format, valid for any later port.
        _keep(passfile, f"127.0.0.1:*:{DATABASE}:{LOGIN}:{password}\n")
    with connect(admin_dsn) as connection:
        verifier = connection.pgconn.encrypt_password(
            password.encode(), LOGIN.encode(), b"scram-sha-256"
        )
        connection.execute("SET pg_stat_statements.track = 'none'")
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(LOGIN), sql.Literal(verifier.decode())
            )
        )


def _any(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _stored(passfile: Path) -> str | None:
    if not passfile.exists():
        return None
    fields = passfile.read_text().strip().split(":")
    return fields[-1] if len(fields) == 5 and fields[-1] else None


def _keep(passfile: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".passfile", dir=passfile.parent)  # mode 0600
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(passfile)
