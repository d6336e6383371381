"""The doctor as a whole: right on a new database, never stopped by one check, never writing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cryptoscalp import AsyncDatabase, InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring import doctor as doctoring
from cryptoscalp.monitoring.types import Check, Verdict, fine
from tests.monitoring.asking import NOW, one, store
from tests.monitoring.conftest import Breaking


async def test_a_new_database_is_well(db: AsyncDatabase) -> None:
    found = await db.monitoring.doctor()
    assert [each.name for each in found] == [check.name for check in doctoring.CHECKS]
    assert {each.status for each in found} == {"OK", "SKIP"}
    assert all(each.found and each.seconds < 5 for each in found)


async def test_a_database_in_use_is_well(db: AsyncDatabase) -> None:
    await store(db)
    await db.market.ensure_partitions(NOW, NOW + timedelta(days=8))
    found = await db.monitoring.doctor()
    assert [each for each in found if each.status in ("FAIL", "WARN")] == []
    skipped = {each.name for each in found if each.status == "SKIP"}
    assert skipped <= {
        "indexes-used", "disk", "binaries", "plan-ledger", "reckoned-age", "server-log",
        "limits",
    }  # fmt: skip


async def test_names_choose(db: AsyncDatabase) -> None:
    found = await db.monitoring.doctor(["alerts", "version"])
    assert [each.name for each in found] == ["version", "alerts"]


async def test_an_unknown_name_lists_the_names(db: AsyncDatabase) -> None:
    with pytest.raises(InputError, match=r"no check colour; choose version, durability, .*alerts"):
        await db.monitoring.doctor(["colour", "alerts"])


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that break, hang and write, before one that is fine."""

    def broken() -> Flow[Verdict]:
        yield from rows("SELECT 1 / 0")
        return fine("never")

    def hanging() -> Flow[Verdict]:
        yield from rows("SELECT pg_sleep(60)")
        return fine("never")

    def writing() -> Flow[Verdict]:
        yield from rows("INSERT INTO exchanges (exchange_id) VALUES ('x') RETURNING 1")
        return fine("never")

    def well() -> Flow[Verdict]:
        found = yield from rows("SELECT 'well'")
        return fine(found[0][0])

    made = (
        Check("broken", "", broken),
        Check("hanging", "", hanging, timeout_ms=50),
        Check("writing", "", writing),
        Check("well", "", well),
    )
    monkeypatch.setattr(doctoring, "CHECKS", made)


@pytest.mark.usefixtures("strange")
async def test_a_check_that_breaks_is_a_finding(db: AsyncDatabase) -> None:
    broken, hanging, writing, well = await db.monitoring.doctor()
    assert "division by zero" in broken.found
    assert "statement timeout" in hanging.found
    assert hanging.seconds < 10
    assert "read-only transaction" in writing.found
    assert {each.status for each in (broken, hanging, writing)} == {"FAIL"}
    assert broken.hint == "`cryptoscalp doctor broken` makes this check alone"
    assert (well.status, well.found) == ("OK", "well")


async def test_the_worst_problem_comes_first(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking(
        "ALTER TABLE quarantine SET (autovacuum_enabled = false)",
        "DROP TRIGGER derived_only ON coverage",
    )
    upkeep = await one(db, "upkeep")
    assert (upkeep.status, upkeep.found) == ("WARN", "autovacuum leaves quarantine out")
    guards = await one(db, "guards")
    assert guards.status == "FAIL"
    assert guards.problems[0].found == guards.found
