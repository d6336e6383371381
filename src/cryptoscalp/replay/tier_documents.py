"""Tiers as JSON documents, as they are stored and given on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_checks import check_tiers, place
from cryptoscalp.replay.tier_types import Condition, Move, Tier


def tiers_to_json(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """Each tier as a JSON object with the keys of `Tier`; a condition has only its given bounds."""
    return [
        {
            "name": tier.name,
            "capacity": tier.capacity,
            "weight": tier.weight,
            "admit": None if tier.admit is None else _bounds(tier.admit),
            "moves": [{"to": move.to, "when": _bounds(move.when)} for move in tier.moves],
            "overflow": tier.overflow.value,
            "overflow_to": tier.overflow_to,
        }
        for tier in tiers
    ]


def tiers_from_json(document: object) -> tuple[Tier, ...]:
    """The six tiers of a parsed JSON array, checked.

    `name`, `capacity` and `weight` are needed; the other keys have `Tier`'s defaults. Raises
    InputError, naming the tier and the key, for what is unknown, of another type (a whole number
    is a number, 1.0 is no whole number), or makes no sense (`check_tiers`).
    """
    if not isinstance(document, list):
        raise InputError(f"tiers must be a JSON array of objects, not {type(document).__name__}")
    found = tuple(_tier(number, one) for number, one in enumerate(document, 1))
    check_tiers(found)
    return found


def _bounds(condition: Condition) -> dict[str, Any]:
    given = {field.name: getattr(condition, field.name) for field in fields(condition)}
    if condition.regimes is not None:
        given["regimes"] = sorted(condition.regimes)
    return {name: bound for name, bound in given.items() if bound is not None}


def _tier(number: int, document: object) -> Tier:
    named = place(number, document.get("name") if isinstance(document, dict) else None)
    for key in _unknown(document, Tier, ""):
        raise InputError(f"{named}: there is no key {key}")
    try:
        return msgspec.convert(document, Tier)
    except msgspec.ValidationError as error:
        # "Expected `int`, got `str` - at `$.capacity`": the place first, without its root.
        what, _, at = str(error).partition(" - at `$")
        key = at.strip("`.")
        raise InputError(f"{named}: {f'{key}: ' if key else ''}{what}") from None


def _unknown(document: object, kind: type[Tier | Move | Condition], at: str) -> Iterator[str]:
    """Keys that a document has too many: msgspec would pass over them."""
    if not isinstance(document, dict):
        return
    known = {field.name for field in fields(kind)}
    for key, value in document.items():
        if key not in known:
            yield f"{at}{key}"
        elif key in ("admit", "when"):
            yield from _unknown(value, Condition, f"{at}{key}.")
        elif key == "moves" and isinstance(value, list):
            for index, move in enumerate(value):
                yield from _unknown(move, Move, f"{at}moves[{index}].")
