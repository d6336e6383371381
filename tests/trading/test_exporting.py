"""Fills out of the books into files, and in again."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, Fill, InputError, MissingRate, NotFound
from tests.faces import open_face
from tests.postgres import Place
from tests.trading import account_files as real
from tests.trading.account_files import MAP, rows
from tests.trading.books import RATES, SPOT, TRADED, fill, prepare


@pytest.mark.long
async def test_the_real_account_goes_out_and_in_again(db: AsyncDatabase, tmp_path: Path) -> None:
    await real.opened(db, "main", "csv", "jsonl")
    await db.trading.import_fills("main", real.real_file(), rates=real.RATES)
    for kind in ("csv", "jsonl"):
        first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
        written = await db.trading.export_fills("main", first)
        assert (written.path, written.fills) == (first, real.FILLS)
        packed = tmp_path / "packed.gz"
        packed.write_bytes(gzip.compress(first.read_bytes()))
        await db.trading.import_fills(kind, packed)
        await db.trading.export_fills(kind, second)
        assert second.read_bytes() == first.read_bytes()
        assert await db.trading.balances(kind) == await db.trading.balances("main")
        assert await db.trading.pnl_by_day(kind) == await db.trading.pnl_by_day("main")


async def test_what_is_exported(books: AsyncDatabase, tmp_path: Path) -> None:
    path = rows(tmp_path, *(f"{day},BUY,1,100,{day},0," for day in range(1, 6)))
    await books.trading.import_fills("main", path, mapping=MAP)
    taken_back = (await books.trading.trades("main"))[2]
    await books.trading.reverse_trade(taken_back.trade_id, reason="test")
    target = tmp_path / "out.csv"
    found = await books.trading.export_fills(
        "main", target, symbol="BTC/USDT", exchange="binance",
        start=datetime(2024, 1, 2, tzinfo=UTC), end=datetime(2024, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    assert found.fills == 2
    days = [line[:10] for line in target.read_text().splitlines()[1:]]
    assert days == ["2024-01-02", "2024-01-04"]
    with pytest.raises(InputError, match=r"use .csv or .jsonl"):
        await books.trading.export_fills("main", tmp_path / "out.parquet")
    with pytest.raises(InputError, match="cannot be written"):
        await books.trading.export_fills("main", tmp_path / "absent" / "out.csv")
    with pytest.raises(NotFound, match="nothing is stored for NOSUCH"):
        await books.trading.export_fills("main", target, symbol="NOSUCH")


async def test_fills_of_every_kind_of_instrument(books: AsyncDatabase, tmp_path: Path) -> None:
    fills = [
        fill(f"{number}-{side}", side, "2", price, of=one, fee=fee, fee_currency=paid, after_s=at)
        for number, (one, fee, paid) in enumerate(
            [(one, fee, paid) for one in TRADED for fee, paid in (("0", None), ("0.01", "BNB"))]
        )
        for at, (side, price) in enumerate([("BUY", "50000"), ("SELL", "51000")])
    ]
    await books.trading.record_fills("main", fills)
    await books.trading.create_portfolio("again", "USDT")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    await books.trading.export_fills("main", first)
    assert (await books.trading.import_fills("again", first)).booked == len(fills)
    await books.trading.export_fills("again", second)
    # The order of booking, which fills of one time keep, is not that of the first time.
    assert sorted(second.read_text().splitlines()) == sorted(first.read_text().splitlines())
    assert await books.trading.balances("again") == await books.trading.balances("main")


async def test_rates_in_another_currency_are_not_taken(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    path = rows(tmp_path, "1,BUY,1,100,a,0.1,BNB")
    await books.trading.import_fills("main", path, mapping=MAP, rates={"BNB": Decimal(300)})
    out = tmp_path / "out.csv"
    await books.trading.export_fills("main", out)
    await books.trading.create_portfolio("euros", "EUR")
    with pytest.raises(MissingRate):
        await books.trading.import_fills("euros", out)
    rates = {"BNB": Decimal(280), "USDT": Decimal("0.9")}
    assert (await books.trading.import_fills("euros", out, rates=rates)).booked == 1


_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
_NAMES = _TEXT.filter(lambda name: name == name.strip())
_SIZES = st.decimals("0.000000000000000001", "99999", places=18)


@st.composite
def _fills(draw: st.DrawFn) -> list[Fill]:
    ids = draw(st.lists(_TEXT, min_size=1, max_size=8, unique=True))
    at = datetime(2024, 1, 1, tzinfo=UTC)
    fills = []
    for name in ids:
        at += timedelta(microseconds=draw(st.integers(1, 10**10)))
        fee = draw(st.sampled_from([Decimal(0), Decimal("-0.01"), Decimal("0.000000000000000001")]))
        currency = draw(st.sampled_from(["BNB", "USDT", "ETH"]))
        fills.append(
            Fill(
                symbol=SPOT.symbol, exchange=SPOT.exchange, exchange_trade_id=name, timestamp=at,
                side="BUY", quantity=draw(_SIZES) + 1, price=draw(_SIZES) + 1, fee=fee,
                fee_currency=currency if fee else None, rates=RATES,
                liquidity=draw(st.sampled_from([None, "MAKER", "TAKER"])),
                exchange_order_id=draw(st.none() | _NAMES), note=draw(st.none() | _TEXT),
                model_id=draw(st.sampled_from([None, 1, 2])),
            )
        )  # fmt: skip
    return fills


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs the examples: between them, while Hypothesis draws, no thread of a pool is at work."""
    with asyncio.Runner() as made:
        yield made


async def _out_and_in(db: AsyncDatabase, fills: list[Fill], number: int, folder: Path) -> None:
    """Book the fills, export them in both ways, import each, and find the same."""
    out = f"out{number}"
    await db.trading.create_portfolio(out, "USDT")
    await db.trading.record_fills(out, fills)
    left = await db.trading.trades(out)
    assert [one.note for one in left] == [fill.note for fill in fills]
    unlike = ("trade_id", "portfolio_id", "opens_position_id", "recorded_at")
    same: dict[str, Any] = dict.fromkeys(unlike)
    for kind in ("csv", "jsonl"):
        back = f"{kind}{number}"
        first, second = folder / f"first.{kind}", folder / f"second.{kind}"
        await db.trading.create_portfolio(back, "USDT")
        await db.trading.export_fills(out, first)
        await db.trading.import_fills(back, first)
        await db.trading.export_fills(back, second)
        assert second.read_bytes() == first.read_bytes()
        right = await db.trading.trades(back)
        assert [replace(one, **same) for one in left] == [replace(one, **same) for one in right]


def test_whatever_is_exported_comes_back_the_same(
    database: Place, runner: asyncio.Runner, tmp_path: Path
) -> None:
    db = runner.run(open_face("async", database.dsn))
    numbers = count(1)

    @settings(max_examples=40, deadline=None)
    @given(fills=_fills())
    def check(fills: list[Fill]) -> None:
        runner.run(_out_and_in(db, fills, next(numbers), tmp_path))

    try:
        runner.run(prepare(db))
        for _ in range(2):
            runner.run(db.registry.register_version("scalper"))
        check()
    finally:
        runner.run(db.close())
