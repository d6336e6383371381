"""Metrics against NumPy; what cannot be told is None and says why."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, Database, InputError, connect
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.registry.performance_types import Performance
from tests.faces import NOON, at
from tests.postgres import Place, new_database
from tests.registry.resolving import SECOND, Made, fetched, model, predict

_COUNT = itertools.count()
_PRICE = st.floats(0.5, 2.0) | st.sampled_from((1.0, 1.25))
_RETURN = st.floats(-0.5, 0.5) | st.sampled_from((0.0, 0.125))
_CONFIDENCE = st.floats(0, 1) | st.sampled_from([n / 10 for n in range(11)])


@st.composite
def predictions(draw: st.DrawFn) -> tuple[str, list[Made]]:
    """A kind, and predictions of it in all states."""
    kind = draw(st.sampled_from(("PRICE", "RETURN")))
    value = _PRICE if kind == "PRICE" else _RETURN
    made = []
    for n in range(draw(st.integers(0, 40))):
        state = draw(st.sampled_from(("RESOLVED", "RESOLVED", "RESOLVED", "PENDING", "LOST")))
        made.append(
            Made(
                n * SECOND,
                prediction=draw(value),
                confidence=draw(_CONFIDENCE),
                latency_ms=draw(st.floats(0, 1_000)),
                backfilled=draw(st.booleans()),
                actual=draw(value) if state == "RESOLVED" else None,
                reference=draw(_PRICE) if state == "RESOLVED" else None,
                detail="a gap: of a test" if state == "LOST" else None,
            )
        )
    return kind, made


@pytest.fixture(scope="module")
def registry(server: EmbeddedServer, template: Place) -> Iterator[tuple[Place, Database]]:
    with new_database(server, template.name) as made, connect(made.dsn) as db:
        yield made, db


@pytest.mark.long
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=predictions())
def test_metrics_equal_numpy(
    registry: tuple[Place, Database], drawn: tuple[str, list[Made]]
) -> None:
    place, db = registry
    kind, made = drawn
    number = model(place, f"m{next(_COUNT)}", kind=kind)
    predict(place, number, made)
    found = db.registry.performance(number, start=at(0), end=at(3_600 * SECOND))
    _equal(found, _oracle(kind, made))


def _oracle(kind: str, made: list[Made]) -> dict[str, Any]:
    """The numbers, reckoned with NumPy."""
    done = [one for one in made if one.resolution == "RESOLVED"]
    names = ("prediction", "actual", "reference", "confidence")
    predicted, actual, reference, confidence = (
        np.array([getattr(one, name) for one in done], dtype=np.float64) for name in names
    )
    error = predicted - actual
    latency = np.array([one.latency_ms for one in made])
    if kind == "PRICE":
        predicted, actual = predicted - reference, actual - reference
    moved = actual != 0
    right = (np.sign(predicted) == np.sign(actual))[moved]
    sure = confidence[moved]
    bins = np.minimum(np.floor(sure * 10), 9).astype(int)
    reliability = {
        b: (int((bins == b).sum()), float(sure[bins == b].mean()), float(right[bins == b].mean()))
        for b in sorted(set(bins.tolist()))
    }

    def whole(value: Any, of: Any) -> float | None:
        return float(value(of)) if len(of) else None

    return {
        "predictions": len(made),
        "resolved": len(done),
        "pending": sum(one.resolution == "PENDING" for one in made),
        "unresolvable": sum(one.resolution == "UNRESOLVABLE" for one in made),
        "backfilled": sum(one.backfilled for one in made),
        "revised": 0,
        "mean_absolute_error": whole(lambda of: np.abs(of).mean(), error),
        "root_mean_squared_error": whole(lambda of: np.sqrt((of**2).mean()), error),
        "bias": whole(np.mean, error),
        "directional": int(moved.sum()),
        "unmoved": int((~moved).sum()),
        "directional_accuracy": whole(np.mean, right),
        "brier_score": whole(np.mean, (sure - right) ** 2),
        "expected_calibration_error": whole(
            lambda _: sum(n * abs(c - r) for n, c, r in reliability.values()) / moved.sum(), sure
        ),
        **{
            f"latency_p{p}_ms": whole(lambda of, p=p: np.percentile(of, p), latency)
            for p in (50, 95, 99)
        },
        "latency_max_ms": whole(np.max, latency),
        "reliability": reliability,
    }


def _equal(found: Performance, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name == "reliability":
            for place, one in enumerate(found.reliability):
                assert (one.low, one.high) == (place / 10, (place + 1) / 10)
                got = (one.predictions, one.mean_confidence, one.share_right)
                if place in value:
                    assert got == pytest.approx(value[place], rel=1e-9, abs=1e-12)
                else:
                    assert got == (0, None, None)
        else:
            got = getattr(found, name)
            assert got == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), (
                name
            )
            assert (name in found.undefined) == (value is None), name


async def test_what_is_not_there_is_none_and_says_why(db: AsyncDatabase, database: Place) -> None:
    number = model(database)
    empty = await db.registry.performance(number, as_of=NOON)
    assert empty.predictions == 0
    assert empty.latency_max_ms is None
    assert empty.undefined["latency_max_ms"] == "no prediction was made in the window"
    assert empty.profits == ()
    assert empty.undefined["profits"] == "no fill of an order names a prediction of the window"
    predict(database, number, [Made(-SECOND)])
    pending = await db.registry.performance(number, as_of=NOON)
    assert pending.undefined["bias"] == "no prediction of the window is resolved"
    assert pending.latency_p50_ms == 1.5
    still = model(database, "still")
    predict(database, still, [Made(-SECOND, actual=100.0, reference=100.0)])
    unmoved = await db.registry.performance(still, as_of=NOON)
    assert (unmoved.mean_absolute_error, unmoved.unmoved) == (1.0, 1)
    assert set(unmoved.undefined) == {
        "directional_accuracy", "brier_score", "expected_calibration_error", "profits",
    }  # fmt: skip
    assert all(one.predictions == 0 for one in unmoved.reliability)


async def test_a_predicted_zero_is_wrong(db: AsyncDatabase, database: Place) -> None:
    number = model(database, kind="RETURN")
    predict(
        database,
        number,
        [Made(-2, prediction=0.0, actual=0.1, reference=1.0, confidence=1.0),
         Made(-1, prediction=0.2, actual=0.1, reference=1.0, confidence=1.0)],
    )  # fmt: skip
    found = await db.registry.performance(number, as_of=NOON)
    assert (found.directional_accuracy, found.brier_score) == (0.5, 0.5)


async def test_windows_end_before_their_moment(db: AsyncDatabase, database: Place) -> None:
    number = model(database, "windows")
    hours = (0, -0.5, -1, -2, -24, -25, -24 * 7, -24 * 20, -24 * 30, -24 * 31)
    predict(database, number, (Made(int(one * 3_600 * SECOND)) for one in hours))
    found = await db.registry.performance_windows("windows", as_of=NOON)
    assert {name: one.predictions for name, one in found.items()} == {
        "1h": 2, "24h": 4, "7d": 6, "30d": 8,
    }  # fmt: skip
    assert found["1h"].start == NOON - timedelta(hours=1)
    (one,) = await db.registry.performance_of_all("24h", as_of=NOON)
    assert one == found["24h"]
    assert await db.registry.performance_of_all("24h", as_of=NOON - timedelta(days=60)) == []
    with pytest.raises(InputError, match="window"):
        await db.registry.performance(number, "2h")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="together"):
        await db.registry.performance(number, start=NOON)


async def test_by_instrument(db: AsyncDatabase, database: Place) -> None:
    number = model(database)
    for symbol, exchange in (("BTCUSDT", "binance"), ("BTCUSDT", "okx"), ("ETHUSDT", "binance")):
        await db.market.add_instrument(symbol, exchange, base=symbol[:3], quote="USDT")
        predict(database, number, [Made(-SECOND, symbol=symbol, exchange=exchange)])
    found = await db.registry.performance(number, as_of=NOON, symbol="BTC/USDT", exchange="okx")
    assert (found.predictions, found.symbol, found.exchange) == (1, "BTCUSDT", "okx")
    assert (await db.registry.performance(number, as_of=NOON)).predictions == 3


async def test_the_view_is_the_specifications(db: AsyncDatabase, database: Place) -> None:
    now = (datetime.now(UTC) - NOON) // timedelta(microseconds=1)
    one, other = model(database, "a"), model(database, "b")
    for number, error in ((one, 2.0), (other, 5.0)):
        predict(
            database,
            number,
            [
                Made(now - SECOND, actual=101.0 + error, reference=100.0, latency_ms=1.0),
                Made(now - 2 * SECOND, latency_ms=3.0),
                Made(now - 25 * 3_600 * SECOND, actual=7.0, reference=7.0),
            ],
        )
    # As the specification writes it, but for models whose versions share a label.
    assert fetched(
        database,
        "SELECT model_version, symbol, avg_error, avg_latency, prediction_count"
        " FROM model_performance_summary ORDER BY avg_error",
    ) == [("1", "BTCUSDT", 2.0, 2.0, 2), ("1", "BTCUSDT", 5.0, 2.0, 2)]
    found = await db.registry.performance_summary()
    assert [(row.model_name, row.model_id, row.exchange, row.avg_error) for row in found] == [
        ("a", one, "binance", 2.0),
        ("b", other, "binance", 5.0),
    ]
