"""Alerts: written with what they tell, notified, and sent until they have arrived."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError
from cryptoscalp.risk.limits.webhooks import webhooks
from tests.postgres import Place
from tests.risk.limits_rooms import desk, taken_in
from tests.risk.webhook_receiver import Receiver, receiving

T0 = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything unless it is told otherwise."""
    with receiving() as told:
        yield told


def due_again(database: Place) -> None:
    """Let the pause after a failed delivery be over."""
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute(
            "UPDATE risk_alert_deliveries SET next_at = now() WHERE delivered_at IS NULL"
        )


async def test_a_breach_is_told_from_its_beginning_to_its_end(
    db: AsyncDatabase, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", medium=2, critical=4,
                                    clear_after=timedelta(0), action="HALT")  # fmt: skip
    for minute, value in enumerate(("2", "3", "5", "5", "1")):
        await taken_in(db, "desk", limit, value, T0 + timedelta(minutes=minute))
    kinds = ["BREACH_OPENED", "BREACH_RAISED", "HALTED", "BREACH_CLOSED"]
    told = await db.risk.alerts("desk")
    assert [one.kind for one in told] == kinds
    assert [one.alert_id for one in told] == [1, 2, 3, 4]
    assert told[0].message == "LEVERAGE of portfolio desk is 2, the limit is 2 (MEDIUM)"
    assert told[0].payload == {
        "portfolio": "desk", "breach_id": 1, "limit_id": limit.limit_id, "metric": "LEVERAGE",
        "value": "2", "threshold": "2", "reason": None,
    }  # fmt: skip
    with caplog.at_level(logging.INFO, "cryptoscalp.alerts"):
        sent = await db.risk.send_alerts(receiver.url)
    assert (sent.delivered, sent.failed, sent.waiting) == (8, 0, 0)
    assert [one["kind"] for one in receiver.bodies] == kinds
    assert receiver.ids == ["1", "2", "3", "4"]
    assert receiver.bodies[0]["text"] == told[0].message
    logged = [one for one in caplog.records if one.name == "cryptoscalp.alerts"]
    assert [(one.levelname, one.getMessage()) for one in logged] == [
        ("WARNING", told[0].message), ("ERROR", told[1].message), ("CRITICAL", told[2].message),
        ("INFO", told[3].message),
    ]  # fmt: skip
    assert vars(logged[1])["risk_level"] == "CRITICAL"
    assert (await db.risk.send_alerts(receiver.url)).delivered == 0
    assert len(receiver.bodies) == 4
    found = await db.risk.alerts(after=3)
    assert [one.kind for one in found] == ["BREACH_CLOSED"]
    assert found[0].sent_to[1] == "log"
    assert "S3CRET" not in found[0].sent_to[0]
    assert [one.alert_id for one in await db.risk.alerts(limit=2)] == [1, 2]
    assert [one.alert_id for one in await db.risk.alerts(limit=2, newest=True)] == [3, 4]


async def test_what_fails_is_sent_again_under_the_same_id(
    db: AsyncDatabase, database: Place, receiver: Receiver
) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    await db.risk.halt("desk", "two")
    receiver.answers = [500, "cut", 302, 204]
    first = await db.risk.send_alerts(receiver.url)
    # After a failure the receiver is left alone for this round.
    assert (first.delivered, first.failed, first.waiting, first.overdue) == (2, 1, 2, 0)
    second = await db.risk.send_alerts(receiver.url)  # the other alert is due, the first is not
    assert (second.delivered, second.failed, second.waiting) == (0, 1, 2)
    assert (await db.risk.send_alerts(receiver.url)).failed == 0
    due_again(database)
    assert (await db.risk.send_alerts(receiver.url)).failed == 1  # a redirect is not followed
    due_again(database)
    assert (await db.risk.send_alerts(receiver.url)).waiting == 0
    assert receiver.ids == ["1", "2", "1", "1", "2"]
    assert set(receiver.paths) == {"/hook/T0P-S3CRET"}
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute(
            "SELECT alert_id, attempts, delivered_at IS NOT NULL, error FROM risk_alert_deliveries"
            " WHERE sink <> 'log' ORDER BY alert_id"
        ).fetchall()
    assert rows == [(1, 3, True, None), (2, 2, True, None)]


