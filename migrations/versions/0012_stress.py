"""Stress tests

What portfolios would lose in declared scenarios, with the data that said so.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops the stress tests that were stored; scenarios are files and stay."
#: Tables with regulated rows that going back drops.
destroys = ("stress_test_results",)


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
