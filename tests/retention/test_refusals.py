"""What must not leave stays: held, damaged, late or young days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.db.maintenance import Maintenance
from cryptoscalp.retention import leaving, moving
from cryptoscalp.retention.calls import as_capture
from tests.faces import table, trade
from tests.postgres import Place
from tests.retention.days import (
    DAY,
    MARKET_DATA,
    age,
    as_admin,
    authoritative,
    departed,
    ledger,
    partitions,
    perform,
    same,
    stored,
    trades,
)


async def verified(db: AsyncDatabase, database: Place) -> None:
    """Bring `DAY` to the state in which it was read back and is not sealed."""
    await db.capture.write_trades(trades(30))
    age(database)
    await perform(db, moving.export_open(MARKET_DATA, DAY))
    assert not await perform(db, moving.read_back(MARKET_DATA, DAY))
    assert {row[3] for row in ledger(database)} == {"VERIFIED"}


def damage(warehouse: Path, harm: str) -> None:
    """Harm every data file of the lake."""
    for file in warehouse.rglob("*.parquet"):
        whole = file.read_bytes()
        match harm:
            case "altered":
                at = len(whole) // 3
                file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            case "cut":
                file.write_bytes(whole[:-100])
            case "missing":
                file.unlink()


def seal() -> Flow[object]:
    return as_capture("SELECT seal_day('market_data', %s)", (DAY,))


async def test_a_late_write_before_the_seal_is_exported_too(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    await verified(db, database)
    await db.capture.write_trades(table([trade(5, 999)]))
    with pytest.raises(IntegrityRefused, match="is not sealed"):
        await perform(db, seal())
    assert not (await db.retention.run(["market_data"])).done, "the late write made it young"
    before = stored(database)
    report = await db.retention.run(hot_days=0)
    assert [(one.outcome, one.rows) for one in report.done if one.table == "market_data"] == [
        ("moved", 31)
    ]
    assert same(authoritative(database, lake), before)


async def test_a_row_of_a_new_instrument_keeps_a_sealed_day(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    await verified(db, database)
    await perform(db, seal())
    await db.capture.write_trades(table([trade(5, 1, symbol="NEWUSDT")]))
    with pytest.raises(IntegrityRefused, match="NEWUSDT on binance has 1 rows"):
        await perform(db, as_capture("SELECT drop_day('market_data', %s)", (DAY,)))
    age(database)
    before = stored(database)
    assert not (await db.retention.run()).failed
    assert same(authoritative(database, lake), before)
    assert not partitions(database, "market_data")


@pytest.mark.parametrize("harm", ["altered", "cut", "missing"])
async def test_a_damaged_export_blocks_the_drop(
    db: AsyncDatabase, database: Place, warehouse: Path, lake: Lake, harm: str
) -> None:
    await verified(db, database)
    await perform(db, seal())
    before = stored(database)
    damage(warehouse, harm)
    report = await db.retention.run()
    assert [one.outcome for one in report.failed] == ["failed"]
    assert partitions(database, "market_data")
    assert {row[3] for row in ledger(database)} == {"THAWED"}
    assert same(authoritative(database, lake), before)


async def test_damage_of_what_has_left_is_reported(
    db: AsyncDatabase, database: Place, warehouse: Path
) -> None:
    await verified(db, database)
    assert not (await db.retention.run()).failed
    damage(warehouse, "cut")
    found = await db.retention.verify()
    assert len(found.damaged) == 3
    assert not any(one.restored for one in found.damaged)
    assert {row[3] for row in ledger(database)} == {"COLD"}


async def test_a_hold_blocks_every_way_out(db: AsyncDatabase, database: Place) -> None:
    await verified(db, database)
    held = await db.retention.hold("market_data", DAY, DAY, "case 17", "counsel")
    for call in ("seal_day", "drop_day", "expire_day"):
        with pytest.raises(IntegrityRefused, match=f"under hold {held.hold_id}: case 17"):
            await perform(db, as_capture(f"SELECT {call}('market_data', %s)".encode(), (DAY,)))  # type: ignore[arg-type]
    dsn = database.admin_dsn
    with pytest.raises(IntegrityRefused, match="under hold"):
        leaving.take_out(dsn, "market_data", DAY)
    (line,) = (await db.retention.plan(tables=["market_data"])).lines
    assert line.action == "blocked"
    assert line.reason.startswith("under hold 1; more than 30 days old")
    assert not [one for one in (await db.retention.run()).done if one.outcome == "moved"]
    assert await db.retention.holds() == [held]
    released = await db.retention.release(held.hold_id, "judge")
    assert released.released_by == "judge"
    assert await db.retention.holds() == []
    with pytest.raises(NotFound, match="no hold 1 is in force"):
        await db.retention.release(held.hold_id, "judge")
    assert [one.outcome for one in (await db.retention.run()).done][:1] == ["moved"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("instruments", DAY, DAY, "why", "me"), "no such table"),
        (("market_data", DAY, DAY - timedelta(1), "why", "me"), "holds no day"),
        (("market_data", DAY, DAY, " ", "me"), "needs a reason"),
    ],
)
async def test_a_hold_that_says_nothing_is_refused(
    db: AsyncDatabase, given: tuple[str, date, date, str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        await db.retention.hold(*given)


async def test_days_that_have_just_ended_stay(db: AsyncDatabase, database: Place) -> None:
    now = datetime.now(UTC)
    moments = [now - timedelta(days=back) for back in (0, 1, 2, 4)]
    await db.capture.write_trades(
        table([trade(0, n, timestamp=moment) for n, moment in enumerate(moments)])
    )
    age(database)
    report = await db.retention.run(["market_data"], 0)
    assert [one.day for one in report.done] == [moments[-1].date()]
    for moment in moments[:3]:
        with pytest.raises(IntegrityRefused, match="has not been over for two days"):
            await perform(db, as_capture("SELECT drop_day('market_data', %s)", (moment.date(),)))


async def test_a_thawed_day_moves_again(db: AsyncDatabase, database: Place, lake: Lake) -> None:
    await verified(db, database)
    before = stored(database)
    assert not (await db.retention.run()).failed
    rows = await db.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY)
    assert rows == 10
    assert same(authoritative(database, lake), before)
    assert not (await db.retention.run(["market_data"])).done
    age(database)
    report = await db.retention.run(["market_data"])
    assert [(one.outcome, one.rows) for one in report.done] == [("moved", 10)]
    assert same(authoritative(database, lake), before)
    assert [row[2] for row in departed(database) if row[0] == "market_data"] == [30, 10]


async def test_rows_that_were_taken_back_leave_the_lake(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    account = await db.capture.write_trades(trades(30))
    extra = await db.capture.write_trades(table([trade(7, 5, symbol="NEWUSDT")]))
    assert account != extra
    age(database)
    assert not (await db.retention.run()).failed
    (batch,) = [b for b in await db.market.batches() if b.received == 1]
    await db.market.undo_batch(batch.batch_id)
    age(database)
    assert not (await db.retention.run()).failed
    assert len(ledger(database)) == 3
    assert sum(authoritative(database, lake).values()) == 30


async def test_without_a_warehouse_nothing_moves_and_it_says_what_to_set(
    database: Place, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faces import open_face

    monkeypatch.delenv("CRYPTOSCALP_COLD_WAREHOUSE")
    async with await open_face(mode, database.dsn) as db:
        await db.capture.write_trades(trades(3))
        assert not (await db.retention.run()).done
        idle = await db.jobs.run("move_to_cold")
        assert (idle.state, idle.rows) == ("SUCCEEDED", 0)
        assert "CRYPTOSCALP_COLD_WAREHOUSE" in str(idle.detail)
        for name in ("verify_cold", "expire_cold", "sweep_cold_files"):
            assert (await db.jobs.run(name)).state == "SUCCEEDED"
        age(database)
        report = await db.retention.run()
    assert "CRYPTOSCALP_COLD_WAREHOUSE" in report.failed[0].detail
    assert sum(stored(database).values()) == 3


def test_the_administrator_is_never_shown() -> None:
    assert "secret" not in repr(Maintenance("postgresql://postgres:secret@host/db"))


async def test_expired_days_leave_the_lake(db: AsyncDatabase, database: Place, lake: Lake) -> None:
    old = datetime(2012, 5, 5, 12, tzinfo=UTC)
    await db.capture.write_trades(table([trade(0, 1, timestamp=old), trade(1, 2)]))
    age(database)
    assert not (await db.retention.run(["market_data"])).failed
    assert not [line for line in (await db.retention.plan()).lines if line.action == "expire"]
    as_admin(database, "UPDATE late_writes SET written_at = written_at - interval '7 years'")
    kept = await db.retention.run(["market_data"], destroy=False)
    assert [one.outcome for one in kept.done] == ["skipped"]
    report = await db.retention.run(["market_data"])
    assert [(one.outcome, one.day) for one in report.done] == [("expired", old.date())]
    assert [row[0] for row in ledger(database)] == [DAY]
    assert not lake.contents(MARKET_DATA, old.date())
    assert ("market_data", old.date(), 1, "expired") in departed(database)
