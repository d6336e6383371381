"""Flows: models by name, their target and declared schemas."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import one_of
from cryptoscalp.registry.documents import document, short
from cryptoscalp.registry.model_types import Model, Schema, TargetKind, TargetPrice

_COLUMNS: Final = sql.SQL(
    "model_name, description, target_price::text, target_kind::text, target_interval::text,"
    " target_reach, patience, hyperparameter_schema, metric_schema, last_version_number, created_at"
)


def declare_model(
    name: str,
    description: str | None = None,
    *,
    target_price: TargetPrice | None = None,
    target_kind: TargetKind | None = None,
    target_interval: str | None = None,
    target_reach: timedelta | None = None,
    patience: timedelta | None = None,
    hyperparameters: Schema | None = None,
    metrics: Schema | None = None,
) -> Flow[Model]:
    """Declare a model, or more of one that is there; the same again changes nothing.

    What is None stays as it is; a new model has LAST_TRADE, PRICE, a reach of one minute, a
    patience of a day and no schemas. Once it has versions, its target stays, and a schema takes new
    optional entries (`"name?"`) only. Raises InputError, IntegrityRefused.
    """
    short(name, "model")
    if target_price is not None:
        one_of(target_price, get_args(TargetPrice), "target price")
    if target_kind is not None:
        one_of(target_kind, get_args(TargetKind), "target kind")
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM declare_model(%s, %s, %s::target_price, %s::target_kind,"
            " %s::candle_interval, %s, %s, %s::jsonb, %s::jsonb)"
        ).format(_COLUMNS),
        (
            name, description, target_price, target_kind, target_interval, target_reach, patience,
            document(hyperparameters, "hyperparameters"), document(metrics, "metrics"),
        ),
    )  # fmt: skip
    return Model(*found[0])


def models(name: str | None = None) -> Flow[list[Model]]:
    """All models by name, or the one of a name; NotFound where there is no such one."""
    found = yield from rows(
        sql.SQL("SELECT {} FROM models WHERE model_name = coalesce(%s, model_name)"
                " ORDER BY model_name").format(_COLUMNS),
        (name,),
    )  # fmt: skip
    if name is not None and not found:
        raise NotFound(f"there is no model {name!r}; `cryptoscalp models names` shows them")
    return [Model(*row) for row in found]
