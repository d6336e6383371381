"""Files of fills into the books, out of them and in again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp import (
    AsyncDatabase,
    InputError,
    IntegrityRefused,
    MissingRate,
    NotFound,
)
from tests.postgres import Place
from tests.trading import account_files as real
from tests.trading.account_files import MAP, rows


@pytest.mark.long
async def test_the_real_account_adds_up(db: AsyncDatabase) -> None:
    path = real.real_file()
    await real.opened(db)
    found = await db.trading.import_fills("main", path, rates=real.RATES)
    assert (found.received, found.booked, found.duplicates) == (real.FILLS, real.FILLS, 0)
    assert found.symbols == (("BTCUSDT", "binance"),)
    assert (found.first, found.last) == (
        datetime(2019, 10, 31, 15, 48, 51, 803_000, UTC),
        datetime(2020, 8, 4, 5, 40, 26, 13_000, UTC),
    )
    assert found.fees == real.fees()
    assert await db.trading.balances("main") == real.balances()
    trades = await db.trading.trades("main")
    paid: Counter[str] = Counter()
    for trade in trades:
        paid[str(trade.commission_currency)] += trade.commission  # type: ignore[assignment]
    assert paid == real.fees()
    (held,) = [one for one in await db.trading.positions("main") if one.status != "CLOSED"]
    assert (held.side, held.open_quantity) == ("LONG", real.balances()["BTC"])
    daily = {
        one.day: (one.fills, one.realized_pnl, one.commission)
        for one in await db.trading.pnl_by_day("main")
        if one.fills
    }
    assert daily == real.daily()
    assert await db.trading.check_books("main") == []

    again = await db.trading.import_fills("main", path, rates=real.RATES)
    assert (again.booked, again.duplicates) == (0, real.FILLS)
    assert await db.trading.trades("main") == trades
    assert await db.trading.balances("main") == real.balances()


async def test_a_check_books_nothing(books: AsyncDatabase, tmp_path: Path) -> None:
    path = rows(tmp_path, "1,BUY,1,100,a,0,", "2,SELL,1,110,b,0,", "2,SELL,1,110,b,0,")
    checked = await books.trading.import_fills("main", path, mapping=MAP, check=True)
    assert (checked.received, checked.booked, checked.duplicates) == (3, 2, 1)
    assert checked.checked
    assert await books.trading.trades("main") == []
    done = await books.trading.import_fills("main", path, mapping=MAP)
    assert replace(done, checked=True) == checked
    again = await books.trading.import_fills("main", path, mapping=MAP, check=True)
    assert (again.booked, again.duplicates) == (0, 3)


async def test_a_check_names_what_the_import_would_lack(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    path = rows(tmp_path, "1,BUY,1,100,a,0,", "2,SELL,1,110,b,0.1,XYZ")
    with pytest.raises(MissingRate, match="no rate from XYZ to USDT"):
        await books.trading.import_fills("main", path, mapping=MAP, check=True)
    rates = {"XYZ": Decimal(2)}
    checked = await books.trading.import_fills("main", path, mapping=MAP, check=True, rates=rates)
    assert checked.booked == 2
    strange = path.rename(tmp_path / "strange.csv")
    strange.write_text(strange.read_text().replace("BTCUSDT", "UNHEARD"))
    if "UNHEARD" in strange.read_text():
        with pytest.raises(NotFound, match="nothing is stored for UNHEARD"):
            await books.trading.import_fills("main", strange, mapping=MAP, check=True, rates=rates)
    assert await books.trading.trades("main") == []


async def test_one_bad_record_refuses_all_of_them(books: AsyncDatabase, tmp_path: Path) -> None:
    good = rows(tmp_path, "1,BUY,1,100,a,0,").rename(tmp_path / "good.csv")
    bad = rows(tmp_path, "2,BUY,1,100,b,0,", "3,BUY,-1,100,c,0,")
    with pytest.raises(InputError, match=r"fills.csv, line 3: quantity '-1' must be above zero"):
        await books.trading.import_fills("main", [good, bad], mapping=MAP, chunk=1)
    assert await books.trading.trades("main") == []


async def test_one_id_with_two_contents_refuses_all(books: AsyncDatabase, tmp_path: Path) -> None:
    path = rows(tmp_path, "1,BUY,1,100,a,0,", "2,BUY,1,100,b,0,", "1,BUY,1,101,a,0,")
    with pytest.raises(InputError, match=r"fills.csv, line .: a is at .*, line . with another"):
        await books.trading.import_fills("main", path, mapping=MAP, chunk=1)
    assert await books.trading.trades("main") == []


async def test_a_refused_fill_stops_the_import_and_is_mended(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    lines = [f"{day},BUY,1,100,{day},0.1,BNB" for day in range(1, 6)]
    path = rows(tmp_path, *lines, "6,BUY,1,100,6,0.1,XYZ", "7,BUY,1,100,7,0.1,BNB")
    rates = {"BNB": Decimal(300)}
    with pytest.raises(MissingRate, match=r"XYZ .*; 4 of 7 are booked; mend it and run it again"):
        await books.trading.import_fills("main", path, mapping=MAP, rates=rates, chunk=2)
    assert len(await books.trading.trades("main")) == 4
    mended = await books.trading.import_fills(
        "main", path, mapping=MAP, rates={**rates, "XYZ": Decimal(2)}, chunk=2
    )
    assert (mended.booked, mended.duplicates) == (3, 4)
    other = rows(tmp_path, "1,BUY,2,100,1,0.1,BNB")
    with pytest.raises(IntegrityRefused, match=r"booked with another content.*0 of 1 are booked"):
        await books.trading.import_fills("main", other, mapping=MAP)


async def test_rates_of_a_fill_come_before_those_of_the_call(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "fills.jsonl"
    one = {
        "t": 1_700_000_000, "s": "BUY", "q": "1", "p": "100", "fee": "1", "in": "BNB", "r": "310",
    }  # fmt: skip
    path.write_text("\n".join(map(json.dumps, [one, {**one, "t": 1_700_000_001, "r": None}])))
    mapping = "timestamp=t:s, side=s, quantity=q, price=p, fee=fee, fee_currency=in, rate.BNB=r"
    await books.trading.import_fills(
        "main", path, mapping=mapping, exchange="binance", symbol="BTC/USDT",
        rates={"BNB": Decimal(299)},
    )  # fmt: skip
    trades = await books.trading.trades("main")
    assert [trade.commission_value for trade in trades] == [310, 299]


async def test_what_is_not_known_is_said(books: AsyncDatabase, tmp_path: Path) -> None:
    path = rows(tmp_path, "1,BUY,1,100,a,0,")
    with pytest.raises(NotFound, match="there is no portfolio 'absent'"):
        await books.trading.import_fills("absent", path, mapping=MAP)
    with pytest.raises(NotFound, match=r"strategy.*; 0 of 1 are booked"):
        await books.trading.import_fills("main", path, mapping=MAP, strategy="absent")
    path.write_text(path.read_text().replace("BTCUSDT", "NEWUSDT"))
    with pytest.raises(NotFound, match=r"no instrument NEWUSDT .* instruments add NEWUSDT"):
        await books.trading.import_fills("main", path, mapping=MAP)
    with pytest.raises(InputError, match="chunk is 0"):
        await books.trading.import_fills("main", path, mapping=MAP, chunk=0)
    with pytest.raises(InputError, match="rate of BNB 0 must be above zero"):
        await books.trading.import_fills("main", path, mapping=MAP, rates={"BNB": Decimal(0)})


_IMPORT = """
import sys
from decimal import Decimal
import cryptoscalp
with cryptoscalp.connect(sys.argv[1]) as db:
    db.trading.import_fills(sys.argv[2], sys.argv[3], rates={"BNB": Decimal("19.5")}, chunk=100)
