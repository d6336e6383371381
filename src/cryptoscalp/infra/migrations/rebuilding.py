"""A table made anew under its own name, with everything that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.errors import IntegrityRefused

Connection: TypeAlias = psycopg.Connection[Any]

_SUFFIX: Final = "_before"


@dataclass(frozen=True, slots=True)
class SetAside:
    """The old form of a table, renamed, and the statements that give the new one what it had."""

    table: str
    partitioned: bool
    keys: tuple[str, ...]
    afterwards: tuple[str, ...]
    columns: sql.Composed
    key: sql.Composed

    @property
    def name(self) -> str:
        """The name that the old form has meanwhile."""
        return self.table + _SUFFIX

    def create(self, connection: Connection, clause: str) -> None:
        """Make the new form: columns, checks, defaults and comments, without keys and indexes."""
        connection.execute(
            sql.SQL(
                "CREATE TABLE public.{} (LIKE public.{} INCLUDING ALL EXCLUDING INDEXES)"
            ).format(sql.Identifier(self.table), sql.Identifier(self.name))
            + sql.SQL(" " + clause)
        )

    def add_keys(self, connection: Connection) -> None:
        """Make the primary key and the indexes, under their names."""
        for statement in self.keys:
            connection.execute(statement.encode())

    def finish(self, connection: Connection) -> None:
        """Drop the old form; give the new one its comment, triggers and grants."""
        # Its rows are in the new form: the guard against lost ticks is not for this.
        connection.execute(sql.SQL("DROP TABLE public.{}").format(sql.Identifier(self.name)))
        for statement in self.afterwards:
            connection.execute(statement.encode())


def set_aside(connection: Connection, table: str) -> SetAside:
    """Lock a table against everybody, note all that it has, and rename it with its indexes."""
    name = sql.Identifier(table)
    connection.execute(sql.SQL("LOCK TABLE ONLY public.{} IN ACCESS EXCLUSIVE MODE").format(name))
    owned = {"table": f"public.{table}"}
    columns = _texts(connection, _COLUMNS, owned)
    key = _texts(connection, _KEY_COLUMNS, owned)
    kept = SetAside(
        table=table,
        partitioned=_texts(connection, _KIND, owned) == ["p"],
        keys=tuple(_texts(connection, _KEYS, owned)),
        afterwards=tuple(_texts(connection, _AFTERWARDS, owned)),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
    )
    for index in _texts(connection, _INDEXES, owned):
        connection.execute(
            sql.SQL("ALTER INDEX public.{} RENAME TO {}").format(
                sql.Identifier(index), sql.Identifier(index + _SUFFIX)
            )
        )
    connection.execute(
        sql.SQL("ALTER TABLE public.{} RENAME TO {}").format(name, sql.Identifier(kept.name))
    )
    return kept


def refuse_strangers(connection: Connection, table: str) -> None:
    """Raise IntegrityRefused when something depends on a table that cannot be made again."""
    found = _texts(connection, _STRANGERS, {"table": f"public.{table}"})
    if _texts(connection, _HAS_AGGREGATES, {}):
        found += _texts(connection, _AGGREGATES, {"table": table})
    if found:
        raise IntegrityRefused(
            f"{table} cannot be rebuilt while these depend on it: {', '.join(found)}; drop them,"
            f" and make them again afterwards"
        )


def take_dependents(connection: Connection, table: str) -> list[str]:
    """Drop the functions that depend on a table; returns what makes them again."""
    made: list[str] = []
    for drop, make, more in connection.execute(
        _DEPENDENTS, {"table": f"public.{table}"}
    ).fetchall():
        connection.execute(drop.encode())
        made += [make, *more]
    return made


def _texts(connection: Connection, query: str, params: dict[str, str]) -> list[str]:
    return [str(row[0]) for row in connection.execute(query.encode(), params).fetchall()]


_KIND: Final = "SELECT relkind FROM pg_class WHERE oid = %(table)s::text::regclass"
_COLUMNS: Final = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %(table)s::text::regclass AND attnum > 0 AND NOT attisdropped
      AND attgenerated = '' ORDER BY attnum
"""
_KEY_COLUMNS: Final = """
    SELECT a.attname
    FROM pg_index AS i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = %(table)s::text::regclass AND i.indisprimary ORDER BY k.place
"""
# Taken before the rename, so they name the table as it will be called again.
_KEYS: Final = """
    SELECT statement FROM (
        SELECT 0 AS place, conname::text AS name,
               format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', %(table)s::text, conname,
                      pg_get_constraintdef(oid)) AS statement
        FROM pg_constraint WHERE conrelid = %(table)s::text::regclass AND contype IN ('p', 'u', 'f')
        UNION ALL
        SELECT 1, c.relname, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = %(table)s::text::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
    ) AS made ORDER BY place, name
"""
_INDEXES: Final = """
    SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = %(table)s::text::regclass ORDER BY 1
"""
_AFTERWARDS: Final = """
    SELECT format('COMMENT ON TABLE %%s IS %%L', %(table)s::text,
                  obj_description(%(table)s::text::regclass, 'pg_class'))
    UNION ALL
    (SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
     WHERE t.tgrelid = %(table)s::text::regclass AND NOT t.tgisinternal
       AND p.pronamespace = 'public'::regnamespace ORDER BY t.tgname)
    UNION ALL
    SELECT format('GRANT %%s ON %%s TO %%s', string_agg(item.privilege_type, ', '), %(table)s::text,
                  CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END)
    FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS item
    WHERE c.oid = %(table)s::text::regclass AND item.grantee <> c.relowner GROUP BY item.grantee
    UNION ALL
    SELECT format('GRANT %%s (%%I) ON %%s TO %%s', item.privilege_type, a.attname, %(table)s::text,
                  CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END)
    FROM pg_attribute AS a CROSS JOIN aclexplode(a.attacl) AS item
    WHERE a.attrelid = %(table)s::text::regclass AND a.attnum > 0
"""
_STRANGERS: Final = """
    SELECT pg_describe_object('pg_class'::regclass, v.oid, 0)
    FROM pg_depend AS d
    JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class AS v ON v.oid = r.ev_class
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::text::regclass
      AND v.relnamespace IS DISTINCT FROM to_regnamespace('_timescaledb_internal')
    UNION
    SELECT format('constraint %%I on %%s', conname, conrelid::regclass) FROM pg_constraint
    WHERE contype = 'f' AND confrelid = %(table)s::text::regclass
    UNION
    SELECT format('policy %%I', polname) FROM pg_policy WHERE polrelid = %(table)s::text::regclass
    UNION
    SELECT format('publication %%I', p.pubname) FROM pg_publication_rel AS r
    JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = %(table)s::text::regclass
    ORDER BY 1
"""
_HAS_AGGREGATES: Final = """
    SELECT 1 WHERE to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL
"""
_AGGREGATES: Final = """
    SELECT format('continuous aggregate %%I', view_name)
    FROM timescaledb_information.continuous_aggregates
    WHERE hypertable_schema = 'public' AND hypertable_name = %(table)s ORDER BY 1
"""
# (DROP, CREATE, [COMMENT and GRANT …]) of functions that have the row type in their signature or
# their parsed body.
_DEPENDENTS: Final = b"""
    SELECT format('DROP FUNCTION %%s', p.oid::regprocedure), pg_get_functiondef(p.oid),
           ARRAY(SELECT format('COMMENT ON FUNCTION %%s IS %%L', p.oid::regprocedure, said)
                 FROM obj_description(p.oid, 'pg_proc') AS said WHERE said IS NOT NULL
                 UNION ALL
                 SELECT format('REVOKE ALL ON FUNCTION %%s FROM PUBLIC', p.oid::regprocedure)
                 WHERE p.proacl IS NOT NULL
                 UNION ALL
                 SELECT format('GRANT EXECUTE ON FUNCTION %%s TO %%s', p.oid::regprocedure,
                               CASE item.grantee WHEN 0 THEN 'PUBLIC'
                                                 ELSE item.grantee::regrole::text END)
                 FROM aclexplode(p.proacl) AS item WHERE item.grantee <> p.proowner)
    FROM pg_proc AS p
    WHERE p.oid IN (
        SELECT d.objid FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass
          AND (d.refclassid, d.refobjid) IN (
              SELECT 'pg_class'::regclass::oid, %(table)s::text::regclass::oid
              UNION ALL
              SELECT 'pg_type'::regclass::oid, t.oid FROM pg_type AS t
              JOIN pg_class AS c ON c.oid = %(table)s::text::regclass
              WHERE t.oid = c.reltype
                 OR t.oid = (SELECT typarray FROM pg_type WHERE oid = c.reltype)))
    ORDER BY p.oid
"""
