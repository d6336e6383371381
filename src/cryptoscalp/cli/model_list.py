"""`cryptoscalp models list` and `names`: versions by what is known of them, models by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli import version_options as having
from cryptoscalp.cli.model_options import Tag, feature_set, reference, table, tags_of
from cryptoscalp.cli.session import Session, command
from cryptoscalp.registry.model_types import ModelStatus

_SHOWN: Final = 40
#: Declared models without a version that are named; more are counted.
_NAMED: Final = 5
_CONDITION: Final = re.compile(r"(?P<name>[^<>=]+)(?P<by><=|>=|<>|=|<|>)(?P<number>.+)")
_STATES: Final[Mapping[str | None, ModelStatus | None]] = {
    None: None,
    "training": "TRAINING",
    "validating": "VALIDATING",
    "deployed": "DEPLOYED",
    "retired": "RETIRED",
}


def register(group: typer.Typer) -> None:
    """Add the commands to `models`."""
    command(group, "list")(list_versions)
    command(group, "names")(list_names)


def list_versions(
    session: Session,
    name: having.OfName = None,
    status: having.Status = None,
    slot: having.Slot = None,
    alias: having.Alias = None,
    tag: Tag = None,
    parent: having.Parent = None,
    artifact: having.ArtifactPath = None,
    artifact_hash: having.ArtifactHash = None,
    training_data_hash: having.DataHash = None,
    trained_from: having.TrainedFrom = None,
    trained_until: having.TrainedUntil = None,
    code_revision: having.CodeRevision = None,
    features: having.Features = None,
    created_from: having.CreatedFrom = None,
    created_until: having.CreatedUntil = None,
    hyperparameters: having.Holding = None,
    hyperparameter: having.Hyperparameter = None,
    metric: having.Metric = None,
    order_by_metric: having.OrderByMetric = None,
    ascending: having.Ascending = False,
    limit: having.Limit = _SHOWN,
) -> None:
    """Show versions that all options are true of, the newest first.

    Without options the declared models that have no version are named below the table.
    """
    if ascending and order_by_metric is None:
        raise typer.BadParameter("--ascending goes with --order-by-metric")
    asked: dict[str, Any] = {
        "name": name,
        "status": _STATES[status],
        "slot": slot,
        "alias": alias,
        "tags": tags_of(tag),
        "parent": reference(parent),
        "path": artifact,
        "artifact_sha256": artifact_hash,
        "training_data_sha256": training_data_hash,
        "trained_from": trained_from,
        "trained_until": trained_until,
        "code_revision": code_revision,
        "feature_set": feature_set(features),
        "created_from": created_from,
        "created_until": created_until,
        "hyperparameters": hyperparameters,
        "hyperparameters_where": [
            _condition("--hyperparameter", one) for one in hyperparameter or ()
        ],
        "metrics_where": [_condition("--metric", one) for one in metric or ()],
        "order_by_metric": order_by_metric,
    }
    everything = all(value is None or value == [] for value in asked.values())
    with session.connect() as db:
        found = db.registry.search(**asked, ascending=ascending, limit=limit)
        declared = db.registry.models() if everything and not session.json else []
    if session.json:
        output.emit(found)
        return
    table(found)
    full = " (--limit gives more)" if len(found) == limit else ""
    output.say(f"{len(found):,} versions{full}")
    bare = [one.model_name for one in declared if not one.last_version_number]
    if bare:
        more = "" if len(bare) <= _NAMED else f" and {len(bare) - _NAMED:,} more (`models names`)"
        output.say(f"declared, without a version: {', '.join(bare[:_NAMED])}{more}")


def list_names(session: Session) -> None:
    """Show the models by name, those without a version too: target and count of versions."""
    with session.connect() as db:
        found = db.registry.models()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["model", "target", "versions", "description", "declared (UTC)"],
        [
            (
                one.model_name,
                f"{one.target_kind} of {one.target_price}",
                one.last_version_number,
                one.description,
                one.created_at,
            )
            for one in found
        ],
        right=["versions"],
    )
    output.say(f"{len(found):,} models")


def _condition(option: str, text: str) -> Any:
    found = _CONDITION.fullmatch(text)
    with suppress(ValueError):
        if found is not None:
            return found["name"].strip(), found["by"], float(found["number"])
    raise typer.BadParameter(f'{option} {text}: write it like "acc>=0.9"')
