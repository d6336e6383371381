"""The schema is this version's: revision, tables, functions, triggers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.flow import Flow, call, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, listed
from cryptoscalp.schema import SUBJECTS

_UPGRADE: Final = "cryptoscalp db upgrade"
_COMPARE: Final = "cryptoscalp db check shows every difference"
_BODY: Final = re.compile(
    r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(.*?\bAS \$\$(.*?)\$\$;", re.DOTALL
)
#: What keeps ticks append-only and candles exact, on each table and on each of its partitions;
#: and what is on the table alone, because nobody may name its partitions.
_GUARDS: Final = {
    "market_data": {"ticks_inserted", "ticks_append_only"},
    "order_book_l1": {"ticks_inserted", "ticks_append_only"},
    "mark_prices": {"states_ours_only", "states_append_only"},
    "funding_rates": {"states_ours_only", "states_append_only"},
}
_DERIVED: Final = {
    "candles": {"derived_only"},
    "newest_quotes": {"derived_only"},
    "newest_trades": {"derived_only"},
    "coverage": {"derived_only"},
}


def schema() -> Flow[Verdict]:
    """Revision, columns, indexes, constraints and functions are those declared."""
    head = yield from call(migrations.head)
    recorded = yield from rows("SELECT version_num FROM public.alembic_version")
    found = ", ".join(row[0] for row in recorded) or "none"
    if found != head:
        told = f"the schema is at revision {found}, this version needs {head}"
        return judged("", [Problem("FAIL", told, _UPGRADE)])
    there: set[str] = set()
    columns = yield from rows(
        "SELECT c.relname || '.' || a.attname FROM pg_class AS c JOIN pg_attribute AS a"
        " ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    named = yield from rows(
        "SELECT 'index ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('i', 'I') UNION ALL SELECT 'constraint ' || conname FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
    )
    there.update(row[0] for row in [*columns, *named])
    bodies = yield from rows(
        "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND pg_get_userbyid(proowner) = 'cryptoscalp_owner'"
    )
    declared, functions = yield from call(_declared)
    problems = [*_missing(declared - there), *_changed(functions, dict(bodies))]
    return judged(
        f"revision {head}; {len(declared):,} columns, indexes and constraints and"
        f" {len(functions)} functions are as declared",
        problems,
    )


def _declared() -> tuple[set[str], dict[str, str]]:
    """Names of columns, indexes and constraints, and the texts of functions."""
    names: set[str] = set()
    functions: dict[str, str] = {}
    for subject in SUBJECTS:
        for table in subject.metadata.tables.values():
            names.update(f"{table.name}.{column.name}" for column in table.columns)
            names.update(f"index {index.name}" for index in table.indexes)
            # A table without a primary key has one of no columns in its metadata.
            keyless = set() if table.primary_key.columns else {table.primary_key}
            held = table.constraints - keyless
            names.update(f"constraint {one.name}" for one in held if one.name)
        for name in subject.sql_objects:
            functions.update(_BODY.findall(subject.sql_text(name)))
    return names, functions


def _missing(names: Iterable[str]) -> Iterator[Problem]:
    held = sorted(names)
    if held:
        yield Problem("FAIL", f"missing in the schema: {listed(held)}", _COMPARE)


def _changed(declared: dict[str, str], found: dict[str, str]) -> Iterator[Problem]:
    wrong = sorted(name for name, body in declared.items() if found.get(name) != body)
    if wrong:
        told = f"functions are not as declared: {listed(wrong)}"
        yield Problem("FAIL", told, _COMPARE)


def guards() -> Flow[Verdict]:
    """Every table and partition has the triggers that keep it exact, and they are enabled."""
    found = yield from rows(
        "SELECT coalesce(p.relname, c.relname)::text, c.relname::text,"
        " (SELECT array_agg(tgname::text) FROM pg_trigger AS t WHERE t.tgrelid = c.oid"
        "   AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A'))"
        " FROM pg_class AS c"
        " LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid"
        " LEFT JOIN pg_class AS p ON p.oid = i.inhparent AND p.relname = ANY (%(cut)s)"
        # Statements on a hypertable fire its own triggers: its chunks need none.
        "   AND p.relkind = 'p'"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND (c.relname = ANY (%(names)s) OR p.oid IS NOT NULL) ORDER BY c.relname",
        {"names": [*_GUARDS, *_DERIVED], "cut": [*_GUARDS]},
    )
    wanted = _GUARDS | _DERIVED
    bare = {
        name: missing
        for parent, name, triggers in found
        if (missing := wanted[parent] - set(triggers or ()))
    }
    problems = [
        Problem("FAIL", f"{name} has no enabled trigger {', '.join(sorted(missing))}",
                _enable(name, missing))
        for name, missing in bare.items()
    ]  # fmt: skip
    return judged(f"{len(found):,} tables and partitions are guarded", problems)


def _enable(name: str, missing: set[str]) -> str:
    first = min(missing)
    return f"ALTER TABLE {name} ENABLE TRIGGER {first}; where it is gone: {_COMPARE}"


CHECKS: Final = (
    Check("schema", "revision, tables and functions are this version's", schema),
    Check("guards", "triggers keep ticks append-only and candles exact", guards),
)
