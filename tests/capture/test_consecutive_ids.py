"""What a table cannot tell and its reader may know: the venue counts its trade ids by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cryptoscalp import AsyncDatabase, InputError
from tests.faces import db, mode

__all__ = ["db", "mode"]

_NOON_MS: Final = 1_723_118_400_000
_NOON: Final = datetime(2024, 8, 8, 12, tzinfo=UTC)
_IDS: Final = (7, 8, 9, 12, 13)  # 10 and 11 are missing
_OF: Final[dict[str, Any]] = {"exchange": "kraken", "symbol": "XBTUSD"}


def csv_file(folder: Path, column: str) -> Path:
    lines = (f"{_NOON_MS + 1_000 * one},100,1,{one}" for one in _IDS)
    path = folder / f"{column}.csv"
    path.write_text("\n".join([f"timestamp,price,volume,{column}", *lines]))
    return path


def parquet_file(folder: Path, column: str) -> Path:
    path = folder / f"{column}.parquet"
    columns = {
        "timestamp": [_NOON_MS + 1_000 * one for one in _IDS],
        "price": ["100"] * len(_IDS),
        "volume": ["1"] * len(_IDS),
        column: list(_IDS),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("column", ["sequence", "id", "trade_id"])
@pytest.mark.parametrize("made", [csv_file, parquet_file])
async def test_ids_without_a_hole_are_coverage(
    db: AsyncDatabase, tmp_path: Path, made: Any, column: str
) -> None:
    report = await db.capture.import_files(made(tmp_path, column), **_OF, consecutive_ids=True)
    assert report.account.total.stored == len(_IDS)
    covered = await db.market.coverage("XBTUSD", "kraken")
    assert [(one.start, one.end) for one in covered if one.cause is None] == [
        (_NOON + timedelta(seconds=7), _NOON + timedelta(seconds=9)),
        (_NOON + timedelta(seconds=12), _NOON + timedelta(seconds=13)),
    ]
    (hole,) = await db.market.gaps("XBTUSD", "kraken")
    assert hole.missing == 2


async def test_nothing_is_covered_without_the_word(db: AsyncDatabase, tmp_path: Path) -> None:
    await db.capture.import_files(csv_file(tmp_path, "sequence"), **_OF)
    assert await db.market.coverage("XBTUSD", "kraken") == []


async def test_a_table_without_ids_cannot_be_consecutive(db: AsyncDatabase, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="consecutive ids are those of trades"):
        await db.capture.import_files(csv_file(tmp_path, "note"), **_OF, consecutive_ids=True)
    assert await db.market.instruments() == []
