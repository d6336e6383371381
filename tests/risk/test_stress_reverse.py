"""Reverse stress: the move that loses an amount, found and checked exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp import InputError, NotFound
from cryptoscalp.risk.stress.reversing import reversed_stress
from tests.risk.stress_rooms import (
    BYBIT,
    ETH_SPOT,
    INVERSE,
    LINEAR,
    SPOT,
    Open,
    book,
    run,
)

LONG = Open(SPOT, "LONG", "1", "50000", "50000")


@given(st.integers(1, 9_890), st.sampled_from(["down", "up"]))
def test_it_finds_the_move_that_a_scenario_made(hundredths: int, side: str) -> None:
    pct = Decimal(hundredths) / 100 if side == "up" else -Decimal(hundredths) / 100
    held = "SHORT" if side == "up" else "LONG"
    made = book(
        Open(LINEAR, held, "800", "51000", "50000"),  # type: ignore[arg-type]
        Open(ETH_SPOT, held, "3", "2400", "2500"),  # type: ignore[arg-type]
        Open(INVERSE, held, "40", "49000", "50000"),  # type: ignore[arg-type]
        cash={"USDT": "90000"},
    )
    lost = run(made, f"prices: [{{all: {pct}}}]").loss
    found = {one.direction: one for one in reversed_stress(made, lost)}
    assert found[side].move_pct == pytest.approx(float(pct), rel=1e-11)
    exact = found[side].loss
    assert exact is not None
    assert abs(exact - lost) <= lost * Decimal("1e-12")
    other = found["up" if side == "down" else "down"]
    assert (other.move_pct, other.loss) == (None, None)
    assert other.reason


def test_both_directions_of_a_book_that_loses_either_way() -> None:
    """Short of an inverse contract's own price beside coins: neither way is safe."""
    made = book(LONG, Open(BYBIT, "SHORT", "3", "50000", "50000"), cash={"USDT": "1000"})
    down, up = reversed_stress(made, Decimal(10_000))
    assert down.move_pct is None
    assert up.move_pct == pytest.approx(10)


def test_percentage_betas_and_one_symbol() -> None:
    made = book(LONG, Open(ETH_SPOT, "LONG", "20", "2500", "2500"), cash={"USDT": "0"})
    half = reversed_stress(made, percentage=Decimal(50))
    assert half[0].move_pct == pytest.approx(-50)
    assert half[0].target == 50_000
    steep = reversed_stress(made, Decimal(30_000), betas={"ETH": Decimal("1.4")})
    assert steep[0].move_pct == pytest.approx(-25)
    # ETH would be gone before: no price falls below zero.
    assert reversed_stress(made, Decimal(99_000), betas={"ETH": Decimal(2)})[0].move_pct is None
    own = reversed_stress(made, Decimal(5_000), symbol="BTC/USDT", exchange="binance")
    assert own[0].move_pct == pytest.approx(-10)
    assert own[0].loss == 5_000


def test_what_cannot_be_asked() -> None:
    made = book(LONG, cash={"USDT": "-60000"})
    with pytest.raises(InputError, match="equity is not above zero"):
        reversed_stress(made, percentage=Decimal(1))
    with pytest.raises(InputError, match="loss -1 must be above zero"):
        reversed_stress(made, Decimal(-1))
    with pytest.raises(InputError, match="loss NaN is no number"):
        reversed_stress(made, Decimal("nan"))
    with pytest.raises(InputError, match="betas of DOGE"):
        reversed_stress(made, Decimal(1), betas={"DOGE": Decimal(1)})
    with pytest.raises(InputError, match="betas are numbers"):
        reversed_stress(made, Decimal(1), betas={"BTC": Decimal("nan")})
    with pytest.raises(InputError, match="either symbol or betas"):
        reversed_stress(made, Decimal(1), symbol="BTCUSDT", betas={"BTC": Decimal(1)})
    with pytest.raises(InputError, match="exchange belongs to a symbol"):
        reversed_stress(made, Decimal(1), exchange="binance")
    with pytest.raises(NotFound, match="holds nothing of ETHUSDT"):
        reversed_stress(made, Decimal(1), symbol="ETHUSDT")
