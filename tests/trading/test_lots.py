"""FIFO lots beside average cost, fills in any split, and trades that are taken back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from itertools import count
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, Fill, InputError, IntegrityRefused, NotFound
from tests.postgres import Place
from tests.trading.books import INVERSE, LINEAR, SPOT, TRADED, Traded, fill, opened

#: Fills: side, quantity, price, and into how many parts each is split.
History: TypeAlias = list[tuple[str, Decimal, Decimal, int]]

_NAMES = count()
_QUIET = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Traded, History]:
    """An instrument, and its fills: side, quantity, price, and into how many parts it is split."""
    of = draw(st.sampled_from(TRADED))
    one = st.tuples(
        st.sampled_from(("BUY", "SELL")),
        st.integers(4, 4_000_000).map(lambda n: Decimal(n).scaleb(-5)),
        st.integers(100, 7_000_000).map(lambda n: Decimal(n).scaleb(-2)),
        st.integers(1, 4),
    )
    return of, draw(st.lists(one, min_size=1, max_size=12))


def fills_of(of: Traded, history: History, *, split: bool) -> list[Fill]:
    """The fills, each in its parts where they are to be split."""
    found = []
    for n, (side, quantity, price, parts) in enumerate(history):
        left = quantity
        for part in range(parts if split else 1):
            last = part == parts - 1 or not split
            size = left if last else (quantity / parts).quantize(Decimal("1e-5"))
            left -= size
            if size:
                found.append(fill(f"{n}.{part}", side, size, price, of=of, after_s=n))
    return found


async def booked(db: AsyncDatabase, fills: list[Fill]) -> str:
    """Book fills in a portfolio of their own and return its name."""
    name = f"p{next(_NAMES)}"
    await db.trading.create_portfolio(name, "USDT")
    await db.trading.record_fills(name, fills)
    return name


def drawn(
    mode: str,
    place: Place,
    compare: Callable[[AsyncDatabase, Traded, History], Coroutine[Any, Any, None]],
) -> None:
    """Compare over drawn histories, each in a portfolio of its own, through one face."""
    with opened(mode, place) as (runner, db):

        @_QUIET
        @given(histories())
        def check(made: tuple[Traded, History]) -> None:
            runner.run(compare(db, *made))

        check()


def test_any_split_of_the_fills_gives_the_same_books(mode: str, database: Place) -> None:
    async def compare(db: AsyncDatabase, of: Traded, history: History) -> None:
        whole = await booked(db, fills_of(of, history, split=False))
        parts = await booked(db, fills_of(of, history, split=True))
        # Each part rounds once more than the whole: quantities are equal, amounts nearly.
        near = Decimal("1e-18") * 8 * len(history)
        one, other = [await db.trading.balances(name) for name in (whole, parts)]
        assert one.keys() == other.keys()
        assert all(abs(one[code] - other[code]) <= near for code in one)
        (mine, its) = [await db.trading.positions(name, "all") for name in (whole, parts)]
        assert [(a.side, a.quantity, a.closed_quantity, a.status) for a in mine] == [
            (b.side, b.quantity, b.closed_quantity, b.status) for b in its
        ]
        for a, b in zip(mine, its, strict=True):
            assert abs(a.cost_basis - b.cost_basis) <= near
            assert abs(a.realized_pnl - b.realized_pnl) <= near
        assert await db.trading.check_books(parts) == []

    drawn(mode, database, compare)


def test_fifo_adds_up_to_the_books_over_every_position(mode: str, database: Place) -> None:
    async def compare(db: AsyncDatabase, of: Traded, history: History) -> None:
        name = await booked(db, fills_of(of, history, split=True))
        for held in await db.trading.positions(name, "all"):
            lots = await db.trading.lots(name, held.position_id)
            assert sum((lot.quantity for lot in lots.open), Decimal(0)) == held.open_quantity
            closed = sum((match.quantity for match in lots.matches), Decimal(0))
            assert closed == held.closed_quantity
            assert all(lot.quantity > 0 for lot in lots.open)
            made = sum((match.pnl for match in lots.matches), Decimal(0))
            left = sum((lot.cost for lot in lots.open), Decimal(0))
            # What is left and what was made differ by the method; together they do not.
            gains = (held.side == "LONG") != held.inverse
            assert made + (-left if gains else left) == held.realized_pnl + (
                -held.cost_basis if gains else held.cost_basis
            )
            if held.status == "CLOSED":
                assert (made, lots.open) == (held.realized_pnl, ())

    drawn(mode, database, compare)


async def test_lots_leave_first_in_first_out(books: AsyncDatabase) -> None:
    await books.trading.record_fills(
        "main",
        [
            fill(1, "BUY", "1", "100"),
            fill(2, "BUY", "2", "110", after_s=1),
            fill(3, "SELL", "2", "120", after_s=2),
        ],
    )
    (held,) = await books.trading.positions("main")
    lots = await books.trading.lots("main", held.position_id)
    assert [(one.quantity, one.pnl) for one in lots.matches] == [
        (Decimal(1), Decimal(20)),
        (Decimal(1), Decimal(10)),
    ]
    assert [(one.quantity, one.cost) for one in lots.open] == [(Decimal(1), Decimal(110))]
    # Average cost makes less of the same fills, and leaves less in the position.
    assert held.realized_pnl - held.cost_basis == 30 - 110
    with pytest.raises(InputError, match="has no position 999"):
        await books.trading.lots("main", 999)


@pytest.mark.parametrize("of", [SPOT, LINEAR, INVERSE], ids=lambda one: one.exchange)
@pytest.mark.parametrize(("fee", "fee_in"), [("0.001", "BTC"), ("0.1", "USDT"), ("0.02", "BNB")])
async def test_a_reversed_trade_leaves_cash_and_quantity_as_without_it(
    books: AsyncDatabase, of: Traded, fee: str, fee_in: str
) -> None:
    await books.trading.record_fill("main", fill(1, "BUY", "5", "50000", of=of))
    balances = await books.trading.balances("main")
    (before,) = await books.trading.positions("main")
    wrong = await books.trading.record_fill(
        "main", fill(2, "BUY", "3", "51000", of=of, fee=fee, fee_currency=fee_in)
    )
    done = await books.trading.reverse_trade(wrong.trade.trade_id, reason="busted by the venue")
    assert (done.trade.kind, done.trade.reverses_trade_id) == ("REVERSAL", wrong.trade.trade_id)
    assert (done.trade.note, done.trade.exchange_trade_id) == ("busted by the venue", None)
    (held,) = await books.trading.positions("main")
    assert held.open_quantity == before.open_quantity
    # What the reversal realized against the average stays in the cost of what is open.
    sign = -1 if of.inverse else 1
    assert held.cost_basis - sign * held.realized_pnl == before.cost_basis
    margined = of.settle is not None
    now = {
        code: amount for code, amount in (await books.trading.balances("main")).items() if amount
    }
    if margined:
        balances[of.pnl_currency] = balances.get(of.pnl_currency, Decimal(0)) + held.realized_pnl
    assert now == {code: amount for code, amount in balances.items() if amount}
    again = await books.trading.reverse_trade(wrong.trade.trade_id, reason="once more")
    assert (again.duplicate, again.trade) == (True, done.trade)
    # What was reversed stays booked: a restart that replays it changes nothing.
    replayed = await books.trading.record_fill(
        "main", fill(2, "BUY", "3", "51000", of=of, fee=fee, fee_currency=fee_in)
    )
    assert replayed.duplicate
    assert await books.trading.check_books() == []


async def test_what_cannot_be_reversed(books: AsyncDatabase) -> None:
    done = await books.trading.record_fill("main", fill(1, "BUY", "5", "50000"))
    with pytest.raises(NotFound, match="no trade 999999"):
        await books.trading.reverse_trade(999_999, reason="x")
    with pytest.raises(InputError, match="say why trade"):
        await books.trading.reverse_trade(done.trade.trade_id, reason=" ")
    reversal = await books.trading.reverse_trade(done.trade.trade_id, reason="x")
    with pytest.raises(IntegrityRefused, match="is a reversal, and reversals stay"):
        await books.trading.reverse_trade(reversal.trade.trade_id, reason="x")


async def test_a_corrected_fill_takes_the_place_of_the_reversed_one(books: AsyncDatabase) -> None:
    wrong, right = fill(1, "BUY", "5", "50000"), fill(1, "BUY", "4", "50000")
    done = await books.trading.record_fill("main", wrong)
    with pytest.raises(IntegrityRefused, match="another content"):
        await books.trading.record_fills("main", [right], kind="ADJUSTMENT")
    await books.trading.reverse_trade(done.trade.trade_id, reason="wrong size")
    with pytest.raises(IntegrityRefused, match="another content"):
        await books.trading.record_fill("main", right)
    (booked_,) = await books.trading.record_fills("main", [right], kind="ADJUSTMENT")
    assert (booked_.trade.kind, booked_.duplicate) == ("ADJUSTMENT", False)
    for again in (wrong, right):
        assert (await books.trading.record_fill("main", again)).duplicate
    # One that was taken back by mistake comes in again, once, as an adjustment.
    await books.trading.reverse_trade(booked_.trade.trade_id, reason="by mistake")
    for duplicate in (False, True):
        (once,) = await books.trading.record_fills("main", [right], kind="ADJUSTMENT")
        assert once.duplicate == duplicate
    assert await books.trading.balances("main") == {"BTC": Decimal(4), "USDT": Decimal(-200_000)}
    assert await books.trading.check_books() == []
