"""Model ids that the books held before there was a registry become versions of it."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
import pytest

import cryptoscalp
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place

ALONE: LiteralString = """
    INSERT INTO exchanges (exchange_id) VALUES ('binance');
    INSERT INTO instruments (symbol, exchange, base, quote)
    VALUES ('BTCUSDT', 'binance', 'BTC', 'USDT');
    INSERT INTO portfolios (name, base_currency) VALUES ('main', 'USDT'), ('other', 'USDT');
    SELECT record_transfer('main', 'DEPOSIT', 'USDT', 1000, 'in', '2024-01-01');
"""
ORDER: LiteralString = """
    SELECT place_order(%s, 'BTCUSDT', 'binance', %s, 'BUY', 'MARKET', 1, NULL, NULL, 'GTC', NULL,
                       NULL, false, %s, NULL, '2024-01-01', NULL)
"""
FILL: LiteralString = """
    SELECT record_fill(%s, 'BTCUSDT', 'binance', %s, '2024-01-01 00:00:01+00', %s, 1, 100,
                       p_client_order_id => %s, p_model_id => %s)
"""
#: Ids of orders and trades; 7 is in both, others in one of them, some rows have none.
ORDERS: list[tuple[str, str, int | None]] = [
    ("main", "c1", 7), ("main", "c2", 40), ("main", "c3", None), ("other", "c1", 2_000_000_000_000),
]  # fmt: skip
FILLS: list[tuple[str, str, str, str | None, int | None]] = [
    ("main", "1", "BUY", "c1", 7), ("main", "2", "SELL", None, 12), ("main", "3", "BUY", None, 40),
    ("other", "1", "BUY", None, 12), ("other", "2", "SELL", None, None),
]  # fmt: skip
NAMED = [7, 12, 40, 2_000_000_000_000]
#: All that the books hold; what the registry adds to it is no column of theirs.
BOOKS = ("portfolios", "positions", "orders", "order_events", "trades", "cash_ledger",
         "cash_balances")  # fmt: skip


@pytest.fixture
def before(empty: Place) -> Place:
    """A database at 0005 whose books name models."""
    migrations.upgrade(empty.admin_dsn, login=LOGIN, revision="0005")
    with psycopg.connect(empty.admin_dsn) as owner:
        owner.execute("SET ROLE cryptoscalp_owner")
        owner.execute(ALONE)
        for order in ORDERS:
            owner.execute(ORDER, order)
        for fill in FILLS:
            owner.execute(FILL, fill)
    return empty


def fetched(place: Place, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(place.admin_dsn, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()


def books(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the books, and what a check of them finds."""
    held = {name: fetched(place, f"TABLE {name} ORDER BY 1, 2") for name in BOOKS}
    return {**held, "check_books": fetched(place, "SELECT * FROM check_books()")}


def up(place: Place) -> None:
    migrations.upgrade(place.admin_dsn, login=LOGIN)


@pytest.mark.long
def test_ids_of_the_books_become_retired_versions(before: Place) -> None:
    held = books(before)
    assert held["check_books"] == []
    assert len(held["orders"]) == len(ORDERS)
    assert len(held["trades"]) == len(FILLS)
    for again in (False, True):
        up(before)
        assert books(before) == held
        with cryptoscalp.connect(before.dsn) as db:
            found = list(reversed(db.registry.search("unregistered")))
            assert [(one.model_id, one.version_number, one.version) for one in found] == [
                (model_id, number, str(number)) for number, model_id in enumerate(NAMED, 1)
            ]
            assert {(one.status, one.slot, one.metrics) for one in found} == {
                ("RETIRED", None, None)
            }
            assert all(one.retired_at is not None for one in found)
            assert [one.model_name for one in db.registry.models()] == ["unregistered"]
            assert db.trading.check_books() == []
        if not again:
            migrations.downgrade(before.admin_dsn, "0005")
            assert migrations.current(before.dsn) == "0005"
            assert books(before) == held
            assert fetched(before, "SELECT to_regclass('model_versions')") == [(None,)]


@pytest.mark.long
def test_new_versions_get_ids_and_numbers_of_their_own(before: Place) -> None:
    up(before)
    with cryptoscalp.connect(before.dsn) as db:
        new = db.registry.register_version("scalper", metrics={"mae": 1.0}).version
        more = db.registry.register_version("unregistered").version
        assert (new.model_id, new.version_number) == (max(NAMED) + 1, 1)
        assert (more.model_id, more.version_number) == (max(NAMED) + 2, len(NAMED) + 1)
        assert db.registry.version(7).model_name == "unregistered"
        with pytest.raises(cryptoscalp.IntegrityRefused, match="cannot become"):
            db.registry.promote(7, slot="live")
    # The books name versions that there are, from now on.
    for wrong, right in ((8, new.model_id), (13, 7)):
        with psycopg.connect(before.dsn, autocommit=True) as session:
            with pytest.raises(psycopg.Error):
                session.execute(ORDER, ("main", f"n{wrong}", wrong))
            session.execute(ORDER, ("main", f"n{right}", right))
            session.execute(FILL, ("main", f"n{right}", "BUY", f"n{right}", right))
    assert fetched(before, "SELECT * FROM check_books()") == []


@pytest.mark.long
def test_versions_that_the_books_name_come_back_as_unregistered(before: Place) -> None:
    """Going back drops the registry; the numbers stay in the books, and so do their versions."""
    up(before)
    with cryptoscalp.connect(before.dsn) as db:
        new = db.registry.register_version("scalper").version.model_id
    with psycopg.connect(before.dsn, autocommit=True) as session:
        session.execute(ORDER, ("main", "new", new))
    held = books(before)
    migrations.downgrade(before.admin_dsn, "0005")
    up(before)
    assert books(before) == held
    with cryptoscalp.connect(before.dsn) as db:
        found = db.registry.search("unregistered")
        assert [one.model_id for one in found] == [new, *reversed(NAMED)]
        assert db.registry.register_version("scalper").version.model_id == new + 1


def test_books_without_models_leave_the_registry_empty(empty: Place) -> None:
    migrations.upgrade(empty.admin_dsn, login=LOGIN, revision="0005")
    with psycopg.connect(empty.admin_dsn) as owner:
        owner.execute("SET ROLE cryptoscalp_owner")
        owner.execute(ALONE)
        owner.execute(ORDER, ("main", "c1", None))
        owner.execute(FILL, ("main", "1", "BUY", "c1", None))
    up(empty)
    with cryptoscalp.connect(empty.dsn) as db:
        assert db.registry.models() == []
        assert db.registry.register_version("m").version.model_id == 1
