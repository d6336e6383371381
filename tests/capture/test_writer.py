"""Whatever comes in, in whatever order and cut: ticks, candles, newest rows and ledger agree."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, Continuity
from cryptoscalp.capture.identity import FIRST_ORDINAL
from tests.capture import brute
from tests.faces import at, quote, table, trade
from tests.postgres import Place

_SLOW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Collisions of ids, of times and of streams are the rule; some lie past a second or a minute.
_TIMES = st.sampled_from([0, 0, 1, 999, 1_000, 999_999, 1_000_000, 59_999_999, 60_000_000])
_EVENT = st.tuples(
    st.sampled_from(["alpha", "beta"]),
    st.sampled_from(["trade", "trade", "agg_trade"]),
    st.integers(1, 6),
    _TIMES,
    st.integers(-1_500_000, 1_500_000) | st.just(0),
    st.decimals("0.00000001", "99999999.99999999", places=8),
)
_BATCHES = st.lists(st.lists(_EVENT, min_size=1, max_size=12), min_size=1, max_size=5)


class Model:
    """The identity rule, one event after the other."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)

    def stores(self, stream: tuple[str, ...], sequence: int, after: int, window: int) -> bool:
        twins = self.held[stream]
        if any(n == sequence and abs(stamp - after) <= window for n, stamp in twins):
            return False
        twins.append((sequence, after))
        return True


class Naming:
    """A name nobody used yet, so that examples share a database."""

    number = 0

    @classmethod
    def venue(cls) -> str:
        cls.number += 1
        return f"venue{cls.number}"


@_SLOW
@given(batches=_BATCHES, continuity=st.sampled_from([Continuity.CONSECUTIVE_IDS]))
async def test_any_batches_of_trades(
    db: AsyncDatabase, database: Place, batches: list[list[Any]], continuity: Continuity
) -> None:
    venue, model = Naming.venue(), Model()
    seen: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for batch in batches:
        rows, stored = [], 0
        for symbol, feed, sequence, after, jitter, price in batch:
            moment = 10_000_000 + after + jitter
            rows.append(
                trade(moment, sequence, exchange=venue, symbol=symbol, feed=feed, price=str(price))
            )
            stored += model.stores((symbol, feed), sequence, moment, 2_000_000)
            seen[venue, symbol, feed].add(sequence)
        account = await db.capture.write_trades(table(rows), continuity=continuity)
        total = account.total
        assert (total.received, total.stored) == (len(rows), stored)
        assert total.duplicate == len(rows) - stored
    ticks = brute.fetch(
        database.dsn,
        "SELECT symbol, feed::text, sequence, timestamp FROM market_data WHERE exchange = %s",
        venue,
    )
    assert sorted(ticks) == sorted(
        (*stream, n, at(after)) for stream, twins in model.held.items() for n, after in twins
    )
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    covered = brute.coverage_by_id(database.dsn)
    assert {key: covered[key] for key in seen} == {
        key: brute.id_runs(ids) for key, ids in seen.items()
    }


