"""The way of a model through registry and adaptation, on whatever server or layout it is given."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from cryptoscalp import AsyncDatabase, Continuity, IntegrityRefused
from tests.adaptation import regime_candles as told
from tests.faces import NOON, at, trade
from tests.faces import table as ticks
from tests.registry.predicting import prediction, table, vector

SECOND: Final = 1_000_000
PREDICTED: Final = 600
END: Final = NOON + timedelta(hours=1)
HORIZON: Final = timedelta(seconds=10)


def price(second: int) -> float:
    """What the trade of a second after noon costs: a cent more each."""
    return (10_000 + second) / 100


def error(second: int, *, worse: bool) -> float:
    """How far a version is off; from the middle on one of them is much worse."""
    return 0.1 + (0.5 if worse and second >= PREDICTED // 2 else 0.0) + second % 3 / 100


async def walk(db: AsyncDatabase, symbol: str) -> None:
    """Every step, on an instrument and models of its own."""
    name = f"of {symbol}"
    await db.market.add_instrument(symbol, "binance", base=symbol[:3], quote="USDT")
    first, second, fingerprint = await versions(db, name)
    await stored_ticks(db, symbol)
    await vectors(db, symbol, fingerprint)
    await predictions(db, symbol, first, second, fingerprint)
    await outcomes(db, symbol, name, first, second)
    await adapted(db, symbol, name, first, second)
    await revised(db, symbol, first)
    await regimes(db, f"{symbol[:3]}EUR")


async def versions(db: AsyncDatabase, name: str) -> tuple[int, int, bytes]:
    """Two versions: one live, what had replaced it for a while in the shadow slot's place."""
    features = await db.registry.register_feature_set(name, ["a", "b?"])
    await db.registry.declare_model(name, target_price="LAST_TRADE", metrics={"mae": "number"})
    numbers = []
    for _ in range(3):
        made = await db.registry.register_version(
            name, metrics={"mae": 1.5}, feature_set=features.feature_set_id
        )
        numbers.append(made.version.model_id)
        await db.registry.promote(numbers[-1])
    first, second, third = numbers
    for one in (first, third):
        await db.registry.promote(one, slot="live")
    assert (await db.registry.version(first)).status == "RETIRED"
    assert (await db.registry.rollback(name, "live", expected=third)).model_id == first
    with pytest.raises(IntegrityRefused):
        await db.registry.rollback(name, "live")
    await db.registry.promote(second, slot="shadow")
    await db.registry.set_alias("champion", first)
    assert (await db.registry.deployed(name, "live")).aliases == ("champion",)
    found = await db.registry.search(name, metrics_where=[("mae", "<", 2)])
    assert [(one.model_id, one.status) for one in found] == [
        (third, "RETIRED"), (second, "DEPLOYED"), (first, "DEPLOYED"),
    ]  # fmt: skip
    return first, second, features.fingerprint


async def stored_ticks(db: AsyncDatabase, symbol: str) -> None:
    """A trade a second, a little longer than the last prediction looks."""
    rows = [
        trade(n * SECOND, n + 1, symbol=symbol, price=f"{price(n):.2f}")
        for n in range(PREDICTED + 30)
    ]
    done = await db.capture.write_trades(ticks(rows), continuity=Continuity.CONSECUTIVE_IDS)
    assert done.total.stored == len(rows)


