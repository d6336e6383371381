"""Many versions of models, registered through the product's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

SLOT: Final = "live"
ALIAS: Final = "champion"
#: One in so many versions has the hyperparameter and the tag that few have.
RARE: Final = 997
#: Versions that share a revision of the code; artifacts and training data are one each.
SHARED: Final = 50
#: The n-th version is trained on two of these, from the n-th after the beginning on.
STEP: Final = timedelta(minutes=1)
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
# Versions a transaction: each renews the row of its model, old states of which a commit frees.
_STEP: Final = 500
# Parent, hashes, tags and numbers follow from the version's number n.
_REGISTER: Final = """
    SELECT count(register_model_version(
        model, 'v' || n,
        jsonb_build_object('depth', mod(n, 12), 'seed', n, 'rate', mod(n * 31, 997) / 10000.0,
                           'kernel', CASE mod(n, %(rare)s) WHEN 0 THEN 'rare' ELSE 'usual' END),
        jsonb_build_object('sharpe', mod(n * 7919, 1000) / 250.0, 'brier', mod(n, 777) / 1000.0),
        '/models/' || n, sha256(convert_to('model ' || n, 'UTF8')), n,
        CASE WHEN n > %(names)s THEN model || ':v' || n - %(names)s END,
        %(began)s::timestamptz + n * %(step)s::interval,
        %(began)s::timestamptz + (n + 2) * %(step)s::interval,
        sha256(convert_to('data ' || n, 'UTF8')), 'revision ' || n / %(shared)s,
        CASE mod(n, %(rare)s) WHEN 0 THEN '#' || %(features)s::bigint END,
        jsonb_build_object('team', mod(n, 7), 'rare', mod(n, %(rare)s) = 0)))
    FROM (SELECT n, %(prefix)s || mod(n, %(names)s) AS model
          FROM generate_series(%(first)s::integer, %(last)s::integer) AS n) AS numbered
"""
_PROMOTE: Final = "SELECT promote_model(%s, %s)"


@dataclass(frozen=True, slots=True)
class Versions:
    """`count` versions, numbered from 1, that belong to `names` models in turn."""

    prefix: str
    names: int
    count: int

    def name(self, n: int) -> str:
        """The model that the n-th version belongs to."""
        return f"{self.prefix}{n % self.names}"

    def reference(self, n: int) -> str:
        """The n-th version by its label."""
        return f"{self.name(n)}:v{n}"

    def register(self, connection: psycopg.Connection[Any], feature_set: int) -> None:
        """Register them all; one in ten is validated, one in a hundred deployed.

        Each model has an alias on its first version; rare ones read the feature set.
        """
        given = {
            "names": self.names, "prefix": self.prefix, "rare": RARE, "shared": SHARED,
            "features": feature_set, "began": BEGAN, "step": STEP,
        }  # fmt: skip
        for first in range(1, self.count + 1, _STEP):
            last = min(first + _STEP - 1, self.count)
            connection.execute(_REGISTER, {**given, "first": first, "last": last})
        for n in range(10, self.count + 1, 10):
            connection.execute(_PROMOTE, (self.reference(n), None))
            if n % 100 == 0:
                connection.execute(_PROMOTE, (self.reference(n), SLOT))
        for n in range(1, self.names + 1):
            connection.execute("SELECT set_model_alias(%s, %s)", (ALIAS, self.reference(n)))
