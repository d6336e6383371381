"""A run killed with -9 at any point leaves no row lost or doubled, and the next run finishes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.retention import moving
from tests.postgres import Place
from tests.retention.days import (
    DAY,
    MARKET_DATA,
    age,
    authoritative,
    ledger,
    partitions,
    perform,
    same,
    stored,
    trades,
)


class Victims:
    """Runs of retention in processes that are killed before their n-th step."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, number: int) -> dict[str, Any]:
        """What became of one: `killed`, or what it did and what failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{number}\n".encode())
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        assert answer, "the run ended by itself"
        found: dict[str, Any] = json.loads(answer)
        return found


@pytest.fixture
async def victims(db: AsyncDatabase, database: Place) -> AsyncIterator[Victims]:
    """Runs on the test's database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.retention.victim", database.dsn,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    yield Victims(process)
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


@pytest.mark.parametrize("admin", [True, False], ids=["detached", "dropped"], indirect=True)
@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_every_border_of_steps(
    db: AsyncDatabase, database: Place, lake: Lake, victims: Victims, admin: bool
) -> None:
    """One after the other on one day: each process gets a little further than the last."""
    await db.capture.write_trades(trades(30))
    age(database)
    if not admin:
        # The way up to the seal is the same, and was gone above.
        await perform(db, moving.export_open(MARKET_DATA, DAY))
    before = stored(database)
    killed = 0
    for number in count(1):
        found = await victims.run(number)
        assert same(authoritative(database, lake), before), f"killed before step {number}"
        killed += "killed" in found
        if found.get("failed") == []:
            break
    assert killed > 10
    assert not (await db.retention.run()).failed
    assert {row[3] for row in ledger(database)} == {"COLD"}
    assert not partitions(database, MARKET_DATA.name)
    assert same(authoritative(database, lake), before)
