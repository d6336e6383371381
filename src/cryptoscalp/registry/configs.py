"""Flows: deployment configs, one current for each version and all that it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.registry.documents import document, reference
from cryptoscalp.registry.model_types import DeploymentConfig, ModelReference


def set_config(
    model: ModelReference, config: Mapping[str, Any], *, note: str | None = None
) -> Flow[DeploymentConfig]:
    """Set what a version is run with, as its next revision; the same again changes nothing.

    Raises InputError for what JSON cannot hold, NotFound.
    """
    found = yield from rows(
        "SELECT model_id, revision, config, note, updated_at"
        " FROM set_deployment_config(%s, %s::jsonb, %s)",
        (reference(model), document(config, "config"), note),
    )
    return DeploymentConfig(*found[0])


def config(model: ModelReference) -> Flow[DeploymentConfig | None]:
    """What a version is run with; None where nothing was set. Raises NotFound for no version."""
    found = yield from rows(
        "SELECT model_id, revision, config, note, updated_at FROM deployment_configs"
        " WHERE model_id = known_model_version(%s)",
        (reference(model),),
    )
    return DeploymentConfig(*found[0]) if found else None


def config_history(model: ModelReference) -> Flow[list[DeploymentConfig]]:
    """Every config that a version had, the current one last. Raises NotFound for no version."""
    found = yield from rows(
        "SELECT model_id, revision, config, note, recorded_at FROM deployment_config_history"
        " WHERE model_id = known_model_version(%s) ORDER BY revision",
        (reference(model),),
    )
    return [DeploymentConfig(*row) for row in found]
