"""What people do to days by hand, and what they ask for that is not there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.settings import Settings
from tests.postgres import Place
from tests.retention.days import DAY, age, as_admin, partitions, stored, trades


async def test_a_partition_detached_by_hand_is_put_back_and_moved(
    db: AsyncDatabase, database: Place
) -> None:
    await db.capture.write_trades(trades(30))
    rows = stored(database)
    age(database)
    as_admin(database, f"ALTER TABLE market_data DETACH PARTITION market_data_{DAY:%Y%m%d}")
    assert not stored(database)
    report = await db.retention.run(["market_data"])
    assert [one.outcome for one in report.done] == ["moved"], report
    assert report.rows == rows.total()
    assert not partitions(database, "market_data")
    assert (await db.retention.verify()).rows == rows.total()


def cut(warehouse: Path) -> tuple[Path, bytes]:
    """Take the end off the one data file; what it held."""
    (file,) = warehouse.rglob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    return file, whole


async def test_a_damaged_day_is_an_alert_until_it_is_whole(
    db: AsyncDatabase, database: Place, warehouse: Path
) -> None:
    await db.capture.write_trades(trades(30))
    age(database)
    await db.retention.run(["market_data"])
    file, whole = cut(warehouse)
    assert (await db.retention.verify()).damaged
    (alert,) = await db.jobs.alerts()
    assert (alert.source, alert.name) == ("cold tier", f"market_data {DAY}")
    (found,) = await db.monitoring.doctor(["alerts"])
    assert found.status == "FAIL"
    file.write_bytes(whole)
    assert not (await db.retention.verify()).damaged
    assert not await db.jobs.alerts()


async def test_thaw_knows_names_as_reads_do(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(trades(30))
    rows = stored(database)
    age(database)
    await db.retention.run(["market_data"])
    with pytest.raises(NotFound, match="NOPE"):
        await db.retention.thaw("market_data", "binance", "NOPE", DAY, DAY)
    with pytest.raises(InputError, match="is no day"):
        await db.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY - timedelta(days=1))
    back = await db.retention.thaw("market_data", "binance", "BTC/USDT", DAY, DAY)
    assert back == 10
    assert stored(database).total() == 10
    assert not stored(database) - rows


async def test_what_cannot_be_meant_is_refused(db: AsyncDatabase) -> None:
    with pytest.raises(InputError, match="lies before the first"):
        await db.retention.verify(first=DAY, last=DAY - timedelta(days=1))
    for days in (-1, 10**12, "x"):
        with pytest.raises(InputError, match="hot_days"):
            await db.retention.plan(hot_days=days)  # type: ignore[arg-type]
    for pace in (0, 1.5):
        with pytest.raises(InputError, match="pace"):
            await db.retention.run(pace=pace)
    with pytest.raises(InputError, match="nothing_such: retention has no such table"):
        await db.retention.plan(tables="nothing_such")
    assert {one.table for one in (await db.retention.plan(tables="market_data")).lines} <= {
        "market_data"
    }


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "", "99999999999"])
def test_a_wrong_setting_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTOSCALP_HOT_DAYS", value)
    with pytest.raises(InputError, match="CRYPTOSCALP_HOT_DAYS is"):
        Settings()