async def test_a_receiver_that_hangs_keeps_the_others_from_nothing(
    db: AsyncDatabase, receiver: Receiver
) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    with receiving() as good:
        receiver.answers = ["hang"]
        sent = await db.risk.send_alerts(f"{receiver.url} {good.url}", timeout_s=0.3)
        assert (sent.delivered, sent.failed) == (2, 1)
        assert len(good.bodies) == 1


async def test_pauses_grow_and_the_reason_is_kept_without_the_address(
    db: AsyncDatabase, database: Place
) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}/S3CRET"
    pauses = []
    for _ in range(4):
        assert (await db.risk.send_alerts(url)).failed == 1
        with psycopg.connect(database.dsn) as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM next_at - now())::float, error, sink"
                " FROM risk_alert_deliveries WHERE sink <> 'log'"
            ).fetchone()
        assert row is not None
        pauses.append(row[0])
        assert row[1] == "Connection refused"
        assert "S3CRET" not in row[2]
        due_again(database)
    assert [round(one / 30) for one in pauses] == [1, 2, 4, 8]


async def test_an_alert_that_does_not_arrive_makes_the_job_fail(
    db: AsyncDatabase, database: Place, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    monkeypatch.setenv("CRYPTOSCALP_ALERT_WEBHOOKS", receiver.url)
    receiver.answers = [500, 500, 500]
    for expected in ("SUCCEEDED", "SUCCEEDED", "FAILED"):
        run = await db.jobs.run("send_risk_alerts")
        assert run.state == expected, run
        due_again(database)
    assert "1 deliveries" in (run.error or "")
    assert "S3CRET" not in (run.error or "")
    assert (await db.jobs.run("send_risk_alerts")).state == "SUCCEEDED"
    assert receiver.ids == ["1"] * 4


async def test_who_listens_hears_of_it_with_the_commit(db: AsyncDatabase, database: Place) -> None:
    await desk(db)
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as listening:
        await listening.execute("LISTEN cryptoscalp_risk")
        await db.risk.halt("desk", "x" * 9_000)
        heard = [one async for one in listening.notifies(timeout=5, stop_after=1)]
    (found,) = await db.risk.alerts()
    told = json.loads(heard[0].payload)
    assert (told["alert_id"], told["kind"], told["portfolio"], told["level"]) == (
        found.alert_id, "HALTED", "desk", "CRITICAL",
    )  # fmt: skip
    assert found.message.startswith(told["message"])


async def test_numbers_follow_the_order_of_commit(db: AsyncDatabase, database: Place) -> None:
    await desk(db)
    seen: list[int] = []

    async def read() -> None:
        while len(seen) < 20:
            for one in await db.risk.alerts(after=seen[-1] if seen else 0):
                seen.append(one.alert_id)
            await asyncio.sleep(0.001)

    async def halt(number: int) -> None:
        async with await psycopg.AsyncConnection.connect(database.dsn) as connection:
            await connection.execute("SELECT halt_trading('desk', %s)", (f"{number}",))
            await asyncio.sleep(0.002 * (number % 3))

    reading = asyncio.create_task(read())
    await asyncio.gather(*(halt(number) for number in range(20)))
    await reading
    assert seen == list(range(1, 21))


def test_addresses_are_read_and_never_shown() -> None:
    first, second = webhooks(
        " https://a.example/T0K\n,https://b.example:8443/x https://a.example/T0K"
    )
    assert "T0K" not in repr(first)
    assert first.name.startswith("a.example#")
    assert second.name.startswith("b.example:8443#")
    assert webhooks(None) == webhooks(" ") == ()


@pytest.mark.parametrize(
    "url",
    ["ftp://a/S3CRET", "S3CRET", "https:///S3CRET", "https://u:S3CRET@a/", "http://a:S3CRET/"],
)
def test_what_is_no_address_is_told_by_its_place(url: str) -> None:
    with pytest.raises(InputError, match="address 2 is no http") as refused:
        webhooks(f"https://a.example/x {url}")
    assert "S3CRET" not in str(refused.value)


async def test_alerts_that_are_old_news_are_not_sent(db: AsyncDatabase, receiver: Receiver) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", medium=Decimal(2))
    await taken_in(db, "desk", limit, "3", datetime.now(UTC) - timedelta(days=2))
    sent = await db.risk.send_alerts(receiver.url)
    assert (sent.delivered, sent.waiting, receiver.bodies) == (0, 0, [])
