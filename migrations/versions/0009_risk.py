"""Risk metrics and back-tests

What portfolios can lose, each figure with the method and the data that made it.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import run_frozen

revision = "0009"
down_revision = "0008"
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
