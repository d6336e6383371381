"""Flows: feature sets, the declared schemas of feature vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.registry.documents import sha256
from cryptoscalp.registry.prediction_types import FeatureSet, FeatureSetRef

_COLUMNS: Final = sql.SQL("feature_set_id, name, features, fingerprint, description, created_at")


def feature_fingerprint(features: Sequence[str]) -> bytes:
    """SHA-256 over the names in order, each followed by a newline, in UTF-8: 32 bytes.

    The database reckons the same (its function of this name).
    """
    return hashlib.sha256("".join(f"{name}\n" for name in features).encode()).digest()


def register_feature_set(
    name: str, features: Sequence[str], description: str | None = None
) -> Flow[FeatureSet]:
    """Declare the names of a vector in their order; one that ends in "?" may be absent.

    The same names again return the stored set, under the name that it has. Raises IntegrityRefused
    for no names, blank ones, one that is there twice ("a" and "a?" too), and names of the columns
    that vectors are read with, such as "timestamp".
    """
    if isinstance(features, str):
        raise InputError(f"features {features!r} is one text; give a sequence of names")
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM (SELECT (registered).* FROM register_feature_set(%s, %s::text[], %s))"
            " AS one"
        ).format(_COLUMNS),
        (name, list(features), description),
    )
    return _feature_set(found[0])


def feature_sets(name: str | None = None) -> Flow[list[FeatureSet]]:
    """All feature sets in the order of declaration, or those of a name."""
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM feature_sets WHERE %(name)s::text IS NULL OR name = %(name)s"
            " ORDER BY feature_set_id"
        ).format(_COLUMNS),
        {"name": name},
    )
    return [_feature_set(row) for row in found]


def feature_set(reference: FeatureSetRef) -> Flow[FeatureSet]:
    """The feature set of a number or fingerprint; NotFound when there is none."""
    column: LiteralString = "feature_set_id"
    given: int | bytes
    if isinstance(reference, int):
        given = reference
    else:
        column, given = "fingerprint", sha256(reference, "fingerprint")
    found = yield from rows(
        sql.SQL("SELECT {} FROM feature_sets WHERE {} = %s").format(
            _COLUMNS, sql.Identifier(column)
        ),
        (given,),
    )
    if not found:
        said = given if isinstance(given, int) else given.hex()
        raise NotFound(
            f"there is no feature set {said}; `cryptoscalp features list` shows them,"
            " `cryptoscalp features declare` makes one"
        )
    return _feature_set(found[0])


def _feature_set(row: Row) -> FeatureSet:
    number, name, features, fingerprint, description, created_at = row
    return FeatureSet(number, name, tuple(features), bytes(fingerprint), description, created_at)
