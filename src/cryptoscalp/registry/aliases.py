"""Flows: aliases, names such as champion that move from version to version of a model."""

from __future__ import annotations

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.registry.documents import reference
from cryptoscalp.registry.model_types import ModelAlias, ModelReference


def set_alias(alias: str, model: ModelReference, *, note: str | None = None) -> Flow[ModelAlias]:
    """Let an alias mean this version of its model from now on; the same again changes nothing.

    Raises NotFound for an unknown version, IntegrityRefused for what is no alias.
    """
    found = yield from rows(
        "SELECT a.model_name, a.alias, a.model_id, v.version_number, a.set_at"
        " FROM set_model_alias(%s, %s, %s) AS a JOIN model_versions AS v USING (model_id)",
        (alias, reference(model), note),
    )
    return ModelAlias(*found[0])


def remove_alias(name: str, alias: str, *, note: str | None = None) -> Flow[None]:
    """Take an alias of a model away; NotFound when there is none."""
    yield from rows("SELECT remove_model_alias(%s, %s, %s)", (name, alias, note))


def aliases(name: str) -> Flow[list[ModelAlias]]:
    """The aliases of a model, by name."""
    found = yield from rows(
        "SELECT a.model_name, a.alias, a.model_id, v.version_number, a.set_at"
        " FROM model_aliases AS a JOIN model_versions AS v USING (model_id)"
        " WHERE a.model_name = %s ORDER BY a.alias",
        (name,),
    )
    return [ModelAlias(*row) for row in found]
