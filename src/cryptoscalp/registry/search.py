"""Flow: search versions by anything that is known of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import moment, one_of, span
from cryptoscalp.registry.documents import document, maybe_sha256, reference
from cryptoscalp.registry.features import feature_set as stored_set
from cryptoscalp.registry.given import float64
from cryptoscalp.registry.model_types import (
    Comparison,
    Condition,
    ModelReference,
    ModelStatus,
    ModelVersion,
)
from cryptoscalp.registry.prediction_types import FeatureSetRef
from cryptoscalp.registry.versions import COLUMNS, version_of

#: Where a comparison is true of no more versions than this, they are looked at one by one.
_FEW: Final = 1_000
# Two ranges overlap, either end of the given one open; as the index of the column has it.
_OVERLAPPING: Final = sql.SQL(
    "v.trained_from IS NOT NULL AND tstzrange(v.trained_from, v.trained_until) && tstzrange(%s, %s)"
)
#: The conditions that are given as one value each.
_PLAIN: Final = {
    "name": "v.model_name = %s",
    "status": "v.status = %s::model_status",
    "slot": "v.slot = %s",
    "alias": "held.alias = %s",
    "tags": "v.tags @> %s::jsonb",
    "parent": "v.parent_model_id = known_model_version(%s)",
    "artifact_sha256": "v.artifact_sha256 = %s",
    "path": "v.model_path = %s",
    "training_data_sha256": "v.training_data_sha256 = %s",
    "code_revision": "v.code_revision = %s",
    "feature_set": "v.feature_set_id = %s",
    "created_from": "v.created_at >= %s",
    "created_until": "v.created_at < %s",
    "hyperparameters": "v.hyperparameters @> %s::jsonb",
}


def search(
    name: str | None = None,
    *,
    status: ModelStatus | None = None,
    slot: str | None = None,
    alias: str | None = None,
    tags: Mapping[str, Any] | None = None,
    parent: ModelReference | None = None,
    artifact_sha256: str | bytes | None = None,
    path: Path | str | None = None,
    training_data_sha256: str | bytes | None = None,
    code_revision: str | None = None,
    feature_set: FeatureSetRef | None = None,
    trained_from: datetime | None = None,
    trained_until: datetime | None = None,
    created_from: datetime | None = None,
    created_until: datetime | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    hyperparameters_where: Iterable[Condition] = (),
    metrics_where: Iterable[Condition] = (),
    order_by_metric: str | None = None,
    ascending: bool = False,
    limit: int = 100,
) -> Flow[list[ModelVersion]]:
    """Versions that everything given is true of, at most `limit`: the newest first.

    `tags` and `hyperparameters` hold the given entries, among others. `path` is that of the
    artifact, made absolute as when it is registered. Of [trained_from, trained_until), either end
    may be left open, some is in the range of the training data: they overlap. `created_until` is
    exclusive too.
    A condition is (name, comparison, number), such as ("sharpe", ">=", 1.5); a version without that
    number does not meet it. With `order_by_metric` only versions that have the metric are found,
    the highest first, or the lowest with `ascending`. Raises InputError, NotFound for an unknown
    parent or feature set.

    A comparison that holds for many, but for none of the newest, reads back as far as the newest
    that it holds for.
    """
    if status is not None:
        one_of(status, get_args(ModelStatus), "status")
    if limit < 1:
        raise InputError(f"limit {limit} must be above zero")
    if ascending and order_by_metric is None:
        raise InputError("ascending is an order by a metric: name it in order_by_metric")
    if trained_from is not None and trained_until is not None:
        span(trained_from, trained_until)
    features = None if feature_set is None else (yield from stored_set(feature_set)).feature_set_id
    given = {
        "name": name,
        "status": status,
        "slot": slot,
        "alias": alias,
        "tags": document(tags, "tags"),
        "parent": None if parent is None else reference(parent),
        "artifact_sha256": maybe_sha256(artifact_sha256, "artifact_sha256"),
        "path": None if path is None else os.path.abspath(path),  # noqa: PTH100 - links stay
        "training_data_sha256": maybe_sha256(training_data_sha256, "training_data_sha256"),
        "code_revision": code_revision,
        "feature_set": features,
        "created_from": created_from and moment(created_from, "created_from"),
        "created_until": created_until and moment(created_until, "created_until"),
        "hyperparameters": document(hyperparameters, "hyperparameters"),
    }
    parts: list[sql.Composable] = [
        sql.SQL(_PLAIN[key]) for key, value in given.items() if value is not None
    ]
    values: list[Any] = [value for value in given.values() if value is not None]
    if trained_from is not None or trained_until is not None:
        ends = [
            trained_from and moment(trained_from, "trained_from"),
            trained_until and moment(trained_until, "trained_until"),
        ]
        if None in ends:  # nearly all are on one side of a moment
            parts.append(_OVERLAPPING)
            values += ends
        else:
            found_by = sql.SQL("SELECT v.model_id FROM model_versions AS v WHERE {}")
            yield from _narrowed(_OVERLAPPING, found_by.format(_OVERLAPPING), ends, parts, values)
    for kind, conditions in (
        ("hyperparameter", hyperparameters_where),
        ("metric", metrics_where),
    ):
        for one in conditions:
            compared, more = _compared(kind, one, name)
            condition = sql.SQL("EXISTS ({} AND c.model_id = v.model_id)").format(compared)
            yield from _narrowed(condition, compared, more, parts, values)
    ordered: sql.Composable = sql.SQL("v.model_id DESC")
    source: sql.Composable = sql.SQL("model_versions AS v")
    if alias is not None:
        # Joined, its index gives the newest at once; most versions have no alias.
        source += sql.SQL(" JOIN model_aliases AS held USING (model_id)")
    if order_by_metric is not None:
        source += sql.SQL(" JOIN model_numbers AS n USING (model_id)")
        parts.append(sql.SQL("n.kind = 'metric' AND n.name = %s"))
        values.append(order_by_metric)
        if name is not None:
            parts.append(sql.SQL("n.model_name = %s"))
            values.append(name)
        way = sql.SQL("ASC" if ascending else "DESC")
        ordered = sql.SQL("n.value {0}, n.model_id {0}").format(way)
    elif created_from is not None or created_until is not None:
        # In this order one index gives the range and its newest rows at once.
        ordered = sql.SQL("v.created_at DESC, v.model_id DESC")
    elif name is not None:
        ordered = sql.SQL("v.version_number DESC")
    where = sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")
    # Not prepared: how common a value is decides which index is best.
    found = yield from rows(
        sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT %s").format(
            COLUMNS, source, where, ordered
        ),
        [*values, limit],
        prepare=False,
    )
    return [version_of(row) for row in found]


def _compared(kind: str, one: Condition, name: str | None) -> tuple[sql.Composable, list[Any]]:
    subject, comparison, number = one
    one_of(comparison, get_args(Comparison), "comparison")
    bound = float64(number, f"{subject} {comparison}")
    if not math.isfinite(bound):
        raise InputError(f"{subject} {comparison} {bound}: compare with a finite number")
    of, values = sql.SQL(""), [kind, subject, bound]
    if name is not None:
        of, values = sql.SQL(" AND c.model_name = %s"), [*values, name]
    found = sql.SQL(
        "SELECT c.model_id FROM model_numbers AS c WHERE c.kind = %s AND c.name = %s"
        " AND c.value {} %s::float8{}"
    ).format(sql.SQL(comparison), of)
    return found, values


def _narrowed(
    condition: sql.Composable,
    found_by: sql.Composable,
    given: list[Any],
    parts: list[sql.Composable],
    values: list[Any],
) -> Flow[None]:
    """Ask for a condition; where the versions that a statement finds are few, by their numbers."""
    parts.append(condition)
    values += given
    # PostgreSQL cannot tell how many: it keeps no statistics of the values of one name, and
    # coarse ones of ranges.
    few = yield from rows(
        sql.SQL("{} LIMIT %s").format(found_by), [*given, _FEW + 1], prepare=False
    )
    if len(few) <= _FEW:
        parts.append(sql.SQL("v.model_id = ANY (%s)"))
        values.append([row[0] for row in few])
