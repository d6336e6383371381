"""What a continuous aggregate over ticks is good for, beside the candles kept at commit."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, IntegrityRefused
from cryptoscalp.infra import migrations
from tests.faces import NOON, at, open_face, table, trade
from tests.postgres import Place
from tests.retention.days import age
from tests.timescale.features import DOCUMENT

_REFRESH: Final = (
    "CALL refresh_continuous_aggregate('dashboards.trade_minutes',"
    " %s::timestamptz, %s::timestamptz)"
)
#: Minutes of an instrument, and in how many a column differs from the candle kept at commit.
_COMPARE: Final = """
    SELECT count(*), count(a.bucket),
           count(*) FILTER (WHERE a.open <> c.open), count(*) FILTER (WHERE a.close <> c.close),
           count(*) FILTER (WHERE a.high <> c.high OR a.low <> c.low),
           count(*) FILTER (WHERE a.volume <> c.volume OR a.trades <> c.trade_count)
    FROM candles AS c LEFT JOIN dashboards.trade_minutes AS a
      ON a.bucket = c.timestamp AND a.symbol = c.symbol AND a.exchange = c.exchange
      AND a.feed = 'trade'
    WHERE c.interval = '1m' AND c.symbol = %s
"""


def statements() -> list[str]:
    """The SQL of the guide, as a reader would run it."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## An aggregate of your own")[2]
    block = text.partition("```sql\n")[2].partition("```")[0]
    return [one for one in block.split(";\n") if one.strip()]


@pytest.fixture(scope="module")
def aggregate(timescale: Place) -> Iterator[Place]:
    """The database with the guide's aggregate in it."""
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        for statement in statements():
            connection.execute(statement.encode())
    yield timescale
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA dashboards CASCADE")


@pytest.fixture
async def db(
    aggregate: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncDatabase]:
    """The product over it; which driver writes the ticks makes no difference to what is shown."""
    monkeypatch.setenv("CRYPTOSCALP_COLD_WAREHOUSE", str(tmp_path / "lake"))
    async with await open_face("async", aggregate.dsn) as opened:
        yield opened


def refresh(place: Place, first: Any = None, last: Any = None) -> None:
    """As the administrator: it has to be the aggregate's owner."""
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        connection.execute(_REFRESH, (first, last))


def compared(place: Place, symbol: str) -> Sequence[int]:
    """Candles; minutes of the aggregate; with another open, close, high or low, sum or count."""
    with psycopg.connect(place.dsn, options="-c timezone=UTC") as connection:
        row = connection.execute(_COMPARE, (symbol,)).fetchone()
    assert row is not None
    return row


def minutes(symbol: str, count: int, tied: int, day: int = 0) -> list[dict[str, Any]]:
    """Minutes whose first and last moment have `tied` trades each, in another order than stored."""
    chance = random.Random(5)
    made = [
        trade((day * 1_440 + minute) * 60_000_000 + after, sequence, symbol=symbol,
              price=str(chance.randrange(100, 900)), volume=f"0.{chance.randrange(1, 10**9)}")
        for minute in range(count)
        for sequence, after in enumerate(
            [0] * tied + [30_000_000] * tied, start=minute * 2 * tied + day * 10**6)
    ]  # fmt: skip
    chance.shuffle(made)
    return made


async def test_open_and_close_differ_where_trades_share_a_moment(
    db: AsyncDatabase, aggregate: Place
) -> None:
    """first() and last() take what the plan meets first; a candle goes by the trades' ids."""
    ties = minutes("TIES", 40, 10)
    for batch in (ties[::2], ties[1::2]):
        await db.capture.write_trades(table(batch))
    refresh(aggregate)
    candles, there, opens, closes, extremes, sums = compared(aggregate, "TIES")
    assert candles == there == 40
    assert opens > 10
    assert closes > 10
    assert (extremes, sums) == (0, 0)
    # Where every moment has one trade, all columns are those of the candles.
    await db.capture.write_trades(table(minutes("APART", 40, 1)))
    refresh(aggregate)
    assert compared(aggregate, "APART") == (40, 40, 0, 0, 0, 0)


