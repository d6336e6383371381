"""The roles that a database of cryptoscalp needs, and who is a member of which."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.errors import Contention, DatabaseError, PermissionRefused
from cryptoscalp.infra.db.translate import translate

#: Owns every table and function. Nobody logs in as it; migrations take it by SET ROLE.
OWNER = "cryptoscalp_owner"
#: Group with the product's privileges.
APP = "cryptoscalp_app"
#: Group of the batching writer, which keeps candles and newest rows by itself.
CAPTURE = "cryptoscalp_capture"
#: Group of people who may let trading go on after a halt. Nobody is made a member here.
OFFICER = "cryptoscalp_risk_officer"

OLDEST_SERVER = 150000
_ATTEMPTS = 20


def bootstrap(connection: psycopg.Connection[tuple[object, ...]], *, login: str) -> None:
    """Make the roles and memberships that are missing, and none that is there.

    `connection` is the administrator's, in autocommit. `login` must exist; it becomes a member of
    the product's groups, never of the owner. Any number of bootstraps may run at once. Raises
    PermissionRefused with the SQL that somebody with the right has to run.
    """
    _check_server(connection)
    before: list[str] = []
    for _ in range(_ATTEMPTS):
        _check_login(connection, login)
        wanted = list(missing(connection, login))
        if not wanted:
            return
        script = [statement.as_string(connection) for statement in wanted]
        if script == before:
            # GRANT without the right to grant only warns.
            raise _refused(connection, script)
        before = script if _run(connection, wanted, script) else []
    raise Contention("other sessions keep changing the roles of this server; try again")


def missing(
    connection: psycopg.Connection[tuple[object, ...]], login: str
) -> Iterator[sql.Composed]:
    """The statements that would complete the roles; none when all is there."""
    there = {
        row[0]
        for row in connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)",
            [[OWNER, APP, CAPTURE, OFFICER]],
        )
    }

    def holds(role: str, question: LiteralString) -> bool:
        return role in there and _holds(connection, question, login)

    for role in (OWNER, APP, CAPTURE, OFFICER):
        if role not in there:
            yield _statement("CREATE ROLE {} NOLOGIN", role)
    modern = connection.info.server_version >= 160000
    if not holds(OWNER, "SELECT pg_has_role(current_user, 'cryptoscalp_owner', %(member)s)"):
        clause = "GRANT {} TO {} WITH SET TRUE" if modern else "GRANT {} TO {}"
        yield _statement(clause, OWNER, connection.info.user)
    if not holds(OWNER, _OWNER_CREATES):
        yield _statement("GRANT CREATE, USAGE ON SCHEMA public TO {}", OWNER)
    # The queue of jobs and the catalogue of the cold tier have schemas of their own.
    if not holds(OWNER, _OWNER_MAKES_SCHEMAS):
        yield _statement("GRANT CREATE ON DATABASE {} TO {}", connection.info.dbname, OWNER)
    if not holds(APP, "SELECT pg_has_role(%(login)s, 'cryptoscalp_app', 'USAGE')"):
        clause = "GRANT {} TO {} WITH INHERIT TRUE, SET TRUE" if modern else "GRANT {} TO {}"
        yield _statement(clause, APP, login)
    # From 16 on the writer's rights come only with SET ROLE. Before, they are inherited, and the
    # triggers of the derived tables refuse whoever has not taken the role.
    if not holds(CAPTURE, _LOGIN_CAPTURES):
        clause = "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE" if modern else "GRANT {} TO {}"
        yield _statement(clause, CAPTURE, login)


_OWNER_CREATES: Final = """
    SELECT has_schema_privilege('cryptoscalp_owner', 'public', 'CREATE')
       AND has_schema_privilege('cryptoscalp_owner', 'public', 'USAGE')
"""
_OWNER_MAKES_SCHEMAS: Final = """
    SELECT has_database_privilege('cryptoscalp_owner', current_database(), 'CREATE')
"""
_LOGIN_CAPTURES: Final = """
    SELECT pg_has_role(%(login)s, 'cryptoscalp_capture', %(member)s)
       AND (%(member)s = 'MEMBER'
            OR NOT pg_has_role(%(login)s, 'cryptoscalp_capture', 'USAGE')
            OR (SELECT rolsuper FROM pg_roles WHERE rolname = %(login)s))
"""


def _holds(
    connection: psycopg.Connection[tuple[object, ...]], question: LiteralString, login: str
) -> bool:
    # PostgreSQL 15 has no privilege 'SET': there every member may take the role.
    member = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    row = connection.execute(question, {"login": login, "member": member}).fetchone()
    return row is not None and bool(row[0])


def _check_server(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise DatabaseError(
            f"the server at {_place(connection)} is PostgreSQL {version // 10000}; cryptoscalp "
            f"needs 15 or newer: upgrade the server or use the embedded one"
        )


def _check_login(connection: psycopg.Connection[tuple[object, ...]], login: str) -> None:
    row = connection.execute(
        "SELECT rolsuper, EXISTS (SELECT FROM pg_roles WHERE rolname = %(owner)s)"
        " FROM pg_roles WHERE rolname = %(login)s",
        {"login": login, "owner": OWNER},
    ).fetchone()
    if row is None:
        statement = _statement("CREATE ROLE {} LOGIN", login).as_string(connection)
        raise DatabaseError(
            f"the login role {login!r} does not exist at {_place(connection)}; create it with a "
            f"password of your choice: {statement} PASSWORD '...'"
        )
    is_super, owner_exists = row
    if is_super:
        return
    if login == connection.info.user:
        raise PermissionRefused(
            f"{login!r} would both migrate and use the database, so it could change stored ticks; "
            f"migrate as another role (a superuser, or one with CREATEROLE) than the product's "
            f"login"
        )
    member = "SELECT pg_has_role(%(login)s, 'cryptoscalp_owner', 'MEMBER')"
    if owner_exists and _holds(connection, member, login):
        revoke = _statement("REVOKE {} FROM {}", OWNER, login).as_string(connection)
        raise PermissionRefused(
            f"the product's login {login!r} is a member of {OWNER}, so it could change stored "
            f"ticks; take that away: {revoke};"
        )


def _run(
    connection: psycopg.Connection[tuple[object, ...]],
    statements: list[sql.Composed],
    script: list[str],
) -> bool:
    """Run the statements; False when another bootstrap came in between."""
    alone = True
    for statement in statements:
        try:
            connection.execute(statement)
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            alone = False  # what the other one made is looked at again
        except psycopg.errors.InternalError_ as error:
            if "concurrently" not in str(error):
                raise translate(error) from error
            alone = False
            time.sleep(0.05)
        except psycopg.errors.InsufficientPrivilege as error:
            raise _refused(connection, script) from error
        except psycopg.Error as error:
            raise translate(error) from error
    return alone


def _refused(
    connection: psycopg.Connection[tuple[object, ...]], script: list[str]
) -> PermissionRefused:
    lines = "\n".join(f"  {statement};" for statement in script)
    return PermissionRefused(
        f"{connection.info.user!r} may not set up the roles of cryptoscalp at "
        f"{_place(connection)}; let a superuser run this in database "
        f"{connection.info.dbname!r}, then try again:\n{lines}",
        sqlstate="42501",
    )


def _statement(text: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names))


def _place(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    return f"{connection.info.host}:{connection.info.port}"
