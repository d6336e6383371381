"""P&L of all predictions and of nobody adds up to the books', after any sequence of fills."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count, pairwise
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, IntegrityRefused
from tests.faces import at
from tests.postgres import Place
from tests.registry.attribution import Prediction, attributed
from tests.registry.resolving import SECOND, model
from tests.trading.books import INVERSE, LINEAR, SPOT, START, Traded, fill, opened

_NAMES = count()
#: Seconds of predictions; windows are those between the borders.
_BORDERS: Final = (0, 2, 3, 5)
_sizes = st.sampled_from(("1", "2", "3", "0.7", "5.00000001", "0.000000000000000013"))
#: Two models and five times; None names no prediction, a model without a time neither.
_decided = st.none() | st.tuples(st.sampled_from((0, 1)), st.none() | st.integers(0, 4))
_steps = st.lists(
    st.tuples(
        st.just("fill"), st.sampled_from(("BUY", "SELL")), _sizes,
        st.integers(90, 110), _decided, st.booleans(),
    )
    | st.tuples(st.just("reverse"), st.integers(0, 30)),
    min_size=4,
    max_size=16,
)  # fmt: skip


async def _book(
    db: AsyncDatabase, name: str, one: Traded, models: list[int], steps: list[Any]
) -> dict[int, Prediction]:
    """Do the steps; the predictions that orders name."""
    names: dict[int, Prediction] = {}
    booked: list[int] = []
    for number, step in enumerate(steps):
        when = START + timedelta(seconds=number)
        if step[0] == "reverse":
            if booked:
                which = booked.pop(step[1] % len(booked))
                await db.trading.reverse_trade(which, reason="typo", timestamp=when)
            continue
        _, side, size, price, decided, with_fee = step
        more: dict[str, Any] = {"fee": "0.013", "fee_currency": one.pnl_currency}
        if with_fee and one.settle is None:
            # Out of what is bought.
            more = {"fee": "0.11", "fee_currency": one.base}
        if decided is not None:
            whose, second = decided
            order = await db.trading.place_order(
                name, one.symbol, one.exchange, side, Decimal(size), client_order_id=str(number),
                model_id=models[whose],
                prediction_timestamp=None if second is None else at(second * SECOND),
            )  # fmt: skip
            more["client_order_id"] = str(number)
            if second is not None:
                names[order.order_id] = models[whose], at(second * SECOND)
        given_one = fill(number, side, size, str(price), of=one, after_s=number, **more)
        try:
            done = await db.trading.record_fill(name, given_one)
        except IntegrityRefused:
            continue
        booked.append(done.trade.trade_id)
    return names


async def _reconcile(db: AsyncDatabase, database: Place, one: Traded, steps: list[Any]) -> None:
    name = f"p{next(_NAMES)}"
    models = [model(database, f"{name}a"), model(database, f"{name}b")]
    # The base currency is that of the P&L, so that no rate is in the way.
    await db.trading.create_portfolio(name, one.pnl_currency)
    names = await _book(db, name, one, models, steps)
    trades = await db.trading.trades(name)
    told = attributed(trades, names)
    realized: Fraction = sum((made[0] for made in told[None].values()), Fraction(0))
    commission: Fraction = sum((made[1] for made in told[None].values()), Fraction(0))
    windows = [*pairwise(_BORDERS), (_BORDERS[0], _BORDERS[-1])]
    for number in models:
        for first, last in windows:
            found = await db.registry.performance(
                number, start=at(first * SECOND), end=at(last * SECOND)
            )
            touched: set[int] = set()
            expected = [Fraction(0), Fraction(0)]
            for owner, made in told.items():
                if owner and owner[0] == number and at(first * SECOND) <= owner[1] < at(
                    last * SECOND
                ):  # fmt: skip
                    touched.update(made)
                    expected[0] += sum((pnl for pnl, _ in made.values()), Fraction(0))
                    expected[1] += sum((fee for _, fee in made.values()), Fraction(0))
            if not touched:
                assert found.profits == ()
                continue
            (profit,) = found.profits
            assert profit.trades == len(touched)
            assert [Fraction(profit.realized), Fraction(profit.commission)] == expected
            assert profit.net == profit.realized - profit.commission
            if (first, last) == windows[-1]:
                realized += Fraction(profit.realized)
                commission += Fraction(profit.commission)
    assert realized == sum(Fraction(trade.pnl) for trade in trades)
    assert commission == sum(Fraction(trade.commission_value) for trade in trades)
    held = await db.trading.positions(name, "all")
    assert realized == sum(Fraction(position.realized_pnl) for position in held)


@pytest.mark.timeout(300)
def test_any_sequence_of_fills_reconciles(mode: str, database: Place) -> None:
    with opened(mode, database) as (runner, db):

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(one=st.sampled_from((LINEAR, SPOT, INVERSE)), steps=_steps)
        def reconciles(one: Traded, steps: list[Any]) -> None:
            runner.run(_reconcile(db, database, one, steps))

        reconciles()
