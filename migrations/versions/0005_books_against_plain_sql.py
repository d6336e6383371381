"""Books: what money is reckoned by stays, plain SQL keeps the rules

Currencies and kind of an instrument stay once fills are booked, its contract multiplier while a
position is open; a portfolio closes when nothing is open in it. Marks have a time that is one, stop
loss and take profit lie on their sides. A fill that comes again with another strategy, position
side, liquidity or order is refused; a fill of a reduce-only order opens nothing.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import run_frozen

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Takes the rules back; the books stay as they are."
#: Tables with regulated rows that going back drops.
destroys: tuple[str, ...] = ()

#: The objects of 0004 that this revision changes, in their order there.
_REPLACED = (
    "conversion",
    "book_terms",
    "booked_before",
    "fill_order",
    "record_fill",
    "record_transfer",
    "record_funding",
    "record_order_event",
    "trading_triggers",
    "trading_grants",
)


def upgrade() -> None:
    run_frozen(revision, "checks")
    run_frozen(revision)
    run_frozen("0004", "trading_grants")


def downgrade() -> None:
    run_frozen(revision, "drop")
    run_frozen("0004", *_REPLACED)
