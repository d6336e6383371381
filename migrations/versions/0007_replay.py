"""Experience replay: buffers in six tiers, working priorities, journals of writers

Experiences with their states as JSON and as vectors, the priorities that the sampler works with in
a narrow table, and what moved between tiers or left.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops the replay buffers with all their experiences; journals on disk stay."
#: Not regulated, but what a learner has lived through.
destroys = ("experience_replay",)


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
