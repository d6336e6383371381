"""Stress tests

What portfolios would lose in declared scenarios, with the data that said so.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import run_frozen

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops what the revision made, with all that it holds."


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    run_frozen(revision, "drop")
