"""Performance brought forward in any order of moves is that of one refresh at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, IntegrityRefused
from cryptoscalp.infra.server import EmbeddedServer
from tests.analytics.traded import MINUTE_US, all_rows, at, fill
from tests.faces import table, trade
from tests.postgres import Place, new_database
from tests.trading.books import INVERSE, LINEAR, RATES, SPOT, opened

_NAMES = count()
_SEQUENCES = count(1)
#: Three days and an hour, in minutes after noon.
_END: Final = 3 * 1_440 + 60
_MINUTES = st.integers(0, 2 * _END).map(lambda half: half / 2)
_INSTRUMENTS = st.sampled_from((SPOT, LINEAR, INVERSE))
_PRICES = st.integers(40_000, 60_000)

_MOVES = st.one_of(
    st.tuples(
        st.just("fill"), _MINUTES, _INSTRUMENTS, st.sampled_from(("BUY", "SELL")),
        st.sampled_from(("1", "2.5", "7")), _PRICES, st.sampled_from((None, "scalp")),
        st.sampled_from((None, "USDT", "BTC")),
    ),
    st.tuples(st.just("cash"), _MINUTES, st.sampled_from((-500, 750, 20_000))),
    st.tuples(st.just("price"), _MINUTES, _INSTRUMENTS, _PRICES),
    st.tuples(st.just("refresh"), st.integers(0, _END)),
)  # fmt: skip


@pytest.fixture(scope="module")
def shelf(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """One database for all examples; each has portfolios of its own in it."""
    with new_database(server, template.name) as made:
        yield made


async def _book(db: AsyncDatabase, name: str, n: int, move: tuple[Any, ...]) -> bool:
    """Book a fill or cash; whether the books took it."""
    minute = move[1]
    try:
        if move[0] == "cash":
            act = db.trading.deposit if move[2] > 0 else db.trading.withdraw
            await act(name, "USDT", Decimal(abs(move[2])), reference=str(n), timestamp=at(minute))
        else:
            _, _, of, side, quantity, price, strategy, fee_currency = move
            fee = Decimal("0.0001" if fee_currency == "BTC" else "0.5" if fee_currency else "0")
            await db.trading.record_fill(
                name,
                fill(n, side, quantity, str(price), minute, of=of, strategy=strategy, fee=fee,
                     fee_currency=fee_currency, rates=RATES),
            )  # fmt: skip
    except IntegrityRefused:
        return False
    return True


async def _check(db: AsyncDatabase, moves: list[tuple[Any, ...]]) -> None:
    forward, at_once = (f"{kind}{next(_NAMES)}" for kind in ("f", "o"))
    for name in (forward, at_once):
        await db.trading.create_portfolio(name, "USDT")
    booked = []
    for n, move in enumerate([("cash", 0.0, 20_000), *moves]):
        match move[0]:
            case "refresh":
                await db.analytics.refresh([forward], as_of=at(move[1]))
            case "price":
                _, minute, of, price = move
                await db.capture.write_trades(
                    table([trade(int((minute + 0.3) * MINUTE_US), next(_SEQUENCES),
                                 symbol=of.symbol, exchange=of.exchange, price=str(price))])
                )  # fmt: skip
            case _:
                if await _book(db, forward, n, move):
                    booked.append((n, move))
    for n, move in booked:
        assert await _book(db, at_once, n, move)
    for name in (forward, at_once):
        await db.analytics.refresh([name], as_of=at(_END))
    found = await all_rows(db, forward)
    assert found == await all_rows(db, at_once)
    assert any(row["period"] == "all" for row in found)
    await db.analytics.recompute([forward], as_of=at(_END))
    assert await all_rows(db, forward) == found


def test_forward_is_at_once(shelf: Place, mode: str) -> None:
    with opened(mode, shelf) as (runner, db):

        @settings(
            max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(st.lists(_MOVES, min_size=1, max_size=14))
        def check(moves: list[tuple[Any, ...]]) -> None:
            asyncio.set_event_loop(runner.get_loop())
            runner.run(_check(db, moves))

        check()
