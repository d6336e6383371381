"""The books compared with a venue's files, and made to agree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, Fill, InputError, IntegrityRefused, MissingRate, NotFound
from cryptoscalp.trading.files.own import as_json_lines
from tests.trading import account_files as real
from tests.trading.books import CROSS, RATES, START, fill


def at_venue(folder: Path, fills: Sequence[Fill], name: str = "venue.jsonl") -> Path:
    """A file of the venue's fills."""
    path = folder / name
    path.write_text("".join(as_json_lines(fills, "USDT")), encoding="utf-8")
    return path


def some(count: int = 6, **more: Any) -> list[Fill]:
    """Fills a minute apart, bought and sold in turn, a fee in BNB."""
    return [
        fill(n, "BUY" if n % 2 else "SELL", "2", str(100 + n), fee="0.01", fee_currency="BNB",
             after_s=60 * n, **more)
        for n in range(1, count + 1)
    ]  # fmt: skip


def changed(one: Fill, **changes: Any) -> Fill:
    """The fill with other fields."""
    return replace(one, **changes)


async def test_books_that_agree(books: AsyncDatabase, tmp_path: Path) -> None:
    fills = some()
    await books.trading.record_fills("main", fills)
    late = [changed(one, timestamp=one.timestamp + timedelta(seconds=0.999)) for one in fills]
    for file in (fills, late, fills + late):
        found = await books.trading.reconcile_fills("main", at_venue(tmp_path, file), apply=True)
        assert found.agrees
        assert (found.agreed, found.applied) == (6, ())


async def test_what_is_missing_extra_and_different(books: AsyncDatabase, tmp_path: Path) -> None:
    one, two, three, four, five, six = some()
    await books.trading.record_fills("main", [one, two, three, four, six])
    dear = changed(four, price=Decimal(999), fee=Decimal("0.02"), fee_currency="ETH")
    venue = at_venue(tmp_path, [one, three, dear, five, six])
    before = await books.trading.trades("main")
    found = await books.trading.reconcile_fills("main", venue)
    assert not found.agrees
    assert found.agreed == 3
    assert [fill.exchange_trade_id for fill in found.missing] == ["5"]
    assert [(one.trade_id, one.fill.exchange_trade_id) for one in found.extra] == [
        (before[1].trade_id, "2")
    ]
    (different,) = found.differing
    assert different.booked.trade_id == before[3].trade_id
    assert [(one.field, one.books, one.venue) for one in different.fields] == [
        ("price", 104, 999), ("fee", Decimal("0.01"), Decimal("0.02")),
        ("fee_currency", "BNB", "ETH"),
    ]  # fmt: skip
    assert await books.trading.trades("main") == before

    done = await books.trading.reconcile_fills("main", venue, apply=True, reason="case 17")
    assert (done.missing, done.extra, done.differing) == (
        found.missing, found.extra, found.differing,
    )  # fmt: skip
    written = [one for one in await books.trading.trades("main") if one not in before]
    assert tuple(one.trade_id for one in written) == done.applied
    assert [(one.kind, one.exchange_trade_id, one.note) for one in written] == [
        ("REVERSAL", None, "reconcile: not at the venue: case 17"),
        ("REVERSAL", None, "reconcile: differs from the venue: case 17"),
        ("ADJUSTMENT", "4", "reconcile: differs from the venue: case 17"),
        ("ADJUSTMENT", "5", "reconcile: missing: case 17"),
    ]
    for apply in (False, True):
        again = await books.trading.reconcile_fills("main", venue, apply=apply)
        assert again.agrees
        assert (again.agreed, again.applied) == (5, ())
    assert await books.trading.check_books() == []

    await books.trading.create_portfolio("fresh", "USDT")
    await books.trading.import_fills("fresh", venue)
    assert await books.trading.balances("main") == await books.trading.balances("fresh")


async def test_only_what_the_file_covers_is_compared(books: AsyncDatabase, tmp_path: Path) -> None:
    other = fill("x", "BUY", "1", "0.05", of=CROSS, after_s=180)
    await books.trading.record_fills("main", [*some(), other])
    path = at_venue(tmp_path, some()[1:5])
    assert (await books.trading.reconcile_fills("main", path)).agrees
    wider = await books.trading.reconcile_fills("main", path, start=START)
    assert [one.fill.exchange_trade_id for one in wider.extra] == ["1"]
    wider = await books.trading.reconcile_fills("main", path, end=START + timedelta(hours=1))
    assert [one.fill.exchange_trade_id for one in wider.extra] == ["6"]
    half = at_venue(tmp_path, [*some()[:2], fill("new", "BUY", "1", "100", after_s=3_600)])
    narrow = await books.trading.reconcile_fills("main", half, end=START + timedelta(seconds=121))
    assert (narrow.agrees, narrow.agreed) == (True, 2)
    with pytest.raises(InputError, match="is not after start"):
        await books.trading.reconcile_fills("main", path, end=START)


