"""Market data

Exchanges and instruments with their history, ticks (`market_data`, `order_book_l1`) in daily
partitions, candles and newest rows that follow from them in the same transaction, batches,
coverage, quarantine; the roles' grants.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops every table, function, domain and enum. The roles stay. With years of partitions raise\n"
    "`max_locks_per_transaction` first, or drop the whole database instead."
)
#: Tables with regulated rows that going back drops.
destroys = ("market_data", "order_book_l1", "batches", "quarantine")


def upgrade() -> None:
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
