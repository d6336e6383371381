"""Upgrade and downgrade: one migrator at a time, as the owner, each downgrade all or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.util import CommandError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from cryptoscalp.infra.db.capabilities import Capabilities
from cryptoscalp.infra.db.errors import Contention, DatabaseError, InputError, SchemaMismatch
from cryptoscalp.infra.db.translate import translate
from cryptoscalp.infra.jobs import queue
from cryptoscalp.infra.migrations import choosing, layouts, roles, scripts
from cryptoscalp.infra.migrations.layouts import Moved

#: Key of the advisory lock that a migrator holds: "cscalp" in ASCII.
LOCK_KEY = 0x637363616C70
_LOCK_WAIT_S = 120.0
_POLL_S = 0.1
_NAME = "cryptoscalp migrations"
# A migration that waits for a table lock stops everybody behind it, so it does not wait for long.
_SESSION = "-c timezone=UTC -c search_path=public -c lock_timeout=30s -c statement_timeout=0"


def upgrade(
    admin_dsn: str,
    *,
    login: str,
    revision: str = "head",
    layout: str = "auto",
    wait_s: float = _LOCK_WAIT_S,
) -> None:
    """Bring a database up to `revision`, making the roles first when they are missing.

    `admin_dsn` is of a superuser, or of a role with CREATEROLE or one that is a member of
    `cryptoscalp_owner`; `login` is the role the product logs in as. `revision` is an id, a version
    such as "1.0.0", or "head". A database that is there already, or further, is left alone.
    `layout` is of the tables cut by day: "native", "timescale", or "auto": what the database has,
    in a new one TimescaleDB where it can be used. Refused, with nothing changed, where it cannot.
    Waits `wait_s` seconds for another migrator, then raises Contention. Each revision is one
    transaction.
    """
    target = scripts.resolve(revision)
    with translated(), alone(admin_dsn, wait_s) as connection:
        chosen = choosing.choose(choosing.look(connection), layout)
        roles.bootstrap(connection, login=login)
        choosing.prepare(connection, chosen)
        _make_version_table(connection)
        _check_known(recorded(connection))
        with engine(admin_dsn, role=roles.OWNER).connect() as migrated, scripts.running:
            attributes = {scripts.CONNECTION: migrated, scripts.LAYOUT: chosen}
            command.upgrade(scripts.config(**attributes), target)
            _renew_queue(migrated)


def convert(
    admin_dsn: str, layout: str, *, with_data: bool = False, wait_s: float = _LOCK_WAIT_S
) -> list[Moved]:
    """Bring the tables cut by day into a layout, rows included, in one transaction.

    Returns what was moved: nothing where the database has that layout. Each table is locked against
    readers and writers meanwhile and needs its space a second time. Refused, with nothing changed:
    a layout that cannot be had here, a database at another revision, and tables with rows unless
    `with_data`. Raises Contention when another session keeps a table busy for more than 5 s.
    """
    with translated(), alone(admin_dsn, wait_s) as connection:
        chosen = choosing.choose_other(choosing.look(connection), layout)
        if recorded(connection) != head():
            raise SchemaMismatch(
                "only a database at this version's revision is converted: run"
                " `cryptoscalp db upgrade` first"
            )
        tables = [
            table
            for table in layouts.declared(scripts.declared().metadata)
            if layouts.layout_of(connection, table.name) != chosen
        ]
        if not with_data:
            _refuse_rows(connection, [table.name for table in tables])
        choosing.prepare(connection, chosen)
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(roles.OWNER)))
        with connection.transaction():
            connection.execute(
                "SET LOCAL lock_timeout = '5s'; SET LOCAL search_path = public;"
                " SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0"
            )
            moved = layouts.cut(connection, chosen, tables)
        for table in moved:
            connection.execute(sql.SQL("ANALYZE public.{}").format(sql.Identifier(table.table)))
    return moved


def _refuse_rows(connection: psycopg.Connection[tuple[object, ...]], tables: list[str]) -> None:
    holding = [
        table
        for table in tables
        if connection.execute(
            sql.SQL("SELECT FROM public.{} LIMIT 1").format(sql.Identifier(table))
        ).rowcount
    ]
    if holding:
        raise InputError(
            f"{', '.join(holding)} hold rows, which would be copied while nobody can read or write"
            f" them; take a backup, then say so (--yes)"
        )


def downgrade(
    admin_dsn: str, revision: str, *, destroy_data: bool = False, wait_s: float = _LOCK_WAIT_S
) -> None:
    """Take a database back to `revision` ("base" for nothing), in one transaction.

    Raises IntegrityRefused, with nothing changed, when regulated rows would be destroyed and
    `destroy_data` is false. The roles stay: other databases of the server may use them.
    """
    target = scripts.resolve(revision)
    with translated(), alone(admin_dsn, wait_s) as connection:
        found = recorded(connection)
        if found is None:
            return
        _check_known(found)
        with engine(admin_dsn, role=roles.OWNER).connect() as migrated, scripts.running:
            attributes = {scripts.CONNECTION: migrated, scripts.DESTROY_DATA: destroy_data}
            command.downgrade(scripts.config(**attributes), target)


def current(dsn: str) -> str | None:
    """Id of the revision that a database is at; None when it has none of our tables."""
    with translated(), psycopg.connect(dsn, autocommit=True, application_name=_NAME) as connection:
        return recorded(connection)


def capabilities(dsn: str) -> Capabilities:
    """What the server and the database can do, and the layout that the database has."""
    with translated(), psycopg.connect(dsn, autocommit=True, application_name=_NAME) as connection:
        return choosing.look(connection)


def head() -> str:
    """Id of the newest revision that this version of the package knows."""
    return scripts.resolve("head")


def ddl() -> str:
    """The declared schema as SQL: tables, then functions, triggers and grants."""
    return scripts.declared().sql()


def engine(dsn: str, *, role: str | None = None) -> Engine:
    """An SQLAlchemy engine whose sessions are in UTC and have taken `role`; none is kept open."""

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        options = conninfo_to_dict(dsn).get("options") or ""
        connection = psycopg.connect(
            dsn,
            autocommit=True,
            application_name=_NAME,
            options=f"{options} {_SESSION}".strip(),
        )
        if role is not None:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        connection.autocommit = False
        return connection

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)


def _renew_queue(migrated: Connection) -> None:
    """Bring the queue of jobs, where a revision has made it, up to the installed procrastinate."""
    migrated.rollback()  # Alembic leaves what it read with open
    with migrated.begin():
        connection = migrated.connection.driver_connection
        assert connection is not None
        row = connection.execute("SELECT to_regnamespace(%s)", [queue.SCHEMA]).fetchone()
        if row[0] is not None:
            queue.install(connection)


@contextmanager
def alone(admin_dsn: str, wait_s: float) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """An autocommit connection that holds the migrators' lock.

    The lock is polled outside a transaction: a session that waits inside one has a snapshot, for
    which CREATE INDEX CONCURRENTLY of the migrator in front would wait in turn, for ever.
    """
    with psycopg.connect(admin_dsn, autocommit=True, application_name=_NAME) as connection:
        end = time.monotonic() + wait_s
        while not _lock(connection):
            if time.monotonic() >= end:
                raise Contention(
                    f"another migration of database {connection.info.dbname!r} is running for "
                    f"more than {wait_s:g} s; wait for it (see pg_stat_activity, "
                    f"application_name '{_NAME}'), then try again"
                )
            time.sleep(_POLL_S)
        yield connection


def _lock(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
    return row is not None and bool(row[0])


def recorded(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    row = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    found = connection.execute("SELECT version_num FROM public.alembic_version").fetchall()
    if len(found) > 1:
        raise SchemaMismatch(
            f"the database says it is at several revisions at once, {sorted(map(str, found))}; "
            f"restore public.alembic_version from a backup"
        )
    return str(found[0][0]) if found else None


def _check_known(revision: str | None) -> None:
    if revision is not None and revision not in {s.revision for s in scripts.revisions()}:
        raise SchemaMismatch(
            f"the database is at revision {revision}, which this version of cryptoscalp does not "
            f"know (its newest is {head()}); install the version that made it, or a newer one"
        )


def _make_version_table(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the table in which Alembic keeps the revision, so that the product may read it."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(roles.OWNER)))
        connection.execute(
            """
            CREATE TABLE IF NOT EXISTS public.alembic_version (
                version_num varchar(32) NOT NULL,
                CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
            COMMENT ON TABLE public.alembic_version IS 'The revision this database is at.';
            COMMENT ON COLUMN public.alembic_version.version_num IS 'id in migrations/versions';
            GRANT SELECT ON public.alembic_version TO cryptoscalp_app;
            """
        )


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of psycopg, SQLAlchemy and Alembic into cryptoscalp's."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise translate(error.orig) from error
        raise
    except psycopg.Error as error:
        raise translate(error) from error
    except CommandError as error:
        raise DatabaseError(f"the migration could not be run: {error}") from error
