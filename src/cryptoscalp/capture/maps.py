"""Flows: column maps for generic files, kept by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptoscalp.capture.formats.mapping import map_text, parse_map
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows, run


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A saved map: field of an event -> column of a file, and as the text that --map takes."""

    name: str
    text: str
    mapping: Mapping[str, str]
    created_at: datetime
    updated_at: datetime


def save_map(name: str, mapping: Mapping[str, str] | str) -> Flow[None]:
    """Keep a map under a name, in place of the one that had it.

    `mapping` is a text such as "timestamp=time:ms, price=px" or {field: column}. Raises
    InputError for a map that is none, and for a name that reads as one.
    """
    if not name.strip() or "=" in name or "\0" in name:
        raise InputError(f"{name!r} is no name for a map: say a word without an equals sign")
    yield from run(
        "INSERT INTO import_maps (name, mapping) VALUES (%s, %s::json) ON CONFLICT (name)"
        " DO UPDATE SET mapping = excluded.mapping, updated_at = now()",
        (name, json.dumps(_parsed(mapping))),
    )


def load_map(name: str) -> Flow[dict[str, str]]:
    """The map that has a name; NotFound names those there are."""
    found = yield from maps()
    for one in found:
        if one.name == name:
            return dict(one.mapping)
    there = ", ".join(one.name for one in found) or "none"
    raise NotFound(
        f"no map is saved as {name!r}; there are: {there}. A map that is spelt out has field=column"
    )


def maps() -> Flow[list[ColumnMap]]:
    """All saved maps, by name."""
    found = yield from rows(
        "SELECT name, mapping, created_at, updated_at FROM import_maps ORDER BY name"
    )
    return [
        ColumnMap(name, map_text(mapping), mapping, created_at, updated_at)
        for name, mapping, created_at, updated_at in found
    ]


def delete_map(name: str) -> Flow[None]:
    """Forget a map; NotFound when no map has the name."""
    yield from load_map(name)
    yield from run("DELETE FROM import_maps WHERE name = %s", (name,))


def column_map(mapping: Mapping[str, str] | str | None) -> Flow[dict[str, str]]:
    """A map as the caller gives it: spelt out, or the name of a saved one; None is no map."""
    if mapping is None:
        return {}
    if isinstance(mapping, str) and "=" not in mapping:
        return (yield from load_map(mapping))
    return _parsed(mapping)


def _parsed(mapping: Mapping[str, str] | str) -> dict[str, str]:
    return parse_map(mapping if isinstance(mapping, str) else map_text(mapping))
