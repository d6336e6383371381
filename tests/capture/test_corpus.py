"""Every file of the shared data that can be stored, against what it holds, and the oracles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from campaigns.corpus_files import DATA, HELD, UNSUPPORTED, Held, expected
from campaigns.corpus_oracles import ORACLES, Opened, Oracle, compare
from campaigns.corpus_verdict import judge
from cryptoscalp import AsyncDatabase, InputError, connect
from tests.capture import brute
from tests.postgres import Place

# The recordings of Binance are in test_real_files, in both faces.
FILES = [held for held in HELD if held.format != "binance-collector"]
#: For the other face: files that share no event with another.
SOME = [held for held in FILES if not held.duplicate and "XRP_ETH" not in held.file][::5]
TOLD = ("XRP_ETH-trades.feather", "1m → 5m", "1m → 4h", "10^10")
CHOSEN = [oracle for oracle in ORACLES if any(word in oracle.name for word in TOLD)]
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no market data at {DATA} (CRYPTOSCALP_SHARED)"
)


async def differs(held: Held, db: AsyncDatabase, dsn: str) -> list[str]:
    options: dict[str, Any] = dict(held.options)
    (first,) = (await db.capture.import_files([DATA / held.file], **options)).files
    refused = brute.fetch(
        dsn,
        "SELECT reason, count(*) FROM quarantine WHERE batch_id = %s GROUP BY reason",
        first.batch_id,
    )
    (again,) = (await db.capture.import_files([DATA / held.file], **options)).files
    verdict = judge(held, first, again, {str(reason): int(count) for reason, count in refused})
    return [f"{held.file}: {what}" for what in verdict.differs]


@pytest.mark.long
async def test_every_file_is_stored_once_and_whole(
    db: AsyncDatabase, database: Place, mode: str
) -> None:
    found: list[str] = []
    for held in FILES if mode == "sync" else SOME:
        found += await differs(held, db, database.dsn)
    assert not found
    brute.check_ledger(database.dsn)


async def test_what_cannot_be_stored_says_why(db: AsyncDatabase, database: Place) -> None:
    for one in UNSUPPORTED:
        with pytest.raises(InputError) as caught:
            await db.capture.import_files([DATA / one.file])
        assert one.words in str(caught.value)
        assert one.file in str(caught.value)
    assert not brute.fetch(database.dsn, "SELECT FROM batches")


@pytest.mark.long
@pytest.mark.parametrize("oracle", CHOSEN, ids=lambda oracle: oracle.name)
async def test_published_rows_are_found(oracle: Oracle, database: Place) -> None:
    def found() -> dict[str, Any]:
        with connect(database.dsn) as db:
            return compare(oracle, Opened(db, database.dsn, DATA))

    result = await asyncio.to_thread(found)
    assert result["passed"], result


def test_every_shared_file_is_expected() -> None:
    there = {str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file()}
    assert there - {"MANIFEST.md"} == {*expected()}
