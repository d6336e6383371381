"""What a database is made of, read from PostgreSQL's own catalogue and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from cryptoscalp.infra.migrations.roles import OWNER

#: (kind, name) -> definition, sorted. Kinds: table, column, constraint, index, trigger, policy,
#: function, domain, enum, grant.
Catalogue = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as declared: what kind, which one, and how it differs."""

    kind: str
    name: str
    detail: str


def snapshot(connection: psycopg.Connection[tuple[object, ...]]) -> Catalogue:
    """All that the owner has in schema `public`, in a form that can be compared with another's.

    Leaf partitions and Alembic's own table are left out, and so is what other roles own. The two
    layouts of a table that is cut by day read alike: as the declared, partitioned one.
    """
    query = files(__package__).joinpath("catalogue.sql").read_bytes()
    with connection.transaction():
        # Definitions are written as this session would have to write them.
        connection.execute(
            "SET LOCAL search_path = public; SET LOCAL timezone = 'UTC';"
            " SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'"
        )
        rows = connection.execute(query, {"owner": OWNER}).fetchall()
        hypertables = _hypertables(connection)
    found = {(str(kind), str(name)): str(definition) for kind, name, definition in rows}
    return dict(sorted((key, _layout_free(key, text, hypertables)) for key, text in found.items()))


def _hypertables(connection: psycopg.Connection[tuple[object, ...]]) -> frozenset[str]:
    row = connection.execute("SELECT to_regclass('_timescaledb_catalog.hypertable')").fetchone()
    if row is None or row[0] is None:
        return frozenset()
    found = connection.execute(
        "SELECT table_name FROM _timescaledb_catalog.hypertable WHERE schema_name = 'public'"
    )
    return frozenset(str(row[0]) for row in found)


def _layout_free(key: tuple[str, str], text: str, hypertables: frozenset[str]) -> str:
    kind, name = key
    if kind == "table" and name in hypertables:
        return text.replace("table;", 'table partitioned by RANGE ("timestamp");', 1)
    if kind == "index":
        # A partitioned table's own index says that its partitions have others.
        return text.replace(" ON ONLY ", " ON ", 1)
    return text


def differences(found: Catalogue, declared: Catalogue) -> list[Difference]:
    """What `found` lacks, has too much, or has in another form than `declared`, sorted."""
    listed = []
    for key in sorted(found.keys() | declared.keys()):
        is_, should = found.get(key), declared.get(key)
        if is_ == should:
            continue
        if is_ is None:
            detail = f"is missing; declared: {should}"
        elif should is None:
            detail = f"is not declared; found: {is_}"
        else:
            detail = f"found: {is_}; declared: {should}"
        listed.append(Difference(*key, detail))
    return listed
