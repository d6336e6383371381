"""Performance analytics

Performance of portfolios, strategies and symbols over calendar periods, kept incrementally.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops the performance rows, which follow from the books and prices, and the slippage of\n"
    "fills, which does not where quotes have gone to the cold tier."
)
#: Tables with regulated rows that going back drops.
destroys = ("performance_analytics", "fill_slippage")


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
