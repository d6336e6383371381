"""Procrastinate's tables come from its package, in a schema of their own, and stay up to date."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import psycopg
import pytest

from cryptoscalp import DatabaseError, SchemaMismatch
from cryptoscalp.infra import migrations
from cryptoscalp.infra.jobs import queue
from cryptoscalp.infra.migrations import roles
from tests.jobs.shop import job, worker
from tests.postgres import LOGIN, Place


@pytest.fixture
def owner(database: Place) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A session of the owner."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        # The right to make schemas is not copied with a database.
        roles.bootstrap(connection, login=LOGIN)
        connection.execute("SET ROLE cryptoscalp_owner")
        yield connection


def test_it_is_there_and_a_second_time_changes_nothing(
    database: Place, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    before = _shape(owner)
    assert ("table", "procrastinate_jobs") in before
    with owner.transaction():
        queue.install(owner)
    assert _shape(owner) == before
    assert migrations.check(database.admin_dsn) == []


def test_an_older_one_is_brought_up_by_the_packages_own_migrations(
    database: Place, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    wanted = _shape(owner)
    queue.remove(owner)
    folder = resources.files("procrastinate.sql").joinpath("migrations")
    older = sorted(one.name for one in folder.iterdir() if one.name < "03.01" and "_" in one.name)
    with owner.transaction():
        owner.execute("CREATE SCHEMA procrastinate")
        owner.execute("SET LOCAL search_path = procrastinate")
        for name in older:
            if name.endswith(".sql"):
                owner.execute(folder.joinpath(name).read_bytes())
        owner.execute(
            "COMMENT ON SCHEMA procrastinate IS 'Queue; its migration 03.00.00_50;"
            " jobs are expected since 2026-01-01T00:00:00+00:00'"
        )
    refused = pytest.raises(SchemaMismatch, match=r"03\.00\.00_50.*db upgrade")
    with refused, worker(database.dsn, job("any", lambda: None)) as told:
        told.join()
    migrations.upgrade(database.admin_dsn, login=LOGIN)
    assert _shape(owner) == wanted
    comment = "SELECT obj_description('procrastinate'::regnamespace, 'pg_namespace')"
    row = owner.execute(comment).fetchone()
    assert row is not None
    assert str(row[0]).endswith(
        f"its migration {queue.newest()}; jobs are expected since 2026-01-01T00:00:00+00:00"
    )


def test_somebody_elses_schema_of_that_name_is_left_alone(
    empty_database: Place,
) -> None:
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA procrastinate")
    with pytest.raises(DatabaseError, match=r"belongs to postgres.*ALTER SCHEMA procrastinate"):
        migrations.upgrade(empty_database.admin_dsn, login=LOGIN)
    with psycopg.connect(empty_database.admin_dsn) as connection:
        assert _shape(connection) == set()


def test_the_product_uses_the_queue_and_owns_nothing_of_it(database: Place) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("SELECT * FROM procrastinate.procrastinate_jobs")
        for statement in (
            "CREATE TABLE procrastinate.mine ()",
            "TRUNCATE procrastinate.procrastinate_jobs",
            "DROP SCHEMA procrastinate CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def _shape(connection: psycopg.Connection[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """Tables, columns, indexes, triggers and functions of the schema, with their rights."""
    return set(
        connection.execute(
            """
            SELECT 'table', relname::text FROM pg_class
                WHERE relnamespace = to_regnamespace('procrastinate') AND relkind = 'r'
            UNION ALL SELECT table_name::text, column_name::text || ' ' || udt_name::text
                FROM information_schema.columns WHERE table_schema = 'procrastinate'
            UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger JOIN pg_class AS c
                ON c.oid = tgrelid AND relnamespace = to_regnamespace('procrastinate')
                WHERE NOT tgisinternal
            UNION ALL SELECT 'function', proname::text || ' ' || proacl::text FROM pg_proc
                WHERE pronamespace = to_regnamespace('procrastinate')
            UNION ALL SELECT 'rights', relname::text || ' ' || relacl::text FROM pg_class
                WHERE relnamespace = to_regnamespace('procrastinate') AND relkind IN ('r', 'S')
            """
        ).fetchall()
    )
