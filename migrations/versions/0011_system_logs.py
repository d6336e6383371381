"""System logs

What the product and its server log, by day, and how far the server's own log files were read.
"""

from __future__ import annotations

from cryptoscalp.infra.db.by_day import ByDay
from cryptoscalp.infra.migrations.steps import cut_by_day, run_frozen

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Drops the logs; the server's own files stay, and are read again after an upgrade."
#: Tables with regulated rows that going back drops: none.
destroys: tuple[str, ...] = ()

_BY_DAY = (ByDay("system_logs", ("component",), ("timestamp", "log_id")),)
#: The objects of earlier revisions that this one changes.
_REPLACED = {
    "0003": (
        "day_piece",
        "day_counts",
        "check_departure",
        "drop_day",
        "expire_day",
        "place_hold",
    ),
    "0006": ("ensure_partitions",),
}


def upgrade() -> None:
    run_frozen(revision, "new_tables")
    cut_by_day(_BY_DAY)
    run_frozen(revision)


def downgrade() -> None:
    run_frozen(revision, "drop")
    for older, names in _REPLACED.items():
        run_frozen(older, *names)
