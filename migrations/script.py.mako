"""${message}

What changes, in a sentence or two for docs/migrations.md.
"""

from __future__ import annotations

from cryptoscalp.infra.migrations.steps import run_frozen

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "0.0.0"
#: What going back does, for docs/migrations.md.
rollback = "Say what is lost."
#: Tables with regulated rows that going back drops.
destroys: tuple[str, ...] = ()


def upgrade() -> None:
    # After: python -m cryptoscalp.infra.migrations.freeze ${up_revision}
    run_frozen(revision)


def downgrade() -> None:
    raise NotImplementedError("run the frozen copies of the revision before, drop what is new")
