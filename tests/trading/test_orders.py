"""Orders from the decision to their end, and the fills that name them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, InputError, IntegrityRefused, NotFound
from cryptoscalp.trading.order_types import Order
from tests.trading.books import START, fill

_AT = ("main", "binance", "c1")


async def placed(books: AsyncDatabase, **changes: Any) -> Order:
    """A limit order to buy 3 BTC at 100, decided as 2024 began."""
    given: dict[str, Any] = {
        "client_order_id": "c1", "order_type": "LIMIT", "price": Decimal(100),
        "decided_at": START, **changes,
    }  # fmt: skip
    side = given.pop("side", "BUY")
    quantity = given.pop("quantity", Decimal(3))
    return await books.trading.place_order("main", "BTCUSDT", "binance", side, quantity, **given)


async def events(books: AsyncDatabase) -> list[str]:
    return [one.event for one in await books.trading.order_events(*_AT)]


async def test_an_order_lives_from_decision_to_its_last_fill(books: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no model version 0"):
        await placed(books, model_id=0)
    decider = (await books.registry.register_version("scalper")).version.model_id
    order = await placed(books, sent_at=START, model_id=decider, prediction_timestamp=START)
    assert (order.status, order.duplicate, order.model_id) == ("SENT", False, decider)
    order = await books.trading.acknowledge_order(*_AT, "X17", timestamp=START)
    assert (order.status, order.exchange_order_id) == ("ACKNOWLEDGED", "X17")
    by_venue = fill(1, "BUY", "1", "99", after_s=1, exchange_order_id="X17", model_id=decider)
    by_client = fill(2, "BUY", "2", "100", after_s=2, client_order_id="c1")
    first = await books.trading.record_fill("main", by_venue)
    (order,) = await books.trading.orders("main")
    assert (order.status, order.filled_quantity) == ("PARTIALLY_FILLED", Decimal(1))
    second = await books.trading.record_fill("main", by_client)
    (order,) = await books.trading.orders("main", client_order_id="c1")
    assert (order.status, order.filled_quantity) == ("FILLED", Decimal(3))
    assert order.updated_at == by_client.timestamp
    assert first.trade.order_id == second.trade.order_id == order.order_id
    assert first.trade.model_id == decider
    assert await events(books) == ["DECIDED", "SENT", "ACKNOWLEDGED", "FILLED", "FILLED"]
    assert [one.trade_id for one in await books.trading.order_events(*_AT)][3:] == [
        first.trade.trade_id,
        second.trade.trade_id,
    ]


async def test_each_event_is_booked_once(books: AsyncDatabase) -> None:
    await placed(books)
    again = await placed(books)
    assert again.duplicate
    for _ in range(2):
        await books.trading.send_order(*_AT, timestamp=START)
        await books.trading.acknowledge_order(*_AT, "X17", timestamp=START)
        await books.trading.record_fill("main", fill(1, "BUY", "1", "99", client_order_id="c1"))
        order = await books.trading.cancel_order(*_AT, reason="enough")
        assert order.status == "CANCELLED"
    assert await events(books) == ["DECIDED", "SENT", "ACKNOWLEDGED", "FILLED", "CANCELLED"]


async def test_a_fill_that_crossed_the_cancellation_counts(books: AsyncDatabase) -> None:
    await placed(books)
    await books.trading.cancel_order(*_AT)
    await books.trading.record_fill("main", fill(1, "BUY", "1", "99", client_order_id="c1"))
    (order,) = await books.trading.orders("main")
    assert (order.status, order.filled_quantity) == ("CANCELLED", Decimal(1))
    await books.trading.record_fill("main", fill(2, "BUY", "2", "99", client_order_id="c1"))
    (order,) = await books.trading.orders("main")
    assert order.status == "FILLED"


async def test_a_reversed_fill_leaves_the_order(books: AsyncDatabase) -> None:
    await placed(books)
    done = await books.trading.record_fill("main", fill(1, "BUY", "3", "99", client_order_id="c1"))
    await books.trading.reverse_trade(done.trade.trade_id, reason="busted")
    (order,) = await books.trading.orders("main")
    assert (order.status, order.filled_quantity) == ("ACKNOWLEDGED", Decimal(0))
    assert await books.trading.check_books() == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"quantity": Decimal(4)}, "another content: BUY 3 BTCUSDT is booked"),
        ({"price": Decimal(101)}, "another content"),
        ({"side": "SELL"}, "another content"),
        ({"order_type": "MARKET", "price": None}, "another content"),
    ],
)
async def test_an_id_with_another_content_is_refused(
    books: AsyncDatabase, changes: dict[str, Any], why: str
) -> None:
    await placed(books)
    with pytest.raises(IntegrityRefused, match=why):
        await placed(books, **changes)
    (order,) = await books.trading.orders("main")
    assert [order.quantity, order.price] == [3, 100]


@pytest.mark.parametrize(
    ("changes", "error", "why"),
    [
        ({"quantity": Decimal(0)}, InputError, "quantity 0 must be above zero"),
        ({"price": None}, IntegrityRefused, "a LIMIT order has a price"),
        ({"order_type": "MARKET"}, IntegrityRefused, "a MARKET order has no price"),
        ({"stop_price": Decimal(1)}, IntegrityRefused, "a LIMIT order has no stop price"),
        ({"order_type": "ICEBERG"}, InputError, "no order type 'ICEBERG'"),
        ({"client_order_id": ""}, InputError, "client_order_id '' is no name"),
        ({"strategy": "unheard"}, NotFound, "no strategy 'unheard'"),
        ({"sent_at": START - timedelta(seconds=1)}, IntegrityRefused, "before it was decided"),
    ],
)
async def test_what_cannot_be_an_order_is_refused(
    books: AsyncDatabase, changes: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        await placed(books, **changes)
    assert await books.trading.orders("main") == []


async def test_what_cannot_happen_to_an_order_is_refused(books: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no order 'c1' on binance in portfolio 'main'"):
        await books.trading.cancel_order(*_AT)
    with pytest.raises(NotFound, match="no order 'c1'"):
        await books.trading.order_events(*_AT)
    await placed(books)
    with pytest.raises(IntegrityRefused, match="was decided at"):
        await books.trading.send_order(*_AT, timestamp=START - timedelta(seconds=1))
    order = fill(1, "BUY", "1", "99", client_order_id="c1")
    with pytest.raises(IntegrityRefused, match="side mismatch: order"):
        await books.trading.record_fill("main", fill(1, "SELL", "1", "9", client_order_id="c1"))
    with pytest.raises(IntegrityRefused, match="4 more is too much"):
        await books.trading.record_fill("main", fill(1, "BUY", "4", "9", client_order_id="c1"))
    await books.trading.record_fill("main", order)
    with pytest.raises(IntegrityRefused, match="PARTIALLY_FILLED, it cannot be rejected"):
        await books.trading.reject_order(*_AT)
    await books.trading.cancel_order(*_AT)
    with pytest.raises(IntegrityRefused, match="CANCELLED, it cannot be rejected"):
        await books.trading.reject_order(*_AT)
    # What was overtaken on its way still says the venue's id.
    late = await books.trading.acknowledge_order(*_AT, "X17")
    assert (late.status, late.exchange_order_id) == ("CANCELLED", "X17")
    with pytest.raises(IntegrityRefused, match="known to the venue as X17, not as X18"):
        await books.trading.acknowledge_order(*_AT, "X18")


async def test_a_rejected_order_is_never_filled(books: AsyncDatabase) -> None:
    await placed(books)
    rejected = await books.trading.reject_order(*_AT, reason="price out of range")
    assert rejected.status == "REJECTED"
    with pytest.raises(IntegrityRefused, match="was rejected and cannot be filled"):
        await books.trading.record_fill("main", fill(1, "BUY", "1", "9", client_order_id="c1"))
    assert (await books.trading.order_events(*_AT))[-1].detail == "price out of range"
    assert await books.trading.trades("main") == []