async def vectors(db: AsyncDatabase, symbol: str, fingerprint: bytes) -> None:
    """Vectors are stored once, and joined with the decision that they were known to."""
    given = table([vector(n, symbol=symbol, a=float(n)) for n in range(PREDICTED)])
    for new in (PREDICTED, 0):
        done = await db.registry.record_features(fingerprint, given)
        assert (done.stored, done.duplicate) == (new, PREDICTED - new)
    moments = [at(SECOND // 2), at(100 * SECOND)]
    decisions = ticks([trade(0, 1, symbol=symbol, timestamp=one) for one in moments])
    joined = await db.registry.training_set(
        fingerprint, decisions.select(["timestamp", "symbol", "exchange"]), reach=HORIZON
    )
    assert joined["a"].to_pylist() == [0.0, 100.0]


def predicted(second: int, symbol: str, model_id: int, *, worse: bool) -> dict[str, Any]:
    """What a version says half a second after a trade about ten seconds later."""
    return prediction(
        model_id, second + 0.5, symbol=symbol, horizon=HORIZON,
        prediction=price(second + 10) + error(second, worse=worse),
    )  # fmt: skip


async def predictions(
    db: AsyncDatabase, symbol: str, first: int, second: int, fingerprint: bytes
) -> None:
    """In batches and one by one; the same again is a duplicate, another content is refused."""
    for model_id in (first, second):
        given = [predicted(n, symbol, model_id, worse=model_id == first) for n in range(PREDICTED)]
        for new in (PREDICTED - 1, 0):
            done = await db.registry.record_predictions(table(given[:-1]), backfill=True)
            assert (done.stored, done.duplicate) == (new, PREDICTED - 1 - new)
        last = {
            **given[-1], "features": fingerprint, "backfill": True,
            "features_at": at((PREDICTED - 1) * SECOND),
        }  # fmt: skip
        for duplicate in (False, True):
            one = await db.registry.record_prediction(**last)
            assert one.is_duplicate is duplicate
        with pytest.raises(IntegrityRefused):
            await db.registry.record_prediction(**{**last, "prediction": 1.0})
        with pytest.raises(IntegrityRefused):
            await db.registry.record_predictions(
                table([{**given[0], "inputs_until": at(10 * SECOND)}]), backfill=True
            )
    now = datetime.now(UTC)
    live = prediction(second, symbol=symbol, timestamp=now, horizon=timedelta(hours=1))
    assert not (await db.registry.record_prediction(**live)).backfilled


async def outcomes(db: AsyncDatabase, symbol: str, name: str, first: int, second: int) -> None:
    """Each outcome is the trade at its moment; the summary comes from them."""
    done = await db.registry.resolve_predictions(first)
    assert (done.resolved, done.unresolvable, done.waiting) == (PREDICTED, {}, 0)
    assert (await db.registry.resolve_predictions(second)).resolved == PREDICTED
    assert (await db.registry.resolve_predictions(first)).resolved == 0
    rows = await db.registry.predictions(NOON, END, first, symbol, "binance", resolved=True)
    assert rows["actual"].to_pylist() == [price(n + 10) for n in range(PREDICTED)]
    assert rows["reference"].to_pylist() == [price(n) for n in range(PREDICTED)]
    for model_id in (first, second):
        found = await db.registry.performance(model_id, start=NOON, end=END)
        errors = [error(n, worse=model_id == first) for n in range(PREDICTED)]
        assert (found.predictions, found.resolved, found.pending) == (PREDICTED, PREDICTED, 0)
        assert found.mean_absolute_error == pytest.approx(sum(errors) / PREDICTED)
        assert found.bias == pytest.approx(sum(errors) / PREDICTED)
        assert found.directional_accuracy == 1.0
    windows = await db.registry.performance_windows(f"{name}:2")
    assert {name: one.pending for name, one in windows.items()} == dict.fromkeys(
        ("1h", "24h", "7d", "30d"), 1
    )
    (row,) = [one for one in await db.registry.performance_summary() if one.symbol == symbol]
    assert (row.model_version, row.avg_error, row.avg_latency) == ("2", None, 1.5)


async def adapted(db: AsyncDatabase, symbol: str, name: str, first: int, second: int) -> None:
    """The drift of the worse version is an event for a trainer, answered by the better one."""
    for model_id in (first, second):
        await db.adaptation.watch_drift(model_id, symbol, "binance", "ERROR", "ADWIN")
    trainer = f"trainer of {symbol}"
    assert await db.adaptation.pending_events(trainer) == []
    taken = 0
    async with asyncio.timeout(60):
        # What has become known within the last second may not be complete yet: it waits.
        while taken < 2 * PREDICTED:
            done = await db.adaptation.check_drift()
            assert done.failed == ()
            taken += done.observations
            await asyncio.sleep(0.1)
    assert taken == 2 * PREDICTED
    assert (await db.adaptation.check_drift()).observations == 0
    (drift,) = await db.adaptation.drift_events(symbol=symbol)
    assert drift.model_id == first
    assert PREDICTED // 2 < drift.observation < PREDICTED
    seen = {one.detector.model_id: one for one in await db.adaptation.drift_status()}
    assert seen.keys() >= {first, second}
    (event,) = await db.adaptation.pending_events(trainer)
    assert (event.kind, event.drift_event_id) == ("DRIFT", drift.drift_event_id)
    begun, again = [
        await db.adaptation.start_adaptation(
            f"{name}@champion", "DRIFT", "RETRAINING", event_id=event.event_id
        )
        for _ in range(2)
    ]
    assert again == begun
    ended = await db.adaptation.finish_adaptation(begun.adaptation_id, second, NOON, END)
    assert ended.performance_before is not None
    assert (ended.performance_before["count"], ended.success) == (PREDICTED, True)
    await db.adaptation.acknowledge(trainer, event.event_id)
    said = await db.adaptation.announce("MANUAL", first, symbol, payload={"n": 1})
    assert await db.adaptation.pending_events(trainer) == [said]


async def revised(db: AsyncDatabase, symbol: str, first: int) -> None:
    """A late trade is a revision of the outcome that it would have been, which stays."""
    late = trade(10 * SECOND + 1, PREDICTED + 31, symbol=symbol, price="200")
    await db.capture.write_trades(ticks([late]), continuity=Continuity.UNKNOWN)
    found = await db.registry.revise_predictions(NOON, END, model=first)
    # Due then, and decided then.
    assert (found.examined, found.revised) == (PREDICTED, 2)
    rows = await db.registry.predictions(NOON, at(SECOND), first)
    assert rows["actual"].to_pylist() == [price(10)]
    known = await db.registry.performance(first, start=NOON, end=END, revised=True)
    assert known.revised == 2


async def regimes(db: AsyncDatabase, symbol: str) -> None:
    """Regimes of stored candles are those of the rule, and each change is an event."""
    await db.market.add_instrument(symbol, "binance", base=symbol[:3], quote="EUR")
    await db.adaptation.watch_regimes(symbol, "binance", "1m", told.QUICK, announce_from=NOON)
    records = [{**one, "symbol": symbol} for one in told.bars(told.closes())]
    for part in (records[:200], records[200:]):
        await told.put(db, part)
        await db.adaptation.update_regimes()
    expected = told.replayed(told.QUICK, ((one, None) for one in told.seen(records)))
    found = await db.adaptation.regimes(symbol, "binance", "1m")
    assert [(one.since, one.label, one.confidence, one.duration_minutes) for one in found] == (
        expected
    )
    for one in (found[0], found[-1]):
        then = await db.adaptation.regime_at(symbol, "binance", "1m", at=one.since)
        assert then is not None
        assert (then.label, then.duration_minutes) == (one.label, 0)
    end = found[-1].since + timedelta(minutes=found[-1].duration_minutes)
    assert await db.adaptation.regime_at(symbol, "binance", "1m", at=end) == found[-1]
    (state,) = await db.adaptation.regime_states(symbol, at=end)
    assert state.regime == found[-1]
    changes = await db.adaptation.adaptation_events(kinds=["REGIME_CHANGE"])
    labels = [one.payload["to"] for one in changes if one.symbol == symbol]
    assert labels == [label for _, label, _, _ in expected[1:]]
