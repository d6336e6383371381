"""Column maps kept by name, and plans kept with a batch."""

from __future__ import annotations

import json

import pytest

from cryptoscalp import AsyncDatabase, InputError, NotFound
from tests.capture import brute
from tests.postgres import Place


async def test_a_map_is_kept_by_its_name(db: AsyncDatabase) -> None:
    await db.capture.save_map("mine", "timestamp=time:ms, price=px, volume=qty")
    await db.capture.save_map("another", {"timestamp": "#1", "price": '"a, b"', "volume": "v"})
    assert await db.capture.load_map("mine") == {
        "timestamp": "time:ms", "price": "px", "volume": "qty",
    }  # fmt: skip
    assert [one.name for one in await db.capture.maps()] == ["another", "mine"]
    await db.capture.save_map("mine", "timestamp=t, price=p, volume=v")
    (_, mine) = await db.capture.maps()
    assert mine.text == "timestamp=t, price=p, volume=v"
    assert mine.updated_at > mine.created_at
    await db.capture.delete_map("mine")
    assert [one.name for one in await db.capture.maps()] == ["another"]


async def test_a_map_that_is_not_there_is_named(db: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="'mine'; there are: none"):
        await db.capture.load_map("mine")
    await db.capture.save_map("mine", "timestamp=t, price=p, volume=v")
    with pytest.raises(NotFound, match="'yours'; there are: mine"):
        await db.capture.delete_map("yours")


@pytest.mark.parametrize("name", ["", " ", "a=b", "a\0b"])
async def test_names_that_are_none(db: AsyncDatabase, name: str) -> None:
    with pytest.raises(InputError, match="no name for a map"):
        await db.capture.save_map(name, "timestamp=t, price=p, volume=v")


async def test_a_map_that_is_none_is_not_kept(db: AsyncDatabase) -> None:
    with pytest.raises(InputError, match="no field 'prize'"):
        await db.capture.save_map("mine", "timestamp=t, prize=p")
    assert await db.capture.maps() == []


async def test_a_plan_is_kept_as_it_is(db: AsyncDatabase, database: Place) -> None:
    """A file's header may hold anything, and its order matters."""
    plan = {"header": ["z", "a", "nul \0", "half \ud800", "ü"], "unit": None, "rows": 2}
    batch_id = await db.capture.open_batch("a file", "csv", None, plan)
    bare = await db.capture.open_batch("a feed", "simulator")
    found = brute.fetch(database.dsn, "SELECT batch_id, plan::text FROM batches ORDER BY 1")
    assert [(number, text and json.loads(text)) for number, text in found] == [
        (batch_id, plan), (bare, None),
    ]  # fmt: skip
