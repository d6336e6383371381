"""The declared list of retention: each table of the schema has one entry."""

from __future__ import annotations

from collections import Counter

from cryptoscalp.retention.planning import BY_DAY, BY_ROW
from cryptoscalp.schema import KEPT, SUBJECTS
from tests.postgres import Place
from tests.retention.days import as_admin

#: Partitioned tables below `candles`, which are no declared tables of their own.
_PARTS = {"candles_1s", "candles_long"}
#: Regulated tables that never leave: the books (decision 0017), what models did (0020), what was
#: reckoned of both (0023 to 0027).
_STAYING = {
    "trades", "orders", "order_events", "cash_ledger", "funding_payments",
    "feature_vectors", "model_performance", "model_performance_revisions",
    "drift_events", "adaptation_history", "adaptation_events",
    "performance_analytics", "fill_slippage",
    "risk_metrics", "risk_backtests", "stress_test_results",
    "limit_breaches", "kill_switch_events", "risk_alerts",
}  # fmt: skip


def test_every_table_has_one_entry() -> None:
    declared = {name for subject in SUBJECTS for name in subject.metadata.tables}
    assert Counter(kept.table for kept in KEPT) == Counter(declared | _PARTS)
    for subject in SUBJECTS:
        assert {kept.table for kept in subject.kept} - _PARTS == set(subject.metadata.tables)


def test_every_table_of_a_database_has_one(database: Place) -> None:
    found = as_admin(
        database,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'",
    )
    assert {name for (name,) in found} <= {kept.table for kept in KEPT}


def test_regulated_tables_are_cut_by_day_and_go_to_the_cold_tier() -> None:
    for kept in KEPT:
        stays = kept.retention == "permanent" or kept.table in _STAYING
        assert (kept.cold is not None) == (kept.retention == "regulated" and not stays)
        assert (kept in BY_DAY or kept in BY_ROW) == (not stays)


def test_books_and_models_are_regulated_and_never_leave() -> None:
    assert {
        kept.table for kept in KEPT if kept.retention == "regulated" and kept.partitions is None
    } == _STAYING


def test_columns_by_which_rows_age_are_there(database: Place) -> None:
    for kept in KEPT:
        if kept.retention != "permanent":
            found = as_admin(
                database,
                "SELECT attrelid::regclass::text, attname::text FROM pg_attribute WHERE attnum > 0",
            )
            assert (kept.table, kept.moment) in found