@_SLOW
@given(
    batches=st.lists(
        st.lists(
            st.tuples(st.integers(1, 4), st.integers(0, 400), st.booleans()),
            min_size=1,
            max_size=10,
        ),
        min_size=1,
        max_size=4,
    )
)
async def test_any_batches_of_quotes(
    db: AsyncDatabase, database: Place, batches: list[list[tuple[int, int, bool]]]
) -> None:
    venue, model = Naming.venue(), Model()
    for batch in batches:
        rows, stored = [], 0
        for sequence, seconds, receiver in batch:
            moment = seconds * 1_000_000
            rows.append(quote(moment, sequence, exchange=venue, by_receive_time=receiver))
            window = 300_000_000 if receiver else 2_000_000
            stored += model.stores((venue,), sequence, moment, window)
        account = await db.capture.write_quotes(table(rows))
        assert (account.total.received, account.total.stored) == (len(rows), stored)
    ticks = brute.fetch(
        database.dsn, "SELECT sequence, timestamp FROM order_book_l1 WHERE exchange = %s", venue
    )
    assert sorted(ticks) == sorted((n, at(after)) for n, after in model.held[venue,])
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_milliseconds_and_microseconds_are_one_trade(
    db: AsyncDatabase, database: Place
) -> None:
    fine = [trade(n * 700 + 123, n) for n in range(1, 500)]
    coarse = [trade((n * 700 + 123) // 1000 * 1000, n) for n in range(1, 500)]
    for first, second, symbol in ((fine, coarse, "FINEFIRST"), (coarse, fine, "COARSEFIRST")):
        for rows, stored in ((first, 499), (second, 0)):
            named = table([{**row, "symbol": symbol} for row in rows])
            account = await db.capture.write_trades(named)
            assert (account.total.stored, account.total.duplicate) == (stored, 499 - stored)
        stamps = brute.fetch(
            database.dsn, "SELECT timestamp FROM market_data WHERE symbol = %s ORDER BY 1", symbol
        )
        assert [one for (one,) in stamps] == sorted(row["timestamp"] for row in first)
    brute.check_derived(database.dsn)


async def test_two_recorders_three_seconds_apart_are_one_source(db: AsyncDatabase) -> None:
    first = [quote(n * 1000, n, by_receive_time=True) for n in range(1, 300)]
    second = [quote(n * 1000 + 3_000_000, n, by_receive_time=True) for n in range(1, 300)]
    assert (await db.capture.write_quotes(table(first))).total.stored == 299
    assert (await db.capture.write_quotes(table(second))).total.stored == 0
    # The exchange's own clock is not that wrong: these are other quotes.
    other = [{**row, "by_receive_time": False} for row in second]
    assert (await db.capture.write_quotes(table(other))).total.stored == 299


async def test_markets_do_not_mix(db: AsyncDatabase, database: Place) -> None:
    for exchange in ("binance", "binanceusdm"):
        account = await db.capture.write_trades(table([trade(0, 1, exchange=exchange)]))
        assert account.total.stored == 1
    assert {row[2] for row in brute.newest_trades(database.dsn)} == {at(0)}
    brute.check_derived(database.dsn)


async def test_rows_without_ids_are_a_multiset(db: AsyncDatabase, database: Place) -> None:
    def row(after: int, price: str, **changes: Any) -> dict[str, Any]:
        return trade(after, None, price=price, **changes)

    file = [row(0, "1"), row(0, "1"), row(0, "2"), row(5, "1", side=None), row(5, "1", side=None)]
    assert (await db.capture.write_trades(table(file))).total.stored == 5
    assert (await db.capture.write_trades(table(file))).total.stored == 0
    overlapping = [row(5, "1", side=None), row(0, "1"), row(0, "1"), row(0, "1"), row(9, "3")]
    assert (await db.capture.write_trades(table(overlapping))).total.stored == 2
    stored = brute.fetch(
        database.dsn,
        "SELECT timestamp, sequence, trim_scale(price::numeric)::text FROM market_data"
        " ORDER BY 1, 2",
    )
    assert [(when, number - FIRST_ORDINAL + 1, price) for when, number, price in stored] == [
        (at(0), 1, "1"), (at(0), 2, "1"), (at(0), 3, "2"), (at(0), 4, "1"),
        (at(5), 1, "1"), (at(5), 2, "1"), (at(9), 1, "3"),
    ]  # fmt: skip
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_rows_with_and_without_ids_at_one_moment(db: AsyncDatabase, database: Place) -> None:
    rows = [trade(0, 1), trade(0, None), trade(0, 2), trade(0, None, price="7")]
    assert (await db.capture.write_trades(table(rows))).total.stored == 4
    assert (await db.capture.write_trades(table(rows))).total.stored == 0
    brute.check_derived(database.dsn)


async def test_an_empty_table_is_a_batch_of_nothing(db: AsyncDatabase, database: Place) -> None:
    account = await db.capture.write_trades(table([trade(0, 1)]).slice(0, 0))
    assert account.total.received == 0
    assert brute.fetch(database.dsn, "SELECT status::text, received FROM batches") == [
        ("COMMITTED", 0)
    ]


async def test_volumes_whose_sum_leaves_the_columnar_type(
    db: AsyncDatabase, database: Place
) -> None:
    vast = "99999999999999999999.999999999999999999"
    rows = [trade(n * 1000, n, volume=vast) for n in range(1, 4)]
    assert (await db.capture.write_trades(table(rows))).total.stored == 3
    assert (await db.capture.write_trades(table([trade(9000, 4, volume=vast)]))).total.stored == 1
    brute.check_derived(database.dsn)
    shown = await db.market.candles("BTCUSDT", "1m")
    assert shown["volume"].to_pylist() == [4e20]


async def test_an_ordinal_is_never_taken_for_an_id(db: AsyncDatabase, database: Place) -> None:
    # The venue counts on: numbered from its last id, a row without one would hide the next trade.
    await db.capture.write_trades(table([trade(0, 1000)]))
    without = [trade(0, None), trade(0, None)]
    assert (await db.capture.write_trades(table(without))).total.stored == 1
    assert (await db.capture.write_trades(table([trade(1000, 1001)]))).total.stored == 1
    brute.check_derived(database.dsn)
