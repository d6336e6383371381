"""Procrastinate's own tables: installed from the installed package, in a schema of their own.

Nothing of it is copied into this project. The comment on the schema says which of procrastinate's
migrations it has and since when jobs are expected to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any, Final

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.errors import DatabaseError
from cryptoscalp.infra.db.flow import Flow, rows

SCHEMA: Final = "procrastinate"
_OWNER: Final = "cryptoscalp_owner"
_COMMENT: Final = re.compile(r"migration (\S+); jobs are expected since (\S+)$")
_MEMBERS: Final = """
    GRANT USAGE ON SCHEMA procrastinate TO cryptoscalp_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO cryptoscalp_app;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO cryptoscalp_app;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA procrastinate FROM PUBLIC;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA procrastinate TO cryptoscalp_app;
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """The newest of procrastinate's migrations that a database has, and since when it has any."""

    migration: str
    since: datetime


def install(connection: psycopg.Connection[Any]) -> None:
    """Make the queue's tables, or bring them up to the installed package; nothing when they are.

    Runs as the owner, in the caller's transaction. Raises DatabaseError when the schema's name is
    taken by somebody else.
    """
    row = connection.execute(
        "SELECT nspowner::regrole::text, obj_description(oid, 'pg_namespace')"
        " FROM pg_namespace WHERE nspname = %s",
        [SCHEMA],
    ).fetchone()
    if row is None:
        found = None
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    else:
        found = _parsed(row[1])
        if row[0] != _OWNER or found is None:
            raise DatabaseError(
                f"the schema {SCHEMA!r} belongs to {row[0]} and is not cryptoscalp's queue of jobs;"
                f" rename it (ALTER SCHEMA {SCHEMA} RENAME TO ...), then upgrade again"
            )
    texts = [_whole()] if found is None else _newer(found.migration)
    if not texts:
        return
    before = connection.execute("SHOW search_path").fetchone()
    assert before is not None
    connection.execute("SELECT set_config('search_path', %s, true)", [SCHEMA])
    for text in texts:
        connection.execute(text.encode())
    connection.execute("SELECT set_config('search_path', %s, true)", before)
    connection.execute(_MEMBERS)
    since = datetime.now(UTC) if found is None else found.since
    comment = (
        f"Queue of jobs, by procrastinate {version('procrastinate')}; its migration {newest()};"
        f" jobs are expected since {since.isoformat(timespec='seconds')}"
    )
    connection.execute(
        sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(SCHEMA), sql.Literal(comment))
    )


def remove(connection: psycopg.Connection[Any]) -> None:
    """Drop the queue's tables, with whatever waits in them."""
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))


def installed() -> Flow[Installed | None]:
    """What a database has of the queue; None before it has any."""
    found = yield from rows(
        "SELECT obj_description(to_regnamespace(%s)::oid, 'pg_namespace')", (SCHEMA,)
    )
    return _parsed(found[0][0])


@cache
def newest() -> str:
    """The newest migration of the installed package, such as 03.04.00_50."""
    return max(_migrations())


def _parsed(comment: str | None) -> Installed | None:
    match = _COMMENT.search(comment or "")
    return match and Installed(match[1], datetime.fromisoformat(match[2]))


def _migrations() -> dict[str, str]:
    folder = resources.files("procrastinate.sql").joinpath("migrations")
    return {
        "_".join(one.name.split("_")[:2]): one.name
        for one in folder.iterdir()
        if one.name.endswith(".sql")
    }


def _whole() -> str:
    return resources.files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")


def _newer(than: str) -> list[str]:
    folder = resources.files("procrastinate.sql").joinpath("migrations")
    return [
        folder.joinpath(name).read_text(encoding="utf-8")
        for key, name in sorted(_migrations().items())
        if key > than
    ]
