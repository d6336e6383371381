"""Indexes: valid, and worth their upkeep."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, skipped

#: An index below this size costs too little to be worth a word.
UNUSED_BYTES: Final = 64 * 1024 * 1024
#: So long must the server have counted before zero scans say anything.
UNUSED_AFTER: Final = timedelta(days=7)


def valid() -> Flow[Verdict]:
    """Every index answers queries, and every partition has its parent's indexes."""
    found = yield from rows(
        "SELECT c.relname::text, t.relname::text, c.relkind = 'I' FROM pg_index AS i"
        " JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid"
        " WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)"
        " AND t.relnamespace <> 'pg_toast'::regnamespace ORDER BY c.relname"
    )
    counted = yield from rows(
        "SELECT count(*) FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid"
        " WHERE t.relnamespace = 'public'::regnamespace"
    )
    problems = []
    for name, table, parent in found:
        if parent:
            told = f"{name} is not valid: a partition of {table} lacks its part of it"
            hint = f"CREATE INDEX on that partition, then ALTER INDEX {name} ATTACH PARTITION"
        else:
            told = f"{name} on {table} is not valid: its making was broken off"
            hint = f"REINDEX INDEX CONCURRENTLY {name}, or DROP INDEX {name}"
        problems.append(Problem("FAIL", told, hint))
    return judged(f"{counted[0][0]:,} indexes are valid", problems)


def used() -> Flow[Verdict]:
    """No large index is kept for nobody; keys and constraints are needed in any case."""
    since = yield from rows(
        "SELECT now() - coalesce(stats_reset, pg_postmaster_start_time())"
        " FROM pg_stat_database WHERE datname = current_database()"
    )
    counting = since[0][0]
    if counting < UNUSED_AFTER:
        return skipped(
            f"the server counts scans for {counting.days} days only;"
            f" {UNUSED_AFTER.days} are needed to tell"
        )
    found = yield from rows(
        "SELECT coalesce(p.relname, c.relname)::text, sum(pg_relation_size(c.oid))::bigint AS size,"
        " pg_size_pretty(sum(pg_relation_size(c.oid))), count(*)"
        " FROM pg_stat_user_indexes AS s JOIN pg_class AS c ON c.oid = s.indexrelid"
        " JOIN pg_index AS i ON i.indexrelid = s.indexrelid"
        " LEFT JOIN pg_inherits AS h ON h.inhrelid = c.oid"
        " LEFT JOIN pg_class AS p ON p.oid = h.inhparent"
        " WHERE NOT i.indisprimary AND NOT i.indisunique"
        " AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = s.indexrelid)"
        " GROUP BY 1 HAVING sum(s.idx_scan) = 0 ORDER BY size DESC"
    )
    problems = [
        Problem("WARN", f"{name} was not used in {counting.days} days and has {pretty}",
                "when no monthly work needs it either: drop it in a migration")
        for name, size, pretty, _ in found
        if size >= UNUSED_BYTES
    ]  # fmt: skip
    return judged(f"no large index without a scan in {counting.days} days", problems)


CHECKS: Final = (
    Check("indexes-valid", "every index is valid", valid),
    Check("indexes-used", "no large index is kept for nobody", used),
)
