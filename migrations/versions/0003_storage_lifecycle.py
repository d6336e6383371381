"""Storage lifecycle: two tiers, two layouts, jobs

The ledger of the cold tier (`cold_parts`), late writes, holds, departures and orphaned files, with
the functions through which a day leaves PostgreSQL and comes back. Runs of jobs and alerts. The
queue of jobs (procrastinate's) and the catalog of the cold tier (PyIceberg's), each in a schema of
its own. The insert triggers refuse rows of days that lie in the cold tier. Ticks and states become
hypertables where the layout `timescale` was chosen.
"""

from __future__ import annotations

from cryptoscalp.infra.db.by_day import ByDay
from cryptoscalp.infra.migrations.steps import (
    cut_by_day,
    install_catalog,
    install_queue,
    refuse_loss,
    remove_catalog,
    remove_queue,
    run_frozen,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops the ledger of the cold tier, holds, the history of jobs and alerts, and the catalog:\n"
    "files of the cold tier stay in the warehouse, and nothing refers to them. Hypertables become\n"
    "partitioned tables again, with their rows."
)
#: Tables with regulated rows that going back drops.
destroys = ("cold_parts",)

#: The tables of 0001 and 0002 that become hypertables where that layout was chosen.
_BY_DAY = (
    ByDay("market_data", ("symbol", "exchange"), ("timestamp", "sequence")),
    ByDay("order_book_l1", ("symbol", "exchange"), ("timestamp", "sequence")),
    ByDay("mark_prices", ("symbol", "exchange"), ("timestamp",)),
    ByDay("funding_rates", ("symbol", "exchange"), ("timestamp",)),
)
#: The objects of earlier revisions that this one changes, in their order there.
_REPLACED = {
    "0001": ("recompute_newest", "order_book_l1_inserted", "cut_coverage", "set_canonical"),
    "0002": (
        "market_data_inserted",
        "guard_states",
        "ensure_partitions",
        "correct_ticks",
        "triggers",
        "grants",
    ),
}


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    cut_by_day(_BY_DAY)
    run_frozen(revision, "replaced")
    run_frozen(revision)
    install_queue()
    install_catalog()


def downgrade() -> None:
    refuse_loss(*destroys)
    remove_queue()
    remove_catalog()
    cut_by_day(_BY_DAY, native=True)
    run_frozen(revision, "drop")
    for older, names in _REPLACED.items():
        run_frozen(older, *names)
