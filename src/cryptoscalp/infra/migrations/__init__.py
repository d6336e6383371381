"""The database's shape: roles, revisions up and down, and proof that it is the declared one."""

from cryptoscalp.infra.migrations.catalogue import Difference
from cryptoscalp.infra.migrations.checking import check
from cryptoscalp.infra.migrations.runner import (
    capabilities,
    convert,
    current,
    ddl,
    downgrade,
    head,
    upgrade,
)

__all__ = [
    "Difference",
    "capabilities",
    "check",
    "convert",
    "current",
    "ddl",
    "downgrade",
    "head",
    "upgrade",
]
