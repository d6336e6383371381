"""No look-ahead: what comes later, whatever it is, changes nothing that was resolved before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import Continuity, Database, connect
from cryptoscalp.infra.server import EmbeddedServer
from tests.faces import at, quote, table, trade
from tests.postgres import Place, new_database
from tests.registry.resolving import SECOND, Made, model, outcomes, predict

_COUNT = itertools.count()
#: Ticks as (µs since the one before, price in cents).
TICKS = st.lists(
    st.tuples(st.sampled_from((0, 1, 1_000, SECOND, 7 * SECOND)), st.integers(1, 50_000)),
    min_size=2,
    max_size=12,
)
DECISIONS = st.lists(
    st.tuples(st.integers(-SECOND, 40 * SECOND), st.sampled_from((1, 1_000, SECOND, 9 * SECOND))),
    min_size=1,
    max_size=8,
    unique=True,
)
RULES: tuple[dict[str, Any], ...] = (
    {"price": "LAST_TRADE", "kind": "PRICE"},
    {"price": "MID", "kind": "RETURN", "reach": timedelta(seconds=3)},
    {"price": "CANDLE_CLOSE", "kind": "RETURN", "interval": "1s"},
)
Ticks = list[tuple[int, int]]


@pytest.fixture(scope="module")
def market(server: EmbeddedServer, template: Place) -> Iterator[tuple[Place, Database]]:
    """One database; every example has instruments of its own in it."""
    with new_database(server, template.name) as made, connect(made.dsn) as db:
        yield made, db


def _times(ticks: Ticks) -> list[int]:
    return list(itertools.accumulate(step for step, _ in ticks))


def _store(db: Database, symbol: str, ticks: Ticks, *, first: int = 0, after: int = 0) -> None:
    """Store ticks as trades and as quotes, in one transaction each."""
    placed = [
        (after + moment, first + n, f"{cents / 100:.2f}")
        for n, (moment, (_, cents)) in enumerate(zip(_times(ticks), ticks, strict=True))
    ]
    db.capture.write_trades(
        table(trade(moment, n, symbol=symbol, price=price) for moment, n, price in placed),
        continuity=Continuity.CONSECUTIVE_IDS,
    )
    db.capture.write_quotes(
        table(
            quote(moment, n, symbol=symbol, bid_price=price, ask_price=price)
            for moment, n, price in placed
        ),
        continuity=Continuity.SESSION,
    )


@pytest.mark.long
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ticks=TICKS, later=TICKS, shifted=TICKS, shift=st.integers(1, 90 * SECOND), made=DECISIONS)
def test_later_ticks_change_nothing(
    market: tuple[Place, Database],
    ticks: Ticks,
    later: Ticks,
    shifted: Ticks,
    shift: int,
    made: list[tuple[int, int]],
) -> None:
    place, db = market
    example = next(_COUNT)
    end = _times(ticks)[-1]
    names = f"A{example}", f"B{example}"
    models = [
        model(place, f"{n} of {example}", patience=timedelta(days=100_000), **rule)
        for n, rule in enumerate(RULES)
    ]
    for number, symbol in itertools.product(models, names):
        predict(place, number, (Made(*one, symbol=symbol) for one in made))
    # One market is resolved before and after later ticks come, the other when other ones are there.
    _store(db, names[0], ticks)
    for number in models:
        db.registry.resolve_predictions(number)
    early = {number: _of(outcomes(place, number), names[0]) for number in models}
    _store(db, names[0], later, first=len(ticks), after=end + 1)
    _store(db, names[1], [*ticks, (shift, shifted[0][1]), *shifted[1:]])
    for number in models:
        db.registry.resolve_predictions(number)
        whole = outcomes(place, number)
        one, other = _of(whole, names[0]), _of(whole, names[1])
        for key, outcome in early[number].items():
            if outcome[0] != "PENDING":
                assert one[key] == outcome
            if key[0] + key[1] < at(end):
                assert _text(other[key], names[1]) == _text(one[key], names[0])
                assert one[key] == outcome
    found = db.registry.revise_predictions(
        at(-60 * SECOND), at(3_600 * SECOND), symbol=names[0], exchange="binance"
    )
    assert found.revised == 0


def _of(found: dict[Any, Any], symbol: str) -> dict[Any, Any]:
    return {key[2:]: outcome for key, outcome in found.items() if key[0] == symbol}


def _text(outcome: tuple[Any, ...], symbol: str) -> tuple[Any, ...]:
    """An outcome whose detail does not name the instrument."""
    return (*outcome[:3], outcome[3] and outcome[3].replace(symbol, "it"))
