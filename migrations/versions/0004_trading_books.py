"""Trading books: positions, trades, cash and P&L

Portfolios, strategies, orders with their events, positions, trades, the cash ledger with its
balances, funding payments; the functions through which fills, transfers and funding are booked, the
triggers that keep P&L, legal moves and append-only rows, and the views of a desk.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops the books with all they hold."
#: Tables with regulated rows that going back drops.
destroys = ("trades", "orders", "order_events", "cash_ledger", "funding_payments")


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