"""


def _booked(dsn: str, portfolio: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT count(*) FROM trades JOIN portfolios USING (portfolio_id) WHERE name = %s",
            (portfolio,),
        ).fetchone()
    assert found
    return int(found[0])


def _import_and_kill(dsn: str, portfolio: str, path: str) -> None:
    """Import in a process that is killed after a third of the fills."""
    running = subprocess.Popen([sys.executable, "-c", _IMPORT, dsn, portfolio, path])
    end = time.monotonic() + 60
    while _booked(dsn, portfolio) < real.FILLS // 3 and time.monotonic() < end:
        time.sleep(0.01)
    running.kill()
    assert running.wait() == -9


async def test_an_import_that_was_killed_is_finished_by_running_it_again(
    db: AsyncDatabase, database: Place
) -> None:
    path = str(real.real_file())
    await real.opened(db, "killed", "whole")
    await asyncio.to_thread(_import_and_kill, database.dsn, "killed", path)
    done = _booked(database.dsn, "killed")
    assert 0 < done < real.FILLS
    assert done % 100 == 0
    rest = await db.trading.import_fills("killed", path, rates=real.RATES)
    # A transaction that the server was in when the client died may have been committed since.
    assert rest.duplicates % 100 == 0
    assert rest.booked == real.FILLS - rest.duplicates
    await db.trading.import_fills("whole", path, rates=real.RATES)
    unlike = ("trade_id", "portfolio_id", "opens_position_id", "closes_position_id", "recorded_at")
    same: dict[str, Any] = dict.fromkeys(unlike)
    killed, whole = [
        [replace(one, **same) for one in await db.trading.trades(name)]
        for name in ("killed", "whole")
    ]
    assert killed == whole
    assert await db.trading.balances("killed") == await db.trading.balances("whole")
    assert await db.trading.pnl_by_day("killed") == await db.trading.pnl_by_day("whole")
    assert await db.trading.check_books() == []
