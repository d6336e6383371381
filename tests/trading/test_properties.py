"""Any sequence of fills, transfers, funding and repetitions gives the books of the oracle."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cryptoscalp import AsyncDatabase, Fill, IntegrityRefused
from cryptoscalp.trading.types import PortfolioValue, Position, Trade
from tests.postgres import Place
from tests.trading.books import RATES, START, TRADED, Traded, fill, opened
from tests.trading.oracle import Ledger

_NAMES = count()
# Sizes and prices with as many decimals as venues write, and with as many as the books hold.
_DECIMALS = st.sampled_from((0, 2, 5, 8, 18))
_BY_NAME = {(one.symbol, one.exchange): one for one in TRADED}


@st.composite
def amounts(draw: st.DrawFn, most: int, least: Decimal = Decimal("1e-18")) -> Decimal:
    """A number from `least` to `most`, with some number of decimals."""
    decimals = draw(_DECIMALS)
    lowest = max(1, int(least.scaleb(decimals)))
    return Decimal(draw(st.integers(lowest, most * 10**decimals))).scaleb(-decimals)


class Books(RuleBasedStateMachine):
    """A portfolio of the database beside the oracle's."""

    def __init__(self, runner: asyncio.Runner, db: AsyncDatabase) -> None:
        super().__init__()
        self.runner = runner
        self.db = db
        self.numbers = count(1)
        self.booked: list[tuple[Fill, int]] = []
        self.reversed: set[int] = set()

    def call(self, name: str, *given: Any, **named: Any) -> Any:
        return self.runner.run(getattr(self.db.trading, name)(*given, **named))

    @initialize(hedging=st.booleans())
    def begin(self, hedging: bool) -> None:
        self.name = f"p{next(_NAMES)}"
        self.ledger = Ledger(hedging)
        mode = "HEDGING" if hedging else "NETTING"
        self.call("create_portfolio", self.name, "USDT", position_mode=mode)

    @rule(
        one=st.sampled_from(TRADED),
        side=st.sampled_from(("BUY", "SELL")),
        quantity=amounts(50),
        price=amounts(70_000, Decimal("1e-6")),
        fee=st.none() | amounts(1),
        rebate=st.booleans(),
        fee_in=st.sampled_from(("quote", "base", "third")),
        strategy=st.sampled_from((None, "scalp")),
        position_side=st.sampled_from(("LONG", "SHORT")),
    )
    def record(
        self,
        one: Traded,
        side: str,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal | None,
        rebate: bool,
        fee_in: str,
        strategy: str | None,
        position_side: str,
    ) -> None:
        number = next(self.numbers)
        currency = {"quote": one.pnl_currency, "base": one.base, "third": "BNB"}[fee_in]
        given = fill(
            number, side, quantity, price, of=one, after_s=number, strategy=strategy,
            fee=-fee if fee and rebate else fee or "0", fee_currency=currency if fee else None,
            position_side=position_side if self.ledger.hedging else None,
        )  # fmt: skip
        effective, worth = self.ledger.effective(one, given)
        notional = self.ledger.notional(one, Fraction(quantity), Fraction(price))
        if effective <= 0 or worth <= 0 or not notional or self.ledger.refuses(one, given):
            with pytest.raises(IntegrityRefused):
                self.call("record_fill", self.name, given)
            return
        done = self.call("record_fill", self.name, given)
        assert not done.duplicate
        self.ledger.apply(one, given)
        self.booked.append((given, done.trade.trade_id))
        self.agree()

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        given, trade_id = data.draw(st.sampled_from(self.booked))
        again = self.call("record_fill", self.name, given)
        assert (again.duplicate, again.trade.trade_id) == (True, trade_id)
        with pytest.raises(IntegrityRefused, match="another content: quantity"):
            self.call("record_fill", self.name, replace(given, quantity=given.quantity + 1))
        self.agree()

    @rule(currency=st.sampled_from(("USDT", "BTC", "BNB")), amount=amounts(1_000))
    def deposit(self, currency: str, amount: Decimal) -> None:
        reference = f"in {next(self.numbers)}"
        for _ in range(2):
            self.call(
                "deposit", self.name, currency, amount,
                reference=reference, timestamp=START, rates=RATES,
            )  # fmt: skip
        self.ledger.transfer(currency, amount)
        self.agree()

    @rule(amount=amounts(100))
    def withdraw(self, amount: Decimal) -> None:
        given = {"reference": f"out {next(self.numbers)}", "timestamp": START}
        if Fraction(amount) > self.ledger.cash["USDT"]:
            with pytest.raises(IntegrityRefused, match="not covered"):
                self.call("withdraw", self.name, "USDT", amount, **given)
            return
        self.call("withdraw", self.name, "USDT", amount, **given)
        self.ledger.transfer("USDT", -amount)
        self.agree()

    @precondition(lambda self: any(self.margined()))
    @rule(data=st.data(), amount=amounts(10), paid=st.booleans())
    def fund(self, data: st.DataObject, amount: Decimal, paid: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.margined(), key=str)))
        symbol, exchange, strategy, sided = key
        number = next(self.numbers)
        signed = -amount if paid else amount
        for _ in range(2):
            self.call(
                "record_funding", self.name, symbol, exchange, START + timedelta(seconds=number),
                amount=signed, strategy=strategy, position_side=sided, rates=RATES,
            )  # fmt: skip
        self.ledger.fund(_BY_NAME[symbol, exchange], self.ledger.open[key], signed)
        self.agree()

    @precondition(lambda self: self.ledger.open)
    @rule(data=st.data(), price=amounts(70_000))
    def mark(self, data: st.DataObject, price: Decimal) -> None:
        held: Position = data.draw(st.sampled_from(self.call("positions", self.name)))
        self.call("mark_position", held.position_id, price)
        marked: Position = self.call("position", held.position_id)
        one, cycle = self.meant(held)
        assert Fraction(marked.unrealized_pnl) == self.ledger.unrealized(one, cycle, price)

    def margined(self) -> list[tuple[str, str, str | None, str | None]]:
        return [key for key in self.ledger.open if _BY_NAME[key[0], key[1]].settle is not None]

    def meant(self, held: Position) -> tuple[Traded, Any]:
        strategy = "scalp" if held.strategy_id else None
        sided = held.side if self.ledger.hedging else None
        return (
            _BY_NAME[held.symbol, held.exchange],
            self.ledger.open[held.symbol, held.exchange, strategy, sided],
        )

    def agree(self) -> None:
        """Balances and open positions are the oracle's, to the last digit."""
        balances = self.call("balances", self.name)
        assert {code: Fraction(held) for code, held in balances.items() if held} == {
            code: held for code, held in self.ledger.cash.items() if held
        }
        found: list[Position] = self.call("positions", self.name)
        assert len(found) == len(self.ledger.open)
        for held in found:
            _, cycle = self.meant(held)
            assert held.side == cycle.side
            assert Fraction(held.open_quantity) == cycle.quantity
            assert Fraction(held.cost_basis) == cycle.cost
            assert Fraction(held.realized_pnl) == cycle.realized
            assert Fraction(held.closed_quantity) == cycle.closed
            assert Fraction(held.funding) == cycle.funding
            assert held.status == ("PARTIAL" if cycle.closed else "OPEN")

    def teardown(self) -> None:
        if not hasattr(self, "name"):
            return
        assert self.call("check_books", self.name) == []
        over: list[Position] = self.call("positions", self.name, "closed")
        assert sorted(Fraction(one.realized_pnl) for one in over) == sorted(
            one.realized for one in self.ledger.over
        )
        self.conserved()

    def conserved(self) -> None:
        """Equity of each currency is what was made in it: P&L, fees, funding, cash that came in."""
        found: PortfolioValue = self.call("value", self.name, rates=RATES)
        equity: dict[str, Fraction] = defaultdict(Fraction)
        open_pnl: dict[str, Fraction] = defaultdict(Fraction)
        for one in found.cash:
            equity[one.currency] += Fraction(one.free)
        for held in self.call("positions", self.name):
            open_pnl[held.pnl_currency] += Fraction(held.unrealized_pnl)
            equity[held.pnl_currency] += Fraction(held.unrealized_pnl)
            if not held.margined:
                sign = 1 if held.side == "LONG" else -1
                equity[held.pnl_currency] += sign * Fraction(held.cost_basis)
        for code in equity.keys() | self.ledger.made.keys():
            assert equity[code] == self.ledger.made[code] + open_pnl[code], code
        trades: list[Trade] = self.call("trades", self.name)
        assert len(trades) == len(self.booked)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_any_sequence_gives_the_books_of_the_oracle(mode: str, database: Place) -> None:
    with opened(mode, database) as (runner, db):
        run_state_machine_as_test(
            lambda: Books(runner, db),  # type: ignore[arg-type]  # a factory will do
            settings=settings(
                max_examples=30,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