async def test_a_late_trade_is_missing_until_the_next_refresh(
    db: AsyncDatabase, aggregate: Place
) -> None:
    await db.capture.write_trades(table(minutes("LATE", 10, 1)))
    refresh(aggregate)
    assert compared(aggregate, "LATE") == (10, 10, 0, 0, 0, 0)
    late = trade(10_000_000, 900, symbol="LATE", price="5000")
    await db.capture.write_trades(table([late]))
    # The candle has it at commit, the aggregate has not.
    assert compared(aggregate, "LATE") == (10, 10, 0, 0, 1, 1)
    refresh(aggregate, NOON, NOON + timedelta(minutes=2))
    assert compared(aggregate, "LATE") == (10, 10, 0, 0, 0, 0)
    # A batch that is taken back is too.
    batch = (await db.market.batches(1))[0]
    await db.market.undo_batch(batch.batch_id)
    assert compared(aggregate, "LATE") == (10, 10, 0, 0, 1, 1)
    refresh(aggregate, NOON, NOON + timedelta(minutes=2))
    assert compared(aggregate, "LATE") == (10, 10, 0, 0, 0, 0)


async def test_a_cold_day_stays_until_a_refresh_takes_it(
    db: AsyncDatabase, aggregate: Place
) -> None:
    far = minutes("FAR", 10, 1, day=5)
    await db.capture.write_trades(table(far))
    refresh(aggregate)
    age(aggregate)
    report = await db.retention.run(["market_data"])
    assert not report.failed
    day = at(5 * 86_400_000_000)
    assert ("moved", day.date()) in {(one.outcome, one.day) for one in report.done}
    # The candles and the ticks are read as before; the aggregate keeps what it had.
    ticks = await db.market.trades("FAR", day, day + timedelta(days=1), "binance", exact=True)
    assert ticks.num_rows == len(far)
    assert compared(aggregate, "FAR") == (10, 10, 0, 0, 0, 0)
    # A refresh of other days leaves it, one of that day finds no tick and takes its minutes out.
    refresh(aggregate, day + timedelta(days=1), None)
    assert compared(aggregate, "FAR")[:2] == (10, 10)
    refresh(aggregate, day, day + timedelta(days=1))
    assert compared(aggregate, "FAR")[:2] == (10, 0)
    # Thawed it is there again.
    await db.retention.thaw("market_data", "binance", "FAR", day.date(), day.date())
    refresh(aggregate, day, day + timedelta(days=1))
    assert compared(aggregate, "FAR") == (10, 10, 0, 0, 0, 0)


def test_only_its_owner_makes_and_refreshes_it(aggregate: Place) -> None:
    with psycopg.connect(aggregate.dsn, autocommit=True) as connection:
        connection.execute("SELECT FROM dashboards.trade_minutes")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner"):
            connection.execute(_REFRESH, (None, None))
    _, made, _, policy, *_ = statements()
    with psycopg.connect(aggregate.admin_dsn, autocommit=True) as connection:
        # The tables' owner may not log in, and TimescaleDB starts no work for such a role.
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute(made.replace("dashboards.", "public.").encode())
        with pytest.raises(psycopg.errors.InvalidAuthorizationSpecification, match="LOGIN"):
            connection.execute(policy.replace("dashboards.", "public.").encode())
        connection.execute("DROP MATERIALIZED VIEW public.trade_minutes")
        connection.execute("RESET ROLE")
        connection.execute("CREATE SCHEMA mine AUTHORIZATION cryptoscalp")
        connection.execute("SET SESSION AUTHORIZATION cryptoscalp")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="market_data"):
            connection.execute(made.replace("dashboards.", "mine.").encode())
        connection.execute("RESET SESSION AUTHORIZATION")
        connection.execute("DROP SCHEMA mine")
        jobs = connection.execute(
            "SELECT job_id, owner::text FROM timescaledb_information.jobs"
            " WHERE proc_name = 'policy_refresh_continuous_aggregate'"
        ).fetchall()
        user = connection.info.user
    assert [owner for _, owner in jobs] == [user]


def test_the_product_works_beside_it(aggregate: Place) -> None:
    """It is no part of the schema; a table is not rebuilt under it."""
    assert migrations.check(aggregate.admin_dsn) == []
    with pytest.raises(IntegrityRefused, match="continuous aggregate trade_minutes"):
        migrations.convert(aggregate.admin_dsn, "native", with_data=True)