async def test_a_day_booked_wrong_is_a_difference(books: AsyncDatabase, tmp_path: Path) -> None:
    one, two, three = some(3)
    await books.trading.record_fills("main", [one, two, three])
    moved = changed(one, timestamp=one.timestamp - timedelta(days=30))
    path = at_venue(tmp_path, [moved, two, three])
    found = await books.trading.reconcile_fills("main", path, apply=True)
    assert [field.field for field in found.differing[0].fields] == ["timestamp"]
    assert (await books.trading.reconcile_fills("main", path)).agrees


async def test_fills_of_files_without_ids_are_known_by_their_content(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    twice = "2024-01-01 00:01:00,BTCUSDT,BUY,100,2BTC,200USDT,0.01BNB\n"
    path = tmp_path / "history.csv"
    path.write_text(f"Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n{twice}{twice}")
    same = [
        fill(name, "BUY", "2", "100", fee="0.01", fee_currency="BNB", after_s=60.25)
        for name in ("a", "b", "c")
    ]
    await books.trading.record_fills("main", same)
    found = await books.trading.reconcile_fills(
        "main", path, exchange="binance", end=START + timedelta(hours=1)
    )
    assert (found.agreed, len(found.extra), found.missing) == (2, 1, ())
    await books.trading.create_portfolio("other", "USDT")
    await books.trading.import_fills("other", path, exchange="binance", rates=RATES)
    ours = at_venue(tmp_path, same[:2])
    again = await books.trading.reconcile_fills("other", ours, start=START)
    assert (again.agrees, again.agreed) == (True, 2)


async def test_what_was_closed_by_hand_is_extra(books: AsyncDatabase, tmp_path: Path) -> None:
    fills = some(3)
    await books.trading.record_fills("main", fills[:1])
    (held,) = await books.trading.positions("main")
    await books.trading.close_position(
        held.position_id, Decimal(105), timestamp=START + timedelta(seconds=90)
    )
    path = at_venue(tmp_path, [fills[0], fills[2]])
    found = await books.trading.reconcile_fills("main", path, apply=True)
    assert [one.fill.exchange_trade_id for one in found.extra] == [f"close:{held.position_id}:0"]
    assert [one.exchange_trade_id for one in found.missing] == ["3"]
    assert (await books.trading.reconcile_fills("main", path)).agrees


async def test_a_hedging_portfolio_and_a_strategy(books: AsyncDatabase, tmp_path: Path) -> None:
    await books.trading.create_portfolio("hedged", "USDT", position_mode="HEDGING")
    await books.trading.create_strategy("scalper")
    one, two = some(2, position_side="LONG")
    await books.trading.record_fills("hedged", [changed(one, strategy="scalper")])
    dear = changed(one, price=Decimal(150), position_side=None)
    path = at_venue(tmp_path, [dear, changed(two, strategy="scalper")])
    await books.trading.reconcile_fills("hedged", path, apply=True)
    assert (await books.trading.reconcile_fills("hedged", path)).agrees
    assert {one.strategy_id for one in await books.trading.trades("hedged")} == {1}
    assert await books.trading.check_books() == []


async def test_what_cannot_be_applied_changes_nothing(books: AsyncDatabase, tmp_path: Path) -> None:
    one, two, three = some(3)
    await books.trading.record_fills("main", [one, two])
    before = await books.trading.trades("main")
    strange = changed(three, fee_currency="XYZ")
    path = at_venue(tmp_path, [changed(one, price=Decimal(1)), strange])
    with pytest.raises(MissingRate, match="XYZ"):
        await books.trading.reconcile_fills("main", path, apply=True)
    assert await books.trading.trades("main") == before
    done = await books.trading.reconcile_fills("main", path, apply=True, rates={"XYZ": Decimal(3)})
    assert len(done.applied) == 4  # an extra one, two for the other price, the missing one


async def test_a_file_that_compares_nothing_is_refused(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    await books.trading.record_fills("main", some())
    empty = tmp_path / "empty.json"
    empty.write_text("[]")
    with pytest.raises(InputError, match="holds no fill, so that there is nothing to compare"):
        await books.trading.reconcile_fills("main", empty, apply=True)
    path = at_venue(tmp_path, some())
    with pytest.raises(InputError, match="holds no fill of ETHUSDT"):
        await books.trading.reconcile_fills("main", path, symbol="ETHUSDT", apply=True)
    twice = at_venue(tmp_path, [*some(), changed(some()[0], price=Decimal(7))])
    with pytest.raises(InputError, match=r"line 7: 1 is at .*line 1 with another price"):
        await books.trading.reconcile_fills("main", twice)
    with pytest.raises(NotFound, match="no portfolio 'absent'"):
        await books.trading.reconcile_fills("absent", path)
    assert len(await books.trading.trades("main")) == 6


async def test_a_fill_that_was_taken_back_wrongly_comes_in_again(
    books: AsyncDatabase, tmp_path: Path
) -> None:
    booked = await books.trading.record_fills("main", some(3))
    await books.trading.reverse_trade(booked[1].trade.trade_id, reason="a mistake")
    path = at_venue(tmp_path, some(3))
    found = await books.trading.reconcile_fills("main", path, apply=True)
    assert [one.exchange_trade_id for one in found.missing] == ["2"]
    assert (await books.trading.reconcile_fills("main", path)).agrees


@pytest.mark.long
async def test_the_real_account_is_reconciled_from_nothing(
    db: AsyncDatabase, tmp_path: Path
) -> None:
    path = real.real_file()
    await real.opened(db)
    found = await db.trading.reconcile_fills("main", path, apply=True, rates=real.RATES)
    assert (len(found.missing), len(found.applied)) == (real.FILLS, real.FILLS)
    assert (await db.trading.reconcile_fills("main", path)).agreed == real.FILLS
    assert await db.trading.balances("main") == real.balances()


def balance_file(folder: Path, **amounts: str) -> Path:
    """A file of balances."""
    path = folder / "balances.json"
    path.write_text(json.dumps(amounts))
    return path


async def test_balances(books: AsyncDatabase, tmp_path: Path) -> None:
    await books.trading.deposit("main", "USDT", Decimal(100), reference="d1")
    await books.trading.deposit("main", "BNB", Decimal(2), reference="d2", rates=RATES)
    path = balance_file(tmp_path, USDT="100", BTC="0.5", XYZ="0")
    found = await books.trading.reconcile_balances("main", path)
    half, hundred, zero = Decimal("0.5"), Decimal(100), Decimal(0)
    assert [(one.currency, one.books, one.venue, one.difference) for one in found.balances] == [
        ("BNB", Decimal(2), zero, Decimal(-2)), ("BTC", zero, half, half),
        ("USDT", hundred, hundred, zero),
    ]  # fmt: skip
    assert [one.currency for one in found.differing] == ["BNB", "BTC"]
    assert not found.agrees
    with pytest.raises(MissingRate, match="BNB"):
        await books.trading.reconcile_balances("main", path, apply=True)
    assert len(await books.trading.cash_ledger("main")) == 2
    when = START + timedelta(days=1)
    done = await books.trading.reconcile_balances("main", path, apply=True, at=when, rates=RATES)
    entries = (await books.trading.cash_ledger("main"))[2:]
    assert tuple(one.entry_id for one in entries) == done.applied
    assert {(one.kind, one.note, one.timestamp) for one in entries} == {
        ("ADJUSTMENT", "reconcile: balances of balances.json", when)
    }
    assert [str(one.reference).split(":")[2:] for one in entries] == [["BNB", "2"], ["BTC", "0"]]
    for apply in (False, True):
        again = await books.trading.reconcile_balances("main", path, apply=apply, rates=RATES)
        assert (again.agrees, again.applied) == (True, ())
    await books.trading.deposit("main", "BTC", Decimal(1), reference="d3", rates=RATES)
    third = await books.trading.reconcile_balances("main", path, apply=True, rates=RATES)
    assert len(third.applied) == 1
    assert (await books.trading.balances("main"))["BTC"] == Decimal("0.5")


async def test_balances_of_all_digits(books: AsyncDatabase, tmp_path: Path) -> None:
    await books.trading.deposit("main", "USDT", Decimal("1E-18"), reference="d1")
    text = "12345678901234567890.123456789012345678"
    path = balance_file(tmp_path, USDT=text)
    found = await books.trading.reconcile_balances("main", path, apply=True)
    assert found.balances[0].difference == Decimal("12345678901234567890.123456789012345677")
    assert (await books.trading.balances("main"))["USDT"] == Decimal(text)


async def test_balances_that_cannot_be_compared(books: AsyncDatabase, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no balance"):
        await books.trading.reconcile_balances("main", balance_file(tmp_path), apply=True)
    with pytest.raises(NotFound, match="no portfolio 'absent'"):
        await books.trading.reconcile_balances("absent", balance_file(tmp_path, BTC="1"))
    with pytest.raises((InputError, IntegrityRefused)):
        await books.trading.reconcile_balances("main", balance_file(tmp_path, BTC="1e30"))
