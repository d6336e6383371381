"""Search by comparisons equals a plain filter, whether few or many versions meet them."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.registry import search

_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip
_LIMIT: Final = 7


async def test_comparisons_against_a_filter(
    db: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW", 5)  # of 40 versions some comparisons hold for more
    chance = random.Random(4)
    made: list[tuple[int, str, int, int | None]] = []
    for n in range(40):
        name, depth, mae = f"m{n % 2}", chance.randrange(10), chance.randrange(10)
        metrics = {"mae": mae} if n % 3 else None
        registered = await db.registry.register_version(
            name, metrics=metrics, hyperparameters={"depth": depth}
        )
        made.append((registered.version.model_id, name, depth, None if metrics is None else mae))
        if n % 4 == 0:
            await db.registry.set_alias(f"a{n % 3}", registered.version.model_id)
    held = {a.model_id: a.alias for m in ("m0", "m1") for a in await db.registry.aliases(m)}
    for of in (None, "m1"):
        for sign, holds in _HOLDS.items():
            for bound in (0, 4, 9):
                for alias in (None, "a0"):
                    wanted = [
                        one
                        for one in reversed(made)
                        if (of is None or one[1] == of)
                        and holds(one[2], bound)
                        and one[3] is not None
                        and one[3] >= 2
                        and (alias is None or held.get(one[0]) == alias)
                    ]
                    given: dict[str, Any] = {
                        "alias": alias,
                        "hyperparameters_where": [("depth", sign, bound)],
                        "metrics_where": [("mae", ">=", 2)],
                        "limit": _LIMIT,
                    }
                    found = await db.registry.search(of, **given)
                    assert [one.model_id for one in found] == [one[0] for one in wanted][:_LIMIT]
                    best = await db.registry.search(of, **given, order_by_metric="mae")
                    expected = sorted(wanted, key=lambda one: (one[3], one[0]), reverse=True)
                    assert [one.model_id for one in best] == [one[0] for one in expected][:_LIMIT]


async def test_by_training_range_feature_set_and_path(db: AsyncDatabase, tmp_path: Path) -> None:
    book = await db.registry.register_feature_set("book", ["a", "b?"])
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights")
    day = timedelta(days=1)
    first = datetime(2024, 8, 1, tzinfo=UTC)
    ranges = [(first, first + 2 * day), (first + 2 * day, first + 4 * day)]
    for begun, ended in ranges:
        await db.registry.register_version("m", trained_from=begun, trained_until=ended)
    await db.registry.register_version("m", artifact=weights)
    await db.registry.register_version("m", feature_set=book.fingerprint.hex())

    async def found(**given: Any) -> list[int]:
        return [one.version_number for one in await db.registry.search("m", **given)]

    assert await found(path=weights) == [3]
    assert await found(path=f"{tmp_path}/x/../weights.bin") == [3]
    assert await found(path=tmp_path) == []
    for reference in (book.feature_set_id, book.fingerprint, book.fingerprint.hex()):
        assert await found(feature_set=reference) == [4]
    with pytest.raises(NotFound, match="no feature set 99"):
        await found(feature_set=99)
    low, high = first - day, first + 5 * day
    moments = [low + n * day / 2 for n in range((high - low) // (day / 2) + 1)]
    for start in (None, *moments):
        for end in (None, *moments):
            if start is not None and end is not None and end <= start:
                continue
            wanted = [
                number
                for number, (begun, ended) in enumerate(ranges, 1)
                if (start or end) and (not start or ended > start) and (not end or begun < end)
            ]
            if start or end:
                assert await found(trained_from=start, trained_until=end) == wanted[::-1]
    with pytest.raises(InputError, match="is not after"):
        await found(trained_from=first, trained_until=first)
    with pytest.raises(InputError, match="time zone"):
        await found(trained_from=datetime(2024, 8, 1))  # noqa: DTZ001
    with pytest.raises(InputError, match="order_by_metric"):
        await found(ascending=True)
