"""Rows that are dead, updates that were not in place, and transaction ids left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity

#: Dead rows count from so many, and from this share of the live ones.
_DEAD_ROWS: Final = 10_000
_DEAD_SHARE: Final = 0.5
#: An index that is this many times its table, and so large, has empty pages.
_INDEX_TIMES: Final = 4
_INDEX_BYTES: Final = 256 * 1024 * 1024
#: Updates of newest rows stay in place (HOT) in this share of cases.
_HOT_SHARE: Final = 0.9
HOT_FROM: Final = 1_000
#: Half of the 2^31 ids before PostgreSQL refuses to write.
_ID_FAIL: Final = 1_000_000_000


def bloat() -> Flow[Verdict]:
    """Dead rows are cleared away, and indexes are in proportion to their tables."""
    found = yield from rows(
        "SELECT relname::text, n_live_tup, n_dead_tup, pg_table_size(relid),"
        " pg_indexes_size(relid), pg_size_pretty(pg_indexes_size(relid))"
        " FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY n_dead_tup DESC"
    )
    dead = sum(row[2] for row in found)
    return judged(f"{dead:,} dead rows in {len(found):,} tables", _bloat(found))


def _bloat(found: list[Row]) -> Iterator[Problem]:
    for name, live, dead, size, indexes, pretty in found:
        if dead >= _DEAD_ROWS and dead > live * _DEAD_SHARE:
            told = f"{name} has {dead:,} dead rows beside {live:,} live ones"
            yield Problem("WARN", told, f"VACUUM {name}; look for old transactions")
        if indexes >= _INDEX_BYTES and indexes > size * _INDEX_TIMES:
            told = f"the indexes of {name} have {pretty}, {indexes / size:.0f} times the table"
            yield Problem("WARN", told, f"REINDEX TABLE CONCURRENTLY {name}")


def in_place() -> Flow[Verdict]:
    """The newest rows are rewritten in their page, so that they do not grow."""
    found = yield from rows(
        "SELECT relname::text, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
        " WHERE schemaname = 'public' AND relname IN ('newest_quotes', 'newest_trades')"
        " ORDER BY relname"
    )
    problems = [
        Problem("WARN", f"{hot / updates:.0%} of {updates:,} updates of {name} were in place (HOT)",
                f"ALTER TABLE {name} SET (fillfactor = 50); no index on what updates change")
        for name, updates, hot in found
        if updates >= HOT_FROM and hot < updates * _HOT_SHARE
    ]  # fmt: skip
    told = ", ".join(f"{name} {updates:,} updates" for name, updates, _ in found)
    return judged(told, problems)


def transaction_ids() -> Flow[Verdict]:
    """Ids of transactions are given back long before they run out."""
    found = yield from rows(
        "SELECT age(datfrozenxid), mxid_age(datminmxid),"
        " current_setting('autovacuum_freeze_max_age')::bigint,"
        " current_setting('autovacuum_multixact_freeze_max_age')::bigint"
        " FROM pg_database WHERE datname = current_database()"
    )
    ids, multi, most, most_multi = found[0]
    problems = []
    for age, limit, what in ((ids, most, "transactions"), (multi, most_multi, "multixacts")):
        if age > min(2 * limit, _ID_FAIL):
            status = severity(age > _ID_FAIL)
            told = f"the oldest {what} are {age:,} ids back, autovacuum should begin at {limit:,}"
            hint = "VACUUM (FREEZE) as an administrator; look for old transactions and slots"
            problems.append(Problem(status, told, hint))
    return judged(f"the oldest row is {ids:,} transactions back, of 2,147,483,648", problems)


CHECKS: Final = (
    Check("bloat", "dead rows and empty index pages are few", bloat),
    Check("updates-in-place", "newest rows are rewritten in their page", in_place),
    Check("transaction-ids", "transaction ids do not run out", transaction_ids),
)
