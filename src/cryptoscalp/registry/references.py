"""Flow: the model version that a caller means."""

from __future__ import annotations

from typing import Any, Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.registry.documents import reference
from cryptoscalp.registry.model_types import ModelReference

#: A number above it cannot be one of the database's.
_HIGHEST: Final = 2**63 - 1


def model_id_of(model: ModelReference) -> Flow[int]:
    """The number of a model version.

    `model` is that number, or "name" (its newest version), "name:3" (the version's number),
    "name:label", or "name@alias". Raises NotFound, InputError for what cannot be one.
    """
    found = yield from rows("SELECT known_model_version(%s)", (reference(model),))
    number: int = found[0][0]
    return number


def given_model_id(model: Any) -> Flow[int]:
    """The number as it is, unseen by the database; the number of what else names a version."""
    if type(model) is int and 0 < model <= _HIGHEST:
        return model
    number = model
    if not isinstance(model, (str, bool)) and hasattr(model, "__index__"):
        number = int(model)  # numpy's, from a table
    return (yield from model_id_of(number))
