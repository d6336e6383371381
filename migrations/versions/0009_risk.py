"""Risk metrics and back-tests

What portfolios can lose, each figure with the method and the data that made it.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops risk metrics and back-tests with all they hold."
#: Tables with regulated rows that going back drops.
destroys = ("risk_metrics", "risk_backtests")


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
