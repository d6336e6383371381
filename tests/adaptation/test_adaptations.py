"""Adaptations: measured on the same predictions, decided by the declared rule, finished once."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation.adaptation_types import SuccessRule
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from tests.adaptation.predicted import NOON, as_owner, declare, predicted
from tests.postgres import Place
from tests.registry.predicting import move

DAY = (NOON, NOON + timedelta(hours=2))


def paired(database: Place, old: list[float], new: list[float], **more: Any) -> tuple[int, int]:
    """Two versions that predicted the same moments with these errors."""
    first, second = declare(database, versions=("1", "2"))
    predicted(database, first, old, **more)
    predicted(database, second, new, **more)
    return first, second


async def test_both_are_measured_on_the_predictions_that_both_made(
    db: AsyncDatabase, database: Place
) -> None:
    first, second = declare(database, versions=("1", "2"))
    # 1 predicts seconds 0 to 149 and 2 seconds 50 to 249: 100 are the same.
    old = [float(n) for n in range(150)]
    new = [float(n) / 2 for n in range(200)]
    predicted(database, first, old)
    predicted(database, second, new, first=50)
    begun = await db.adaptation.start_adaptation("scalper:1", "MANUAL", "RETRAINING", note="try")
    assert (begun.model_version, begun.success, begun.finished_at) == ("1", None, None)
    done = await db.adaptation.finish_adaptation(begun.adaptation_id, "scalper:2", *DAY)
    assert done.performance_before is not None
    assert done.performance_after is not None
    assert done.performance_before["count"] == done.performance_after["count"] == 100
    compared, made = old[50:], new[:100]
    for found, errors in ((done.performance_before, compared), (done.performance_after, made)):
        assert found["mean_absolute_error"] == pytest.approx(sum(errors) / 100)
        assert found["root_mean_squared_error"] == pytest.approx(
            math.sqrt(sum(error * error for error in errors) / 100)
        )
        assert found["directional_accuracy"] == 1.0
        assert found["brier"] == pytest.approx(0.16)
    assert (done.success, done.result_model_id, done.note) == (True, second, "try")
    assert await db.adaptation.finish_adaptation(begun.adaptation_id, second, *DAY) == done
    with pytest.raises(IntegrityRefused, match=r"finished with other terms at.*adaptations list"):
        await db.adaptation.finish_adaptation(
            begun.adaptation_id, second, NOON, NOON + timedelta(hours=1)
        )
    with pytest.raises(IntegrityRefused, match="finished at"):
        await db.adaptation.abandon_adaptation(begun.adaptation_id)
    assert await db.adaptation.adaptations() == [done]
    assert await db.adaptation.adaptations("scalper:2") == []
    assert await db.adaptation.adaptations(unfinished=True) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "success"),
    [
        (1.0, 0.9, SuccessRule(), True),
        (1.0, 1.0, SuccessRule(), False),
        (1.0, 1.1, SuccessRule(), False),
        (1.0, 0.9, SuccessRule(min_improvement=0.2), False),
        (1.0, 0.75, SuccessRule(min_improvement=0.2), True),
        (0.0, 0.0, SuccessRule(), False),
        # A price that rises by one: an error below -1 says that it falls.
        (-2.0, -0.5, SuccessRule("directional_accuracy", "higher"), True),
        (-2.0, -3.0, SuccessRule("directional_accuracy", "higher"), False),
        (-2.0, -0.5, SuccessRule("brier"), True),
    ],
)
async def test_the_rule_decides(
    db: AsyncDatabase, database: Place, old: float, new: float, rule: SuccessRule, success: bool
) -> None:
    first, second = paired(database, [old] * 100, [new] * 100)
    begun = await db.adaptation.start_adaptation(
        first, "MANUAL", "PARAMETER_UPDATE", success_rule=rule
    )
    done = await db.adaptation.finish_adaptation(begun.adaptation_id, second, *DAY)
    assert done.success is success
    assert done.success_rule == rule.document()


async def test_a_metric_that_says_nothing_leaves_success_open(
    db: AsyncDatabase, database: Place
) -> None:
    first, second = paired(database, [1.0] * 100, [0.5] * 100, moved=0.0)
    rule = SuccessRule("directional_accuracy", "higher")
    begun = await db.adaptation.start_adaptation(first, "MANUAL", "FINETUNING", success_rule=rule)
    done = await db.adaptation.finish_adaptation(begun.adaptation_id, second, *DAY)
    assert done.finished_at is not None
    assert (done.success, (done.performance_after or {})["moved"]) == (None, 0)


async def test_too_few_predictions_leave_it_open(db: AsyncDatabase, database: Place) -> None:
    first, second = paired(database, [1.0] * 99, [0.5] * 120)
    begun = await db.adaptation.start_adaptation(first, "MANUAL", "RETRAINING")
    with pytest.raises(IntegrityRefused, match=r"99 resolved predictions.*asks for 100"):
        await db.adaptation.finish_adaptation(begun.adaptation_id, second, *DAY)
    with pytest.raises(IntegrityRefused, match=r": 0 resolved"):
        await db.adaptation.finish_adaptation(
            begun.adaptation_id, second, DAY[1], DAY[1] + timedelta(hours=1)
        )
    assert await db.adaptation.adaptations(unfinished=True) == [begun]
    given_up = await db.adaptation.abandon_adaptation(begun.adaptation_id, "no data")
    assert (given_up.success, given_up.performance_after, given_up.note) == (False, None, "no data")
    assert given_up.finished_at is not None
    assert await db.adaptation.abandon_adaptation(begun.adaptation_id, "no data") == given_up
    with pytest.raises(IntegrityRefused, match=r"abandoned at .*\. `cryptoscalp adaptations list`"):
        await db.adaptation.finish_adaptation(begun.adaptation_id, second, *DAY)


async def test_an_event_that_is_delivered_twice_starts_one(
    db: AsyncDatabase, database: Place
) -> None:
    (model_id,) = declare(database)
    event = await db.adaptation.announce("MANUAL", model_id)
    start = db.adaptation.start_adaptation
    begun = await start(model_id, "MANUAL", "RETRAINING", event_id=event.event_id)
    assert await start(model_id, "MANUAL", "RETRAINING", event_id=event.event_id) == begun
    await db.adaptation.abandon_adaptation(begun.adaptation_id)
    other = await start(model_id, "MANUAL", "RETRAINING", event_id=event.event_id)
    assert other.adaptation_id != begun.adaptation_id


async def test_what_cannot_be_started_or_finished(db: AsyncDatabase, database: Place) -> None:
    first, second = declare(database, versions=("1", "2"))
    (returns,) = declare(database, "returns", kind="RETURN")
    event = await db.adaptation.announce("MANUAL", second)
    start, finish = db.adaptation.start_adaptation, db.adaptation.finish_adaptation
    with pytest.raises(NotFound, match="no event 99"):
        await start(first, "MANUAL", "RETRAINING", event_id=99)
    with pytest.raises(IntegrityRefused, match="is MANUAL, not PERFORMANCE"):
        await start(second, "PERFORMANCE", "RETRAINING", event_id=event.event_id)
    with pytest.raises(IntegrityRefused, match="another model version"):
        await start(first, "MANUAL", "RETRAINING", event_id=event.event_id)
    with pytest.raises(InputError, match="no trigger"):
        await start(first, "WHIM", "RETRAINING")  # type: ignore[arg-type]
    wrong: list[tuple[SuccessRule, str]] = [
        (SuccessRule("sharpe"), "no metric"),  # type: ignore[arg-type]
        (SuccessRule(direction="up"), "lower or higher"),  # type: ignore[arg-type]
        (SuccessRule(min_improvement=-0.1), "fraction"),
        (SuccessRule(min_predictions=0), "one or above"),
    ]
    for rule, said in wrong:
        with pytest.raises(IntegrityRefused, match=said):
            await start(first, "MANUAL", "RETRAINING", success_rule=rule)
    begun = await start(first, "MANUAL", "RETRAINING")
    with pytest.raises(IntegrityRefused, match=r"adapted\. Name the version that came of it"):
        await finish(begun.adaptation_id, first, *DAY)
    with pytest.raises(IntegrityRefused, match=r"the same price\. Name a version"):
        await finish(begun.adaptation_id, returns, *DAY)
    with pytest.raises(InputError, match="is not after"):
        await finish(begun.adaptation_id, second, *reversed(DAY))
    with pytest.raises(NotFound, match="no adaptation 77"):
        await finish(77, second, *DAY)
    with pytest.raises(NotFound, match="no adaptation 77"):
        await db.adaptation.abandon_adaptation(77)


@pytest.mark.parametrize("role", ["login", "owner", "administrator"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE adaptation_history SET success = true",
        "UPDATE adaptation_history SET note = 'better'",
        "UPDATE adaptation_history SET finished_at = now(), success_rule = '{}'",
        "DELETE FROM adaptation_history",
        "TRUNCATE adaptation_history",
    ],
)
async def test_plain_sql_changes_no_adaptation(
    db: AsyncDatabase, database: Place, statement: LiteralString, role: str
) -> None:
    (first,) = declare(database)
    begun = await db.adaptation.start_adaptation(first, "MANUAL", "RETRAINING")
    ended = await db.adaptation.start_adaptation(first, "MANUAL", "FINETUNING")
    ended = await db.adaptation.abandon_adaptation(ended.adaptation_id)
    dsn = database.dsn if role == "login" else database.admin_dsn
    with psycopg.connect(dsn) as connection:
        if role == "owner":
            connection.execute("SET ROLE cryptoscalp_owner")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
    assert refused.value.sqlstate == ("42501" if role == "login" else "CS001")
    assert await db.adaptation.adaptations() == [begun, ended]


async def test_a_deployed_version_that_has_become_worse_is_announced_once_an_hour(
    db: AsyncDatabase, database: Place
) -> None:
    worse, steady, idle = declare(database, versions=("1", "2", "3"))
    with as_owner(database) as owner:
        row = owner.execute("SELECT now()").fetchone()
        assert row is not None
        now = row[0]
        for number in (worse, steady):
            move(owner, number, "DEPLOYED", slot=str(number))
    before, lately = now - timedelta(hours=5), now - timedelta(minutes=30)
    for model_id, errors in ((worse, (1.0, 1.6)), (steady, (1.0, 1.4)), (idle, (1.0, 9.0))):
        predicted(database, model_id, [errors[0]] * 100, start=before)
        predicted(database, model_id, [errors[1]] * 100, start=lately)
    assert await db.adaptation.announce_performance(least=101) == []
    (event,) = await db.adaptation.announce_performance()
    assert (event.kind, event.model_id) == ("PERFORMANCE", worse)
    assert event.payload["mean_absolute_error"] == pytest.approx(1.6)
    assert event.payload["mean_absolute_error_before"] == pytest.approx(1.0)
    assert event.payload["factor"] == 1.5
    assert await db.adaptation.announce_performance() == []
    (other,) = await db.adaptation.announce_performance(1.3)
    assert other.model_id == steady
    with pytest.raises(IntegrityRefused, match="above zero"):
        await db.adaptation.announce_performance(math.nan)
