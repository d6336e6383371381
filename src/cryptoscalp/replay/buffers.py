"""Flows: replay buffers, declared and looked up, and the rules of their tiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg import sql
from psycopg.types.json import Jsonb

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.registry.features import feature_set
from cryptoscalp.registry.prediction_types import FeatureSetRef
from cryptoscalp.replay.replay_types import ActionKind, Buffer, Shape
from cryptoscalp.replay.tier_checks import check_tiers
from cryptoscalp.replay.tier_defaults import default_tiers
from cryptoscalp.replay.tier_documents import tiers_from_json, tiers_to_json
from cryptoscalp.replay.tier_types import Tier

_SELECT: Final = sql.SQL(
    "SELECT b.buffer_id, b.name, b.feature_set_id, s.features, s.fingerprint, b.action_kind::text,"
    " b.action_width, b.tiers, b.created_at, b.checkpointed_at FROM {} AS b"
    " JOIN feature_sets AS s ON s.feature_set_id = b.feature_set_id"
)
_STORED: Final = _SELECT.format(sql.Identifier("replay_buffers"))


def create_buffer(
    name: str,
    features: FeatureSetRef,
    *,
    actions: ActionKind | str = ActionKind.DISCRETE,
    action_width: int = 1,
    capacity: int = 1_000_000,
    tiers: Sequence[Tier] | None = None,
) -> Flow[Buffer]:
    """Declare a buffer; the same again returns the stored one.

    `features`: number or fingerprint of the feature set whose values make a state, none of them
    optional. `actions`: DISCRETE, one integer, or CONTINUOUS, `action_width` float32 numbers.
    `tiers`: six of them; None: `default_tiers(capacity)`. Raises NotFound for an unknown set,
    InputError for tiers that cannot be, IntegrityRefused for another declaration under this name.
    """
    chosen = tuple(default_tiers(capacity) if tiers is None else tiers)
    check_tiers(chosen)
    known = yield from feature_set(features)
    kind = _kind(actions)
    found = yield from rows(
        _SELECT.format(sql.SQL("create_replay_buffer(%s, %s, %s::action_kind, %s, %s)")),
        (name, known.feature_set_id, kind, action_width, Jsonb(tiers_to_json(chosen))),
    )
    return _buffer(found[0])


def buffers() -> Flow[list[Buffer]]:
    """All buffers in the order of declaration."""
    found = yield from rows(_STORED + sql.SQL(" ORDER BY b.buffer_id"))
    return [_buffer(row) for row in found]


def buffer(name: str) -> Flow[Buffer]:
    """The buffer of a name; NotFound when there is none."""
    found = yield from rows(_STORED + sql.SQL(" WHERE b.name = %s"), (name,))
    if not found:
        raise NotFound(
            f"there is no replay buffer {name!r}; `cryptoscalp replay list` shows them,"
            " `cryptoscalp replay create` makes one"
        )
    return _buffer(found[0])


def set_tiers(name: str, tiers: Sequence[Tier]) -> Flow[Buffer]:
    """Give a buffer other tiers, from now on; an open memory takes them when it is opened again.

    What no longer fits leaves when the rules are next applied. Raises NotFound, InputError.
    """
    check_tiers(tiers)
    known = yield from buffer(name)
    found = yield from rows(
        _SELECT.format(sql.SQL("set_replay_tiers(%s, %s)")),
        (known.buffer_id, Jsonb(tiers_to_json(tiers))),
    )
    return _buffer(found[0])


def checkpoint(name: str) -> Flow[int]:
    """Let tier and priority of experience_replay follow the working ones; how many differed.

    The job checkpoint_replay does so every 10 minutes. Cost: a pass over the buffer's
    replay_priorities and rows, and a new version of each row that differed. Raises NotFound.
    """
    known = yield from buffer(name)
    ((changed,),) = yield from rows("SELECT checkpoint_replay(%s)", (known.buffer_id,))
    count: int = changed
    return count


def _kind(actions: ActionKind | str) -> str:
    try:
        return ActionKind(actions).value
    except ValueError:
        raise InputError(f"actions {actions!r}: choose DISCRETE or CONTINUOUS") from None


def _buffer(row: Row) -> Buffer:
    number, name, set_id, features, fingerprint, kind, width, tiers, made, checkpointed = row
    return Buffer(
        buffer_id=number,
        name=name,
        feature_set_id=set_id,
        features=tuple(features),
        fingerprint=bytes(fingerprint),
        shape=Shape(len(features), ActionKind(kind), width),
        tiers=tiers_from_json(tiers),
        created_at=made,
        checkpointed_at=checkpointed,
    )
