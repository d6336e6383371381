"""Every outcome over recorded market data equals one reckoned from all ticks by brute force."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cryptoscalp import AsyncDatabase
from tests.capture.test_real_files import RECORDED
from tests.faces import NOON
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, fetched, model, outcomes, predict

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"no recorded market data at {RECORDED} (CRYPTOSCALP_SHARED)"
)
Int64s = npt.NDArray[np.int64]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON_US = (NOON - EPOCH) // timedelta(microseconds=1)
#: Two days of one instrument in a row, and one instrument with three weeks missing between.
FILES = (
    "spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz", "usdm/ethusdt_20240719.gz",
    "usdm/ethusdt_20240808.gz",
)  # fmt: skip
RULES: tuple[dict[str, Any], ...] = (
    {"price": "LAST_TRADE", "kind": "PRICE"},
    {"price": "LAST_TRADE", "kind": "RETURN", "reach": timedelta(milliseconds=40)},
    {"price": "MID", "kind": "RETURN"},
    {"price": "CANDLE_CLOSE", "kind": "PRICE", "interval": "1s"},
    {"price": "CANDLE_CLOSE", "kind": "RETURN", "interval": "1m", "reach": timedelta(seconds=5)},
)
_STEPS = {"1s": SECOND, "1m": 60 * SECOND}


class Stream:
    """All events of a stream, and the intervals in which none is missing."""

    def __init__(self, place: Place, symbol: str, exchange: str, *, trades: bool) -> None:
        value = "price, price" if trades else "bid_price, ask_price"
        table = "market_data" if trades else "order_book_l1"
        found = fetched(
            place,
            "SELECT (extract(epoch FROM timestamp) * 1000000)::bigint, sequence,"  # noqa: S608
            f" {value} FROM {table} WHERE symbol = %s AND exchange = %s",
            (symbol, exchange),
        )
        found.sort(key=lambda row: (row[0], row[1]))
        self.times = np.array([row[0] for row in found], dtype=np.int64)
        self.values = [(Fraction(row[2]) + Fraction(row[3])) / 2 for row in found]
        if trades:
            self.runs = _runs([(row[1], row[0]) for row in found])
        else:
            # Quotes have no consecutive ids: a recorder says from when to when it listened.
            self.runs = [
                tuple(row)
                for row in fetched(
                    place,
                    "SELECT (extract(epoch FROM start_time) * 1000000)::bigint,"
                    " (extract(epoch FROM end_time) * 1000000)::bigint FROM coverage"
                    " WHERE symbol = %s AND exchange = %s AND stream = 'ticker'",
                    (symbol, exchange),
                )
            ]

    def at(self, moment: int, step: int | None, reach: int) -> tuple[str, Fraction | None]:
        """The state and the price at a moment, in µs; `step` is that of a candle."""
        before = moment // step * step if step else moment + 1
        since = (before if step else moment) - reach
        (inside,) = np.nonzero((self.times < before) & (self.times >= since))
        last = int(inside[-1]) if len(inside) else None
        first = since if last is None else int(self.times[last])
        if any(start <= first and end >= before for start, end in self.runs):
            return ("KNOWN", self.values[last]) if last is not None else ("stale", None)
        later = any(end >= before for _, end in self.runs)
        return ("gap" if later else "no coverage"), None


def _runs(events: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(first, last) time of each run of consecutive ids."""
    made: list[list[int]] = []
    for sequence, moment in sorted(events):
        if made and sequence == made[-1][0] + 1:
            made[-1] = [sequence, min(made[-1][1], moment), max(made[-1][2], moment)]
        else:
            made.append([sequence, moment, moment])
    return [(low, high) for _, low, high in made]


def _expected(stream: Stream, rule: dict[str, Any], one: Made) -> tuple[str, Any, Any]:
    """(resolution or reason, actual, reference)."""
    step = _STEPS.get(rule.get("interval", ""))
    reach = rule.get("reach", timedelta(minutes=1)) // timedelta(microseconds=1)
    decided = stream.at(_NOON_US + one.after, step, reach)
    due = stream.at(_NOON_US + one.after + one.horizon, step, reach)
    if decided[1] is None or due[1] is None:
        states = {decided[0], due[0]}
        return next(one for one in ("stale", "gap", "no coverage") if one in states), None, None
    actual = due[1] if rule["kind"] == "PRICE" else due[1] / decided[1] - 1
    return "RESOLVED", float(actual), float(decided[1])


def _drawn(chance: random.Random, stream: Stream, symbol: str, exchange: str) -> list[Made]:
    """Decisions at, just before, between and beyond events; horizons from 1 ms to 2 min."""
    times, ends = stream.times, [moment for run in stream.runs for moment in run]
    chosen = {
        *(int(chance.choice(times)) + chance.choice((-1, 0, 1, 777)) for _ in range(60)),
        *(chance.randrange(int(times[0]), int(times[-1])) for _ in range(20)),
        *(end + chance.randrange(-20, 20) * SECOND for end in ends[:6] for _ in range(6)),
    }
    horizons = (1_000, 100_000, SECOND, 10 * SECOND, 120 * SECOND)
    return [
        Made(moment - _NOON_US, chance.choice(horizons), symbol=symbol, exchange=exchange)
        for moment in sorted(chosen)
    ]


@pytest.mark.long
async def test_outcomes_equal_the_oracle(db: AsyncDatabase, database: Place, mode: str) -> None:
    await db.capture.import_files([RECORDED / name for name in FILES])
    chance = random.Random(8 if mode == "sync" else 9)
    seen: set[tuple[str, str]] = set()
    for n, rule in enumerate(RULES):
        number = model(database, f"rule {n}", **rule)
        expected = {}
        for symbol, exchange in (("BTCUSDT", "binance"), ("ETHUSDT", "binanceusdm")):
            stream = Stream(database, symbol, exchange, trades=rule["price"] != "MID")
            made = _drawn(chance, stream, symbol, exchange)
            predict(database, number, made)
            for one in made:
                key = (symbol, exchange, NOON + timedelta(microseconds=one.after),
                       timedelta(microseconds=one.horizon))  # fmt: skip
                expected[key] = _expected(stream, rule, one)
        found = await db.registry.resolve_predictions(number, batch=50)
        states = [state for state, *_ in expected.values()]
        assert found.resolved == states.count("RESOLVED")
        assert found.unresolvable == {
            reason: states.count(reason) for reason in sorted({*states} - {"RESOLVED"})
        }
        for key, (resolution, actual, reference, detail) in outcomes(database, number).items():
            state = resolution if resolution == "RESOLVED" else _reason(detail)
            assert (state, actual, reference) == expected[key], (rule, key, detail)
            seen.add((rule["price"], state))
    # The draw reaches every kind of answer.
    assert {state for _, state in seen} == {"RESOLVED", "stale", "gap", "no coverage"}
    # What was resolved stays when it is looked at again.
    again = await db.registry.revise_predictions(
        NOON - timedelta(days=60), NOON + timedelta(days=2)
    )
    assert (again.revised, again.unknown) == (0, 0)
    assert again.examined > 500


def _reason(detail: str) -> str:
    return detail.split(":")[0].removeprefix("a ").split(" within")[0]
