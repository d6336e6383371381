"""Whose P&L a fill is that takes from a position and names no prediction itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from cryptoscalp import AsyncDatabase
from cryptoscalp.registry.performance_types import Profit
from tests.faces import at
from tests.postgres import Place
from tests.registry.resolving import SECOND, model
from tests.trading.books import LINEAR, START, fill, prepare


@dataclass(slots=True)
class Account:
    """A portfolio in which `model_id`, where it is given, names the prediction of a second."""

    db: AsyncDatabase
    name: str = "main"
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def trade(
        self,
        side: str,
        quantity: str,
        price: str,
        model_id: int | None = None,
        second: int = 0,
    ) -> int:
        """A filled order; the number of its trade."""
        number = next(self.numbers)
        named: dict[str, Any] = {} if model_id is None else {
            "model_id": model_id, "prediction_timestamp": at(second * SECOND),
        }  # fmt: skip
        await self.db.trading.place_order(
            self.name, LINEAR.symbol, LINEAR.exchange, side,  # type: ignore[arg-type]  # text
            Decimal(quantity), client_order_id=str(number), **named,
        )  # fmt: skip
        given = fill(number, side, quantity, price, of=LINEAR, after_s=number,
                     client_order_id=str(number), fee="0.3", fee_currency="USDT")  # fmt: skip
        return (await self.db.trading.record_fill(self.name, given)).trade.trade_id

    async def stop(self, side: str, quantity: str, price: str) -> int:
        """A fill without any order; the number of its trade."""
        number = next(self.numbers)
        given = fill(number, side, quantity, price, of=LINEAR, after_s=number,
                     fee="0.3", fee_currency="USDT")  # fmt: skip
        return (await self.db.trading.record_fill(self.name, given)).trade.trade_id

    async def undo(self, trade_id: int) -> None:
        """Take a trade back."""
        when = START + timedelta(seconds=next(self.numbers))
        await self.db.trading.reverse_trade(trade_id, reason="typo", timestamp=when)

    async def made(self, model_id: int, first: int = 0, last: int = 100) -> tuple[Any, ...]:
        """(realized in points, commission, trades) of the predictions of some seconds."""
        found = await self.db.registry.performance(
            model_id, start=at(first * SECOND), end=at(last * SECOND)
        )
        assert ("profits" in found.undefined) == (not found.profits)
        if not found.profits:
            return ()
        (one,) = found.profits
        assert isinstance(one, Profit)
        assert one.net == one.realized - one.commission
        return (one.realized / LINEAR.multiplier, one.commission, one.trades)


async def account(db: AsyncDatabase) -> Account:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    return Account(db)


async def test_a_stop_belongs_to_the_prediction_that_opened(
    db: AsyncDatabase, database: Place
) -> None:
    books, mine = await account(db), model(database)
    await books.trade("BUY", "2", "100", mine)
    await books.trade("SELL", "1", "110")
    assert await books.made(mine) == (10, Decimal("0.6"), 2)
    await books.stop("SELL", "1", "97")
    assert await books.made(mine) == (7, Decimal("0.9"), 3)
    # The next life of the position is nobody's; neither is a fill that only says the model.
    await books.stop("BUY", "1", "50")
    await books.stop("SELL", "1", "90")
    given = fill("x", "BUY", "1", "50", of=LINEAR, after_s=5.5, model_id=mine)
    await db.trading.record_fill("main", given)
    await books.stop("SELL", "1", "90")
    assert await books.made(mine) == (7, Decimal("0.9"), 3)


async def test_predictions_that_scale_in_share_by_quantity(
    db: AsyncDatabase, database: Place
) -> None:
    books, mine, other = await account(db), model(database), model(database, "other")
    await books.trade("BUY", "2", "100", mine, 1)
    await books.trade("BUY", "1", "100", other, 2)
    await books.stop("SELL", "1", "112")
    assert await books.made(mine) == (8, Decimal("0.5"), 2)
    assert await books.made(other) == (4, Decimal("0.4"), 2)
    # A later prediction has no part in what was taken before it; a nameless entry is nobody's.
    await books.trade("BUY", "1", "100", mine, 3)
    await books.stop("BUY", "4", "100")
    await books.stop("SELL", "7", "116")
    assert await books.made(mine) == (8 + 42, Decimal("0.8") + Decimal("0.1125"), 4)
    assert await books.made(mine, 1, 3) == (8 + 28, Decimal("0.5") + Decimal("0.075"), 3)
    assert await books.made(mine, 3, 9) == (14, Decimal("0.3375"), 2)
    assert await books.made(other) == (4 + 14, Decimal("0.4") + Decimal("0.0375"), 3)
    # Nobody has what is left: 56 of 128 points.
    assert sum(one.pnl for one in await db.trading.trades("main")) == 124 * LINEAR.multiplier


async def test_an_order_that_names_a_prediction_keeps_its_fill(
    db: AsyncDatabase, database: Place
) -> None:
    books, mine, other = await account(db), model(database), model(database, "other")
    await books.trade("BUY", "3", "100", mine)
    await books.trade("SELL", "1", "110", other)
    await books.stop("SELL", "1", "105")
    assert await books.made(mine) == (5, Decimal("0.6"), 2)
    assert await books.made(other) == (10, Decimal("0.3"), 1)
    await db.trading.place_order("main", LINEAR.symbol, LINEAR.exchange, "SELL", Decimal(1),
                                 client_order_id="z", model_id=other)  # fmt: skip
    given = fill("z", "SELL", "1", "98", of=LINEAR, after_s=90, client_order_id="z")
    await db.trading.record_fill("main", given)
    assert (await books.made(mine))[0] == 3


async def test_a_fill_that_turns_over_is_shared_for_what_it_closes(
    db: AsyncDatabase, database: Place
) -> None:
    books, mine, other = await account(db), model(database), model(database, "other")
    await books.trade("BUY", "1", "100", mine)
    turned = await books.stop("SELL", "3", "107")
    assert await books.made(mine) == (7, Decimal("0.4"), 2)
    await books.trade("SELL", "2", "107", other)
    await books.stop("BUY", "4", "97")
    assert await books.made(mine) == (7, Decimal("0.4"), 2)
    assert await books.made(other) == (20, Decimal("0.45"), 2)
    # Taken back: what it had closed is open again and is the same prediction's.
    await books.undo(turned)
    assert await books.made(mine) == (7, Decimal("0.3"), 3)
    await books.stop("SELL", "3", "100")
    assert await books.made(mine) == (7 - 7, Decimal("0.4"), 4)


async def test_a_reversal_belongs_where_its_trade_does(db: AsyncDatabase, database: Place) -> None:
    books, mine, other = await account(db), model(database), model(database, "other")
    await books.trade("BUY", "1", "100", mine)
    added = await books.trade("BUY", "2", "100", other)
    part = await books.stop("SELL", "2", "109")
    assert await books.made(other) == (12, Decimal("0.5"), 2)
    # Within the life of a position what comes back is no entry, and an entry taken back is none.
    await books.undo(part)
    assert (await books.made(other))[1:] == (Decimal("0.3"), 3)
    await books.undo(added)
    before = (await books.made(mine))[0], (await books.made(other))[0]
    last = await books.stop("SELL", "1", "120")
    closed = (await db.trading.trades("main"))[-1].pnl / LINEAR.multiplier
    assert ((await books.made(mine))[0], (await books.made(other))[0]) == (
        before[0] + closed, before[1],
    )  # fmt: skip
    # The whole position comes back as a new one, of the same prediction.
    await books.undo(last)
    await books.trade("SELL", "1", "90")
    assert (await books.made(mine))[0] == before[0] + closed - 30
    assert (await books.made(other))[0] == before[1]
