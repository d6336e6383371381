"""Whoever writes ticks in plain SQL gets exact candles and newest rows, or a refusal."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import TupleRow

from cryptoscalp import AsyncDatabase, connect
from tests.capture import brute
from tests.faces import NOON, at, quote, table, trade
from tests.postgres import Place

_TRADES = ("timestamp", "symbol", "exchange", "price", "volume", "side", "feed", "sequence")
_QUOTES = ("timestamp", "symbol", "exchange", "bid_price", "bid_volume", "ask_price",
           "ask_volume", "source", "sequence")  # fmt: skip
Session = psycopg.Connection[TupleRow]


@pytest.fixture
def place(database: Place) -> Place:
    """A database that has its partitions."""
    with connect(database.dsn) as db:
        db.market.ensure_partitions(NOON, NOON)
    return database


@pytest.fixture
def app(place: Place) -> Iterator[Session]:
    """A psql-like session of the product's login."""
    with psycopg.connect(place.dsn, autocommit=True) as session:
        yield session


@pytest.fixture
def superuser(place: Place) -> Iterator[Session]:
    with psycopg.connect(place.admin_dsn, autocommit=True) as session:
        yield session


def insert(session: Session, target: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    marks = ", ".join(["%s"] * len(columns))
    values = ", ".join([f"({marks})"] * len(rows))
    statement = f"INSERT INTO {target} ({', '.join(columns)}) VALUES {values}"  # noqa: S608
    session.execute(statement.encode(), [row[name] for row in rows for name in columns])


def copy(session: Session, target: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    statement = f"COPY {target} ({', '.join(columns)}) FROM STDIN"
    with session.cursor() as cursor, cursor.copy(statement.encode()) as stream:
        for row in rows:
            stream.write_row([row[name] for name in columns])


def some_trades(seed: int, count: int, first: int = 1) -> list[Any]:
    chance = random.Random(seed)
    return [
        trade(
            chance.choice([0, 999_999, 1_000_000, chance.randrange(150_000_000)]),
            sequence,
            symbol=chance.choice(["BTCUSDT", "ETHUSDT"]),
            feed=chance.choice(["trade", "trade", "agg_trade"]),
            price=str(chance.randrange(1, 10**9) / 10**4),
        )
        for sequence in chance.sample(range(first, first + count), count)
    ]


@pytest.mark.parametrize("way", [insert, copy])
@pytest.mark.parametrize("who", ["app", "superuser"])
def test_into_the_parent(way: Any, who: str, place: Place, request: pytest.FixtureRequest) -> None:
    session = request.getfixturevalue(who)
    for part in range(3):
        way(session, "market_data", _TRADES, some_trades(part, 80, first=100 * part))
        way(session, "order_book_l1", _QUOTES, [quote(part * 7, 9 - part), quote(0, 20 + part)])
        brute.check_derived(place.dsn)


@pytest.mark.parametrize("way", [insert, copy])
def test_a_superuser_into_a_partition(way: Any, place: Place, superuser: Session) -> None:
    way(superuser, "market_data_20240808", _TRADES, some_trades(1, 80))
    way(superuser, "order_book_l1_20240808", _QUOTES, [quote(0, 1), quote(1, 2)])
    way(superuser, "market_data_20240808", _TRADES, some_trades(2, 80, first=1000))
    brute.check_derived(place.dsn)
    assert len(brute.fetch(place.dsn, "SELECT FROM market_data")) == 160


def test_both_feeds_in_one_statement_choose_as_the_writer_does(place: Place, app: Session) -> None:
    rows = [trade(0, 1, symbol="A", feed=feed) for feed in ("agg_trade", "trade")]
    insert(app, "market_data", _TRADES, rows)
    with connect(place.dsn) as db:
        db.capture.write_trades(table([{**row, "symbol": "B"} for row in rows]))
        feeds = {one.symbol: one.canonical_feed for one in db.market.instruments()}
    assert feeds == {"A": "trade", "B": "trade"}
    brute.check_derived(place.dsn)


REFUSED: list[tuple[str, LiteralString]] = [
    ("app", "UPDATE market_data SET price = 1"),
    ("app", "DELETE FROM market_data"),
    ("app", "TRUNCATE market_data"),
    ("app", "UPDATE order_book_l1 SET bid_price = 1"),
    ("app", "UPDATE market_data_20240808 SET price = 1"),
    ("app", "DELETE FROM order_book_l1_20240808"),
    ("app", "TRUNCATE market_data_20240808"),
    ("app", "INSERT INTO market_data_20240808 SELECT * FROM market_data"),
    ("app", "COPY market_data_20240808 FROM STDIN"),
    ("app", "UPDATE candles SET volume = 1"),
    ("app", "DELETE FROM candles_1s"),
    ("app", "INSERT INTO candles SELECT * FROM candles"),
    ("app", "UPDATE newest_quotes SET bid_price = 1"),
    ("app", "DELETE FROM newest_trades"),
    ("app", "DELETE FROM coverage"),
    ("app", "UPDATE instruments SET canonical_feed = 'agg_trade'"),
    ("app", "ALTER TABLE market_data DISABLE TRIGGER ALL"),
    ("app", "SET session_replication_role = replica"),
    ("app", "SELECT recompute_candles('a', 'b', now(), now())"),
    ("app", "SET ROLE cryptoscalp_owner"),
    ("superuser", "UPDATE market_data SET price = 1"),
    ("superuser", "DELETE FROM market_data_20240808"),
    ("superuser", "TRUNCATE order_book_l1"),
    ("superuser", "TRUNCATE market_data_20240808"),
    ("superuser", "UPDATE candles SET volume = 1"),
    ("superuser", "TRUNCATE newest_quotes"),
    ("superuser", "SET cryptoscalp.correcting = 'on'; DELETE FROM market_data"),
]


@pytest.mark.long
@pytest.mark.parametrize(("who", "statement"), REFUSED, ids=[" ".join(one) for one in REFUSED])
def test_refused(
    who: str, statement: LiteralString, place: Place, request: pytest.FixtureRequest
) -> None:
    session = request.getfixturevalue(who)
    insert(session, "market_data", _TRADES, some_trades(1, 20))
    before = brute.fetch(place.dsn, "SELECT * FROM market_data ORDER BY sequence")
    with pytest.raises(psycopg.Error) as caught:
        session.execute(statement)
    assert caught.value.sqlstate in {"42501", "CS001"}
    assert brute.fetch(place.dsn, "SELECT * FROM market_data ORDER BY sequence") == before
    brute.check_derived(place.dsn)


def test_a_writer_that_declares_other_rows_is_refused(place: Place, app: Session) -> None:
    minute = '{"exchange":"binance","symbol":"BTCUSDT","feed":"trade","minute":"%s","n":%d}'
    lies = ["[]", f"[{minute % (NOON, 2)}]", f"[{minute % (at(60_000_000), 1)}]",
            f"[{minute % (NOON, 1)}, {minute % (at(60_000_000), 1)}]"]  # fmt: skip
    for lie in lies:
        with app.transaction(force_rollback=True):
            app.execute("SET LOCAL ROLE cryptoscalp_capture")
            app.execute("SELECT set_config('cryptoscalp.declared_trades', %s, true)", (lie,))
            with pytest.raises(psycopg.Error) as caught:
                insert(app, "market_data", _TRADES, [trade(0, 1)])
        assert caught.value.sqlstate == "CS002"
    assert brute.fetch(place.dsn, "SELECT FROM market_data") == []


def test_a_declaration_counts_for_one_statement_only(place: Place, app: Session) -> None:
    said = '[{"exchange":"binance","symbol":"BTCUSDT","source":"ticker","day":"2024-08-08","n":1}]'
    with app.transaction():
        app.execute("SET LOCAL ROLE cryptoscalp_capture")
        app.execute("SELECT set_config('cryptoscalp.declared_quotes', %s, true)", (said,))
        insert(app, "order_book_l1", _QUOTES, [quote(0, 1)])
        insert(app, "order_book_l1", _QUOTES, [quote(5, 2)])
    brute.check_derived(place.dsn)


def test_the_setting_without_the_role_changes_nothing(place: Place, app: Session) -> None:
    app.execute("SET cryptoscalp.declared_trades = '[]'")
    app.execute("SET cryptoscalp.declared_quotes = '[]'")
    insert(app, "market_data", _TRADES, some_trades(1, 20))
    insert(app, "order_book_l1", _QUOTES, [quote(0, 1)])
    brute.check_derived(place.dsn)


def test_a_plain_duplicate_is_refused_whole(place: Place, app: Session) -> None:
    insert(app, "market_data", _TRADES, [trade(0, 1)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(app, "market_data", _TRADES, [trade(1, 2), trade(0, 1)])
    statement = (
        "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
        " SELECT timestamp, symbol, exchange, price, volume, feed, n FROM market_data,"
        " generate_series(1, 3) AS n ON CONFLICT DO NOTHING"
    )
    app.execute(statement)
    assert len(brute.fetch(place.dsn, "SELECT FROM market_data")) == 3
    brute.check_derived(place.dsn)


def test_a_day_without_a_partition_names_the_command(place: Place) -> None:
    with psycopg.connect(place.dsn) as session, pytest.raises(psycopg.Error, match="no partition"):
        insert(session, "market_data", _TRADES, [trade(-86_400_000_000, 1)])


def test_rolled_back_ticks_leave_nothing(place: Place, app: Session) -> None:
    insert(app, "market_data", _TRADES, some_trades(1, 20))
    with app.transaction(force_rollback=True):
        insert(app, "market_data", _TRADES, some_trades(2, 20, first=500))
    brute.check_derived(place.dsn)


async def test_everybody_at_once(db: AsyncDatabase, place: Place) -> None:
    """Foreign sessions and the product's writer on the same buckets of the same instruments."""

    def foreign(number: int) -> None:
        with psycopg.connect(place.dsn, autocommit=True) as session:
            for part in range(8):
                first = 10_000 * (number + 1) + 100 * part
                (insert, copy)[part % 2](
                    session, "market_data", _TRADES, some_trades(first, 25, first)
                )
                insert(session, "order_book_l1", _QUOTES, [quote(first, first)])

    with ThreadPoolExecutor(3) as threads:
        others = [threads.submit(foreign, number) for number in range(3)]
        for part in range(8):
            await db.capture.write_trades(table(some_trades(part, 50, first=200 * part)))
            await db.capture.write_quotes(table([quote(part, part), quote(99_999_999, 100 + part)]))
        for other in others:
            other.result()
    assert len(brute.fetch(place.dsn, "SELECT FROM market_data")) == 3 * 8 * 25 + 8 * 50
    brute.check_derived(place.dsn)
    brute.check_ledger(place.dsn)
