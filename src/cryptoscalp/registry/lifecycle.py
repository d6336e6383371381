"""Flows: the lifecycle of versions, their validation metrics, and what happened to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.registry.documents import document, reference, short
from cryptoscalp.registry.model_types import ModelEvent, ModelReference, ModelVersion
from cryptoscalp.registry.versions import COLUMNS, version_of

_PROMOTE: Final = sql.SQL("SELECT {} FROM promote_model(%s, %s, %s) AS v").format(COLUMNS)
_RETIRE: Final = sql.SQL("SELECT {} FROM retire_model(%s, %s) AS v").format(COLUMNS)
_ROLLBACK: Final = sql.SQL("SELECT {} FROM rollback_model(%s, %s, %s, %s) AS v").format(COLUMNS)
_METRICS: Final = sql.SQL("SELECT {} FROM record_model_metrics(%s, %s::jsonb) AS v").format(COLUMNS)


def record_metrics(model: ModelReference, metrics: Mapping[str, Any]) -> Flow[ModelVersion]:
    """Record the validation metrics of a version, in place of earlier ones.

    Raises InputError, NotFound, and IntegrityRefused once it was deployed or retired, or where they
    are not of the model's metric schema.
    """
    found = yield from rows(_METRICS, (reference(model), document(metrics, "metrics")))
    return version_of(found[0])


def promote(
    model: ModelReference, *, slot: str | None = None, note: str | None = None
) -> Flow[ModelVersion]:
    """Move a version from TRAINING to VALIDATING; with a slot from VALIDATING to DEPLOYED there.

    What is deployed in the slot is retired in the same transaction. Where it is there already
    nothing changes. Raises NotFound, IntegrityRefused (illegal move, no validation metrics).
    """
    if slot is not None:
        short(slot, "slot")
    found = yield from rows(_PROMOTE, (reference(model), slot, note))
    return version_of(found[0])


def retire(model: ModelReference, *, note: str | None = None) -> Flow[ModelVersion]:
    """Retire a version; a deployed one leaves its slot empty, and no rollback returns to it.

    A retired one stays as it is. Raises NotFound.
    """
    found = yield from rows(_RETIRE, (reference(model), note))
    return version_of(found[0])


def rollback(
    name: str, slot: str, *, expected: ModelReference | None = None, note: str | None = None
) -> Flow[ModelVersion]:
    """Retire what is deployed in a slot and deploy again what it replaced there; returns that.

    Again, and it goes one further back; versions that were retired by hand or rolled back from are
    skipped. `expected` is the version to roll back from: where another one is deployed the call is
    refused, so that two clients do not go back twice. Raises NotFound, IntegrityRefused where there
    is nothing to return to.
    """
    short(slot, "slot")
    of = None if expected is None else reference(expected)
    found = yield from rows(_ROLLBACK, (name, slot, of, note))
    return version_of(found[0])


def events(model: ModelReference) -> Flow[list[ModelEvent]]:
    """What happened to a version, in its order: moves of its status and of aliases; NotFound."""
    found = yield from rows(
        "SELECT event_id, model_id, timestamp, from_status::text, to_status::text, slot, alias,"
        " removed, rollback, note FROM model_events WHERE model_id = known_model_version(%s)"
        " ORDER BY event_id",
        (reference(model),),
    )
    return [ModelEvent(*row) for row in found]
