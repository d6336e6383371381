"""Flows: register versions of models, read them, their lineage and what sets two apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Row, call, rows
from cryptoscalp.market.names import one_of, span
from cryptoscalp.registry.artifacts import measured
from cryptoscalp.registry.configs import config
from cryptoscalp.registry.documents import document, maybe_sha256, reference, short
from cryptoscalp.registry.model_types import (
    Difference,
    ModelReference,
    ModelStatus,
    ModelVersion,
    Registered,
)

#: The fields of a ModelVersion, of a row `v` of model_versions.
COLUMNS: Final = sql.SQL(
    "v.model_id, v.model_name, v.version, v.version_number, v.status::text, v.slot,"
    " ARRAY(SELECT alias FROM model_aliases AS a WHERE a.model_id = v.model_id ORDER BY alias),"
    " v.hyperparameters, v.performance_metrics, v.model_path, encode(v.artifact_sha256, 'hex'),"
    " v.artifact_bytes, v.parent_model_id, v.trained_from, v.trained_until,"
    " encode(v.training_data_sha256, 'hex'), v.code_revision, v.feature_set_id, v.tags,"
    " v.replaces_model_id, v.created_at, v.deployed_at, v.retired_at"
)
_REGISTER: Final = sql.SQL(
    "SELECT {}, is_duplicate FROM (SELECT is_duplicate, (registered).* FROM register_model_version("
    "%s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)) AS v"
).format(COLUMNS)
_VERSION: Final = sql.SQL(
    "SELECT {} FROM model_versions AS v WHERE model_id = known_model_version(%s)"
).format(COLUMNS)
_LATEST: Final = sql.SQL(
    "SELECT {} FROM model_versions AS v WHERE model_name = %s {} ORDER BY version_number DESC"
    " LIMIT 1"
)
_ANY: Final = _LATEST.format(COLUMNS, sql.SQL(""))
_OF_STATUS: Final = _LATEST.format(COLUMNS, sql.SQL("AND status = %s::model_status"))
_DEPLOYED: Final = sql.SQL(
    "SELECT {} FROM model_versions AS v WHERE model_name = %s AND slot = %s AND status = 'DEPLOYED'"
).format(COLUMNS)
_LINEAGE: Final = sql.SQL(
    "WITH RECURSIVE line (model_id, depth) AS ("
    " SELECT known_model_version(%s), 1 UNION ALL"
    " SELECT made.parent_model_id, depth + 1 FROM line JOIN model_versions AS made USING (model_id)"
    " WHERE made.parent_model_id IS NOT NULL AND depth < %s)"
    " SELECT {} FROM line JOIN model_versions AS v USING (model_id) ORDER BY depth"
).format(COLUMNS)
#: What differs between any two versions, and says nothing about them.
_OWN: Final = ("model_id", "model_name", "version", "version_number", "hyperparameters", "metrics",
               "tags", "aliases")  # fmt: skip


def version_of(row: Row) -> ModelVersion:
    """A version from its columns."""
    return ModelVersion(*(*row[:6], tuple(row[6]), *row[7:]))


def register_version(
    name: str,
    *,
    version: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    artifact: Path | str | None = None,
    parent: ModelReference | None = None,
    trained_from: datetime | None = None,
    trained_until: datetime | None = None,
    training_data_sha256: str | bytes | None = None,
    code_revision: str | None = None,
    feature_set: str | int | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Flow[Registered]:
    """Register a version in TRAINING under the next number of its model.

    The model is made with default terms where it is not declared. `version` is a label, not digits
    alone; without one the number is the label. The same content under a label that is there is
    returned as a duplicate, so give a label where the call may be repeated. `artifact` is a file or
    directory, of which path, SHA-256 and size are kept. `trained_until` is exclusive. `feature_set`
    is a fingerprint in hex or an id. Raises InputError, NotFound (artifact, parent, feature set),
    IntegrityRefused (another content under the label, not of the declared schemas).
    """
    short(name, "model")
    if trained_from is not None and trained_until is not None:
        span(trained_from, trained_until)
    elif trained_from is not None or trained_until is not None:
        raise InputError("training data have both a start and an end: trained_from, trained_until")
    given = (
        document(hyperparameters, "hyperparameters"),
        document(metrics, "metrics"),
        document(tags or {}, "tags"),
    )
    data = maybe_sha256(training_data_sha256, "training_data_sha256")
    made = None
    if artifact is not None:
        path = Path(artifact)
        made = yield from call(lambda: measured(path))
    features = f"#{feature_set}" if isinstance(feature_set, int) else feature_set
    found = yield from rows(
        _REGISTER,
        (
            name, version, given[0], given[1], made and made.path, made and made.sha256,
            made and made.size, None if parent is None else reference(parent), trained_from,
            trained_until, data, code_revision, features, given[2],
        ),
    )  # fmt: skip
    return Registered(version_of(found[0][:-1]), found[0][-1])


def version(model: ModelReference) -> Flow[ModelVersion]:
    """The version that is meant: "name:3", "name:label", "name@alias", "name", or a model_id.

    Raises NotFound.
    """
    found = yield from rows(_VERSION, (reference(model),))
    return version_of(found[0])


def latest(name: str, *, status: ModelStatus | None = None) -> Flow[ModelVersion]:
    """The version of a model with the highest number, or the highest of a status; NotFound."""
    if status is None:
        found = yield from rows(_ANY, (name,))
    else:
        one_of(status, get_args(ModelStatus), "status")
        found = yield from rows(_OF_STATUS, (name, status))
    if not found:
        raise NotFound(f"model {name!r} has no version{f' that is {status}' if status else ''}")
    return version_of(found[0])


def deployed(name: str, slot: str) -> Flow[ModelVersion]:
    """The version that is deployed in a slot; NotFound where none is."""
    found = yield from rows(_DEPLOYED, (name, slot))
    if not found:
        raise NotFound(f"no version of {name!r} is deployed in slot {slot!r}")
    return version_of(found[0])


def lineage(model: ModelReference, *, limit: int = 100) -> Flow[list[ModelVersion]]:
    """A version, what it was made from, what that was made from, up to `limit`; NotFound."""
    if limit < 1:
        raise InputError(f"limit {limit} must be above zero")
    found = yield from rows(_LINEAGE, (reference(model), limit))
    return [version_of(row) for row in found]


def diff(left: ModelReference, right: ModelReference) -> Flow[list[Difference]]:
    """What sets two versions apart: hyperparameters, metrics, tags, lineage, status, config.

    Sorted by name; entries of objects are named one by one, such as hyperparameters.depth.
    """
    sides = []
    for one in (left, right):
        found = yield from version(one)
        current = yield from config(found.model_id)
        sides.append(_entries(found, None if current is None else current.config))
    names = sorted(sides[0].keys() | sides[1].keys())
    return [
        Difference(name, sides[0].get(name), sides[1].get(name))
        for name in names
        if sides[0].get(name) != sides[1].get(name)
    ]


def _entries(one: ModelVersion, run_with: dict[str, Any] | None) -> dict[str, Any]:
    entries = {name: getattr(one, name) for name in ModelVersion.__slots__ if name not in _OWN}
    for what, held in (
        ("hyperparameters", one.hyperparameters),
        ("metrics", one.metrics),
        ("tags", one.tags),
        ("config", run_with),
    ):
        entries |= {f"{what}.{name}": value for name, value in (held or {}).items()}
    return entries
