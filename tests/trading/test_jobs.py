"""The job that proves the books."""

from __future__ import annotations

import psycopg

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.trading.books import fill, prepare


async def test_the_job_counts_what_agrees_and_names_what_does_not(
    db: AsyncDatabase, database: Place
) -> None:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.record_fill("main", fill(1, "BUY", "1", "100"))
    run = await db.jobs.run("check_books")
    assert (run.state, run.rows) == ("SUCCEEDED", 1)
    assert run.detail == "1 positions and 1 trades of 1 portfolios agree with the cash ledger"
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE cash_balances SET balance = balance + 1 WHERE currency = 'USDT'")
    run = await db.jobs.run("check_books")
    assert run.state == "FAILED"
    assert run.error is not None
    assert (
        "main, USDT: balance = sum of the ledger, -99 is stored, the rows come to -100" in run.error
    )
