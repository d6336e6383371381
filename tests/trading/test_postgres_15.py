"""The books on PostgreSQL 15: every function runs, and any sequence gives the oracle's books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from cryptoscalp.infra import migrations
from tests.faces import open_face, quote, table
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.trading.books import LINEAR, RATES, START, fill, opened, prepare
from tests.trading.test_properties import Books


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_every_function_of_the_books_runs(mode: str, debian: Place) -> None:
    name = f"all {mode}"
    now = datetime.now(UTC)
    async with await open_face(mode, debian.dsn) as db:
        await prepare(db)
        await db.capture.write_quotes(table([quote(0, 1, timestamp=now)]))
        book = db.trading
        await book.create_portfolio(name, "USDT")
        await book.deposit(name, "USDT", Decimal(100), reference="in", timestamp=START)
        await book.withdraw(name, "USDT", Decimal(1), reference="out", timestamp=START)
        await book.place_order(
            name, "BTCUSDT", "binance", "BUY", Decimal(2), client_order_id="c1", decided_at=START
        )
        await book.acknowledge_order(name, "binance", "c1", "X1")
        await book.record_fills(
            name,
            [
                fill(1, "BUY", "2", "100", fee="0.001", fee_currency="BTC", client_order_id="c1"),
                fill(2, "SELL", "5", "110", fee="0.001", fee_currency="BNB", after_s=1),
                fill(3, "BUY", "100", "50000", of=LINEAR, after_s=2),
            ],
        )
        await book.record_funding(
            name, LINEAR.symbol, LINEAR.exchange, START + timedelta(hours=8),
            funding_rate=Decimal("0.0001"), mark_price=Decimal(50_000),
        )  # fmt: skip
        held = await book.positions(name)
        await book.set_stops(held[0].position_id, Decimal(200), Decimal(50))
        assert (await book.mark(name)).marked == 1
        assert (await book.breached(name)).breaches == ()
        assert len(await book.open_risk(name)) == len(await book.exposure(name)) == 2
        assert (await book.value(name, rates=RATES)).equity > 0
        assert len((await book.lots(name, held[0].position_id)).open) == 1
        trade = (await book.trades(name))[0]
        assert (await book.reverse_trade(trade.trade_id, reason="busted")).trade.quantity == 2
        await book.close_position(held[0].position_id, Decimal(100))
        assert (await book.pnl_by_day(name))[0].fills == 2
        assert await book.check_books(name) == []


def test_any_sequence_gives_the_books_of_the_oracle(mode: str, debian: Place) -> None:
    with opened(mode, debian) as (runner, db):
        run_state_machine_as_test(
            lambda: Books(runner, db),  # type: ignore[arg-type]  # a factory will do
            settings=settings(
                max_examples=5,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
