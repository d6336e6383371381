"""The roles are made once, by whoever may, and the product's login never becomes the owner."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.errors import DatabaseError, PermissionRefused
from cryptoscalp.infra.migrations import roles
from cryptoscalp.infra.server import EmbeddedServer
from tests.postgres import LOGIN, Place, new_database

ROLES = (roles.OWNER, roles.APP, roles.CAPTURE, roles.OFFICER)
PRODUCT = "trader"


@pytest.fixture
def bare(bare_server: EmbeddedServer) -> Iterator[Place]:
    """An empty database on a server without our roles; LOGIN has no rights, PRODUCT is a login."""
    with new_database(bare_server) as made:
        forget_roles(bare_server)
        with psycopg.connect(bare_server.admin_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(PRODUCT)))
        yield made
    forget_roles(bare_server)


def forget_roles(server: EmbeddedServer) -> None:
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        for role in (*ROLES, PRODUCT):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
        connection.execute(f"ALTER ROLE {LOGIN} NOCREATEROLE NOCREATEDB".encode())


def bootstrap(dsn: str, login: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.bootstrap(connection, login=login)


def ask(place: Place, question: str) -> object:
    with psycopg.connect(place.admin_dsn) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def test_nobody_logs_in_as_a_role_of_ours(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        found = connection.execute(
            "SELECT DISTINCT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
            " FROM pg_roles WHERE rolname = ANY (%s)",
            [list(ROLES)],
        ).fetchall()
    assert found == [(False,) * 5]


def test_the_login_uses_the_product_and_never_owns_it(migrated: Place) -> None:
    assert ask(migrated, f"SELECT pg_has_role('{LOGIN}', '{roles.APP}', 'USAGE')") is True
    assert ask(migrated, f"SELECT pg_has_role('{LOGIN}', '{roles.CAPTURE}', 'MEMBER')") is True
    assert ask(migrated, f"SELECT pg_has_role('{LOGIN}', '{roles.OWNER}', 'MEMBER')") is False
    with psycopg.connect(migrated.dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_capture")
        connection.execute("RESET ROLE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE cryptoscalp_owner")


def test_the_writers_rights_come_only_with_its_role(database: Place) -> None:
    assert ask(database, f"SELECT pg_has_role('{LOGIN}', '{roles.CAPTURE}', 'USAGE')") is False


def test_a_second_bootstrap_changes_nothing(bare: Place) -> None:
    bootstrap(bare.admin_dsn, PRODUCT)
    bootstrap(bare.admin_dsn, PRODUCT)
    with psycopg.connect(bare.admin_dsn) as connection:
        assert list(roles.missing(connection, PRODUCT)) == []


def test_a_second_login_joins(bare: Place) -> None:
    bootstrap(bare.admin_dsn, PRODUCT)
    bootstrap(bare.admin_dsn, LOGIN)
    assert ask(bare, f"SELECT pg_has_role('{LOGIN}', '{roles.APP}', 'USAGE')") is True
    assert ask(bare, f"SELECT pg_has_role('{PRODUCT}', '{roles.APP}', 'USAGE')") is True


def test_the_owner_makes_schemas_in_this_database_only(
    bare: Place, bare_server: EmbeddedServer
) -> None:
    """The queue of jobs and the catalogue of the cold tier have schemas of their own."""
    bootstrap(bare.admin_dsn, PRODUCT)
    question = f"SELECT has_database_privilege('{roles.OWNER}', current_database(), 'CREATE')"
    assert ask(bare, question) is True
    with new_database(bare_server) as other:
        assert ask(other, question) is False
        with psycopg.connect(other.admin_dsn) as connection:
            wanted = [one.as_string(connection) for one in roles.missing(connection, PRODUCT)]
        assert f'GRANT CREATE ON DATABASE "{other.name}" TO "{roles.OWNER}"' in wanted


@pytest.mark.parametrize("_round", range(3))
def test_two_bootstraps_at_once(bare: Place, bare_server: EmbeddedServer, _round: int) -> None:
    with new_database(bare_server) as other, ThreadPoolExecutor(4) as pool:
        places = [bare.admin_dsn, other.admin_dsn, bare.admin_dsn, other.admin_dsn]
        list(pool.map(bootstrap, places, [PRODUCT] * len(places)))
        for place in (bare, other):
            with psycopg.connect(place.admin_dsn) as connection:
                assert list(roles.missing(connection, PRODUCT)) == []


def test_who_may_not_make_roles_gets_the_sql_for_who_may(bare: Place) -> None:
    with pytest.raises(PermissionRefused) as refused:
        migrations.upgrade(bare.dsn, login=PRODUCT)
    message = str(refused.value)
    script = message[message.index("CREATE ROLE") :]
    assert 'CREATE ROLE "cryptoscalp_owner" NOLOGIN;' in script
    assert migrations.current(bare.dsn) is None
    with psycopg.connect(bare.admin_dsn, autocommit=True) as connection:
        connection.execute(script.encode())
    migrations.upgrade(bare.dsn, login=PRODUCT)
    assert migrations.check(bare.admin_dsn) == []


def test_an_administrator_need_not_be_a_superuser(bare: Place) -> None:
    with psycopg.connect(bare.admin_dsn, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {LOGIN} CREATEROLE CREATEDB".encode())
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(bare.name), sql.Identifier(LOGIN)
            )
        )
        # Only who has the right to admit others may make another role's login a member.
        connection.execute(
            sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(
                sql.Identifier(PRODUCT), sql.Identifier(LOGIN)
            )
        )
    migrations.upgrade(bare.dsn, login=PRODUCT)
    assert migrations.check(bare.dsn) == []
    migrations.downgrade(bare.dsn, "base")


def test_the_migrating_role_and_the_products_login_differ(bare: Place) -> None:
    with psycopg.connect(bare.admin_dsn, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {LOGIN} CREATEROLE".encode())
    with pytest.raises(PermissionRefused, match="would both migrate and use"):
        migrations.upgrade(bare.dsn, login=LOGIN)


def test_a_login_that_could_become_the_owner_is_refused(bare: Place) -> None:
    bootstrap(bare.admin_dsn, PRODUCT)
    with psycopg.connect(bare.admin_dsn, autocommit=True) as connection:
        connection.execute(f"GRANT {roles.OWNER} TO {PRODUCT}".encode())
    with pytest.raises(PermissionRefused, match='REVOKE "cryptoscalp_owner" FROM "trader"'):
        bootstrap(bare.admin_dsn, PRODUCT)


def test_a_login_that_does_not_exist_is_named(bare: Place) -> None:
    with pytest.raises(DatabaseError, match=r"'nobody_here' does not exist.*CREATE ROLE"):
        bootstrap(bare.admin_dsn, "nobody_here")
