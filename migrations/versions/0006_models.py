"""Model registry, features, predictions, drift, regimes, adaptations

Models and their versions with lifecycle, lineage, aliases and deployment configs; feature sets and
vectors; predictions with their outcomes and revisions; drift detectors with their state, market
regimes, adaptations and the events for trainers. The books' model ids refer to the registry.
"""

from __future__ import annotations

from cryptoscalp.infra.db.by_day import ByDay
from cryptoscalp.infra.migrations.steps import cut_by_day, refuse_loss, run_frozen

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops the registry, features, predictions, drifts, regimes and adaptations with all they\n"
    "hold. The books keep their model ids as numbers."
)
#: Tables with regulated rows that going back drops.
destroys = (
    "feature_vectors",
    "model_performance",
    "model_performance_revisions",
    "drift_events",
    "adaptation_history",
    "adaptation_events",
)

_BY_DAY = (
    ByDay("feature_vectors", ("feature_set_id", "symbol", "exchange"), ("timestamp",)),
    ByDay("model_performance", ("model_id", "symbol", "exchange"), ("timestamp", "horizon")),
)
#: The objects of earlier revisions that this one changes.
_REPLACED = {"0003": ("ensure_partitions",), "0004": ("place_order",), "0005": ("record_fill",)}


def upgrade() -> None:
    run_frozen(revision, "new_tables", "model_references")
    cut_by_day(_BY_DAY)
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
    for older, names in _REPLACED.items():
        run_frozen(older, *names)
