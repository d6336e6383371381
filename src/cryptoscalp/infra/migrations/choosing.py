"""Which layout a database gets, and what an administrator prepares for it."""

from __future__ import annotations

from typing import Any, Final, TypeAlias, get_args

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.capabilities import (
    OLDEST_TIMESCALE,
    UNKNOWN_TIMESCALE,
    Capabilities,
    Layout,
    capabilities,
)
from cryptoscalp.infra.db.errors import DatabaseError, InputError, PermissionRefused
from cryptoscalp.infra.db.flow import Rows
from cryptoscalp.infra.migrations import roles

Connection: TypeAlias = psycopg.Connection[Any]

_AUTO: Final = "auto"
#: TimescaleDB gives up on a statement that unpacks more rows of the columnstore than this; taking a
#: batch back may have to unpack a day. 0 is no limit.
_UNPACKED: Final = "timescaledb.max_tuples_decompressed_per_dml_transaction"


def look(connection: Connection) -> Capabilities:
    """What the server and the database of a connection can do."""
    flow = capabilities()
    step = next(flow)
    while True:
        assert isinstance(step, Rows)
        found = connection.execute(step.query, step.params).fetchall()
        try:
            step = flow.send(found)
        except StopIteration as end:
            result: Capabilities = end.value
            return result


def choose(found: Capabilities, wanted: str) -> Layout:
    """The layout that a database has or gets.

    Raises InputError for a layout that there is not, or another one than the database has;
    DatabaseError when TimescaleDB is asked for, or in use, and cannot be.
    """
    _check_name(wanted, (_AUTO, *get_args(Layout)))
    if found.layout is not None and wanted not in (_AUTO, found.layout):
        raise InputError(
            f"the database has layout {found.layout!r}; to change it, run"
            f" `cryptoscalp db convert --layout {wanted}`"
        )
    if (found.layout or wanted) == "native":
        return "native"
    if found.layout == "timescale" or wanted == "timescale":
        refuse_unusable(found)
        return "timescale"
    if found.timescale is not None:
        # Somebody installed it in this very database: what keeps it from being used is said.
        refuse_unusable(found)
        return "timescale"
    return "timescale" if found.loaded and _unusable(found) is None else "native"


def choose_other(found: Capabilities, wanted: str) -> Layout:
    """The layout that a database is converted to; raises as `choose` does."""
    _check_name(wanted, get_args(Layout))
    if wanted == "native":
        return "native"
    refuse_unusable(found)
    return "timescale"


def _check_name(wanted: str, names: tuple[str, ...]) -> None:
    if wanted not in names:
        raise InputError(f"there is no layout {wanted!r}; choose {', '.join(names)}")


def refuse_unusable(found: Capabilities) -> None:
    """Raise DatabaseError with what to do when this server's TimescaleDB cannot be used."""
    reason = _unusable(found)
    if reason is not None:
        raise DatabaseError(reason)


def _unusable(found: Capabilities) -> str | None:
    if found.timescale is None and found.available is None:
        return (
            "this server has no TimescaleDB; install its package for this PostgreSQL, or choose"
            " --layout native"
        )
    version = found.timescale or found.available
    if not found.loaded:
        return (
            f"TimescaleDB {version} is here but not preloaded, and would answer wrongly: add"
            " timescaledb to shared_preload_libraries in postgresql.conf and restart the server,"
            " or choose --layout native"
        )
    if found.version < OLDEST_TIMESCALE:
        oldest = ".".join(map(str, OLDEST_TIMESCALE))
        return (
            f"TimescaleDB {version} is older than {oldest}, the oldest that cryptoscalp works with:"
            f" update its package, then run ALTER EXTENSION timescaledb UPDATE, or choose --layout"
            f" native"
        )
    if found.version >= UNKNOWN_TIMESCALE:
        return (
            f"TimescaleDB {version} is newer than this version of cryptoscalp knows (2.x): install"
            f" a newer cryptoscalp, or choose --layout native"
        )
    return None


def prepare(connection: Connection, layout: Layout) -> None:
    """Make the extension, and close its chunks to everybody but their owner.

    A chunk carries the grants of its hypertable and fires none of its statement triggers: whoever
    may name it could store ticks past them. `connection` is the administrator's, in autocommit.
    Raises PermissionRefused with the SQL that somebody with the right has to run.
    """
    if layout == "native":
        return
    wanted = list(_missing(connection))
    try:
        for statement in wanted:
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise _refused(connection, wanted) from error
    left = list(_missing(connection))
    if left:
        # REVOKE without the right to revoke only warns.
        raise _refused(connection, left)


def _missing(connection: Connection) -> list[sql.Composed]:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    ).fetchone()
    if row is None or not row[0]:
        return [
            sql.SQL("CREATE EXTENSION timescaledb SCHEMA public").format(),
            *_closing(connection),
        ]
    chunks = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee = 0),"
        "       has_schema_privilege('cryptoscalp_owner', nspname, 'USAGE'),"
        "       EXISTS (SELECT FROM pg_db_role_setting, pg_database AS d, unnest(setconfig) AS said"
        "               WHERE setdatabase = d.oid AND d.datname = current_database()"
        "                 AND setrole = 0 AND said = %s)"
        " FROM pg_namespace WHERE nspname = '_timescaledb_internal'",
        [f"{_UNPACKED}=0"],
    ).fetchone()
    return [] if chunks == (True, True, True) else _closing(connection)


def _closing(connection: Connection) -> list[sql.Composed]:
    return [
        sql.SQL("REVOKE USAGE ON SCHEMA _timescaledb_internal FROM PUBLIC").format(),
        sql.SQL("GRANT USAGE ON SCHEMA _timescaledb_internal TO {}").format(
            sql.Identifier(roles.OWNER)
        ),
        sql.SQL("ALTER DATABASE {} SET {} = 0").format(
            sql.Identifier(connection.info.dbname), sql.SQL(_UNPACKED)
        ),
    ]


def _refused(connection: Connection, statements: list[sql.Composed]) -> PermissionRefused:
    lines = "\n".join(f"  {statement.as_string(connection)};" for statement in statements)
    return PermissionRefused(
        f"{connection.info.user!r} may not prepare TimescaleDB; let a superuser run this in"
        f" database {connection.info.dbname!r}, then try again:\n{lines}",
        sqlstate="42501",
    )
