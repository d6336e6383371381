"""Limits, breaches, the kill switch, alerts

Declared limits, what broke them, the state that bots read, and alerts on their way out.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops limits, breaches, switches and alerts with all they hold. The role\n"
    "`cryptoscalp_risk_officer` and its members stay."
)
#: Tables with regulated rows that going back drops.
destroys = ("limit_breaches", "kill_switch_events", "risk_alerts")


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
