"""A published back-test, booked fill by fill: its profit, wins, losses and drawdown come out.

The file tells two stories: its `profit_abs` are before the fees that it names, its `profit_ratio`
after them. Profit and profit factor follow from the first, wins and losses from the second. Its
drawdown is that of closed trades, those that close at one moment together.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase, Fill
from cryptoscalp.analytics.measures import measured, measured_trades

SHARED = Path(__file__).resolve().parents[3] / "shared"
RESULT = SHARED / "data" / "freqtrade" / "backtest-result.json"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """The result of the strategy, with its 179 trades."""
    if not RESULT.exists():
        pytest.skip("the shared data are not here")
    found: dict[str, Any] = json.loads(RESULT.read_text())["strategy"]["StrategyTestV3"]
    return found


def _fills(trades: list[dict[str, Any]]) -> list[Fill]:
    found = []
    for n, one in enumerate(trades):
        size = Decimal(str(one["amount"]))
        for side, when, price in (
            ("BUY", one["open_date"], one["open_rate"]),
            ("SELL", one["close_date"], one["close_rate"]),
        ):
            found.append(
                Fill(
                    symbol=one["pair"].replace("/", ""), exchange="binance",
                    exchange_trade_id=f"{n}-{side}", timestamp=datetime.fromisoformat(when),
                    side=side,  # type: ignore[arg-type]
                    quantity=size, price=round(Decimal(str(price)), 18),
                )
            )  # fmt: skip
    # A pair is sold before it is bought again.
    return sorted(found, key=lambda fill: (fill.timestamp, fill.side == "BUY"))


async def test_the_books_make_what_was_published(
    db: AsyncDatabase, published: dict[str, Any]
) -> None:
    trades = published["trades"]
    for pair in sorted({one["pair"] for one in trades}):
        base, _, quote = pair.partition("/")
        await db.market.add_instrument(pair.replace("/", ""), "binance", base=base, quote=quote)
    await db.trading.create_portfolio("backtest", "BTC")
    fills = _fills(trades)
    await db.trading.deposit(
        "backtest", "BTC", Decimal(str(published["starting_balance"])), reference="start",
        timestamp=fills[0].timestamp,
    )  # fmt: skip
    await db.trading.record_fills("backtest", fills)
    await db.analytics.refresh(as_of=datetime.fromisoformat("2018-02-01T00:00:00+00:00"))
    (found,) = await db.analytics.performance("backtest", "all")
    profits = [Decimal(str(one["profit_abs"])) for one in trades]
    assert found.total_trades == published["total_trades"] == 179
    assert [found.wins, found.losses] == [
        sum(one > 0 for one in profits), sum(one < 0 for one in profits),
    ]  # fmt: skip
    made = float(found.gross_profit - found.gross_loss)
    assert made == pytest.approx(published["profit_total_abs"], rel=1e-9)
    assert found.total_return == pytest.approx(published["profit_total"], rel=1e-9)
    assert found.profit_factor == pytest.approx(published["profit_factor"], rel=1e-9)
    value = await db.trading.value("backtest", datetime.fromisoformat("2018-02-01T00:00:00+00:00"))
    assert float(value.equity) == pytest.approx(published["final_balance"], rel=1e-9)


def test_wins_losses_and_drawdown_are_what_was_published(published: dict[str, Any]) -> None:
    after_fees = measured_trades([Decimal(str(one["profit_ratio"])) for one in published["trades"]])
    assert [after_fees.wins, after_fees.losses] == [published["wins"], published["losses"]]
    assert after_fees.total_trades == published["total_trades"]
    assert after_fees.total_trades - 48 - 9 == published["draws"]
    by_moment: dict[int, float] = defaultdict(float)
    for one in published["trades"]:
        by_moment[one["close_timestamp"]] += one["profit_abs"]
    profits = [profit for _, profit in sorted(by_moment.items())]
    balance = published["starting_balance"] + np.concatenate([[0.0], np.cumsum(profits)])
    found = measured(balance[1:] / balance[:-1] - 1, 365.0)
    assert found.max_drawdown == pytest.approx(published["max_drawdown_account"], rel=1e-9)
    assert found.total_return == pytest.approx(published["profit_total"], rel=1e-9)
    fallen = np.maximum.accumulate(balance) - balance
    assert fallen.max() == pytest.approx(published["max_drawdown_abs"], rel=1e-9)
