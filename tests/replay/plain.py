"""The replay's functions called with plain SQL, as any client may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.faces import NOON

Session = psycopg.Connection[tuple[Any, ...]]

#: Features of a state that the JSON, its template and SQL could each stumble over.
ODD: Final = ('say "x"', "100%s %% %", "it's", "größe ☃ \\n", "{a},b")
TIERS: Final = "[{}, {}, {}, {}, {}, {}]"
#: Arguments of record_experiences() in their order, and their types.
_TYPES: Final = {
    "memory_ids": "bigint[]", "timestamps": "timestamptz[]", "next_timestamps": "timestamptz[]",
    "tiers": "bigint[]", "states": "real[]", "actions": "float8[]", "rewards": "float8[]",
    "next_states": "real[]", "priorities": "float8[]", "terminals": "bigint[]",
    "truncations": "bigint[]", "episodes": "bigint[]", "steps": "bigint[]",
    "model_ids": "bigint[]", "portfolio_ids": "bigint[]", "trade_ids": "bigint[]",
    "regimes": "bigint[]",
}  # fmt: skip


def buffer(
    session: Session, name: str = "one", features: Sequence[str] = ("a", "b"),
    kind: str = "DISCRETE", width: int = 1,
) -> int:  # fmt: skip
    """Declare a buffer; its number."""
    found = session.execute(
        "SELECT (registered).feature_set_id FROM register_feature_set('set of ' || %s, %s)",
        (name, list(features)),
    ).fetchone()
    assert found is not None
    made = session.execute(
        "SELECT buffer_id FROM create_replay_buffer(%s, %s, %s::text::action_kind, %s, %s)",
        (name, found[0], kind, width, TIERS),
    ).fetchone()
    assert made is not None
    return int(made[0])


def experiences(ids: Sequence[int], width: int = 2, action_width: int = 1) -> dict[str, Any]:
    """Arguments that record experiences of these numbers, one after the other."""
    count = len(ids)
    moments: list[datetime] = [NOON + timedelta(seconds=one) for one in range(count)]
    return {
        "memory_ids": list(ids), "timestamps": moments,
        "next_timestamps": [one + timedelta(seconds=1) for one in moments],
        "tiers": [1 + one % 6 for one in range(count)],
        "states": [float(one) for one in range(count * width)],
        "actions": [float(one % 3) for one in range(count * action_width)],
        "rewards": [one / 8 for one in range(count)],
        "next_states": [-float(one) for one in range(count * width)],
        "priorities": [1.0 + one for one in range(count)], "terminals": [0] * count,
        "truncations": [0] * count, "episodes": [7] * count, "steps": list(range(count)),
        "model_ids": [None] * count, "portfolio_ids": [None] * count,
        "trade_ids": [None] * count, "regimes": [0] * count,
    }  # fmt: skip


def record(session: Session, buffer_id: int, given: dict[str, Any]) -> tuple[int, int, int]:
    """Call record_experiences(); how many came, were stored, and were there."""
    # Elements as text: psycopg sends no lists of numbers beside 'NaN'. A text is a whole array.
    named = [
        sql.SQL(f"p_{name} => %s::text{'[]' if isinstance(given[name], list) else ''}::{kind}")
        for name, kind in _TYPES.items()
    ]
    values = [
        [None if one is None else str(one) for one in value] if isinstance(value, list) else value
        for value in (given[name] for name in _TYPES)
    ]
    found = session.execute(
        sql.SQL("SELECT * FROM record_experiences(%s, {})").format(sql.SQL(", ").join(named)),
        [buffer_id, *values],
    ).fetchone()
    assert found is not None
    return found[0], found[1], found[2]
