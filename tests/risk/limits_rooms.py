"""What the tests of limits need: a portfolio, prices, positions; an oracle of breaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cryptoscalp import AsyncDatabase, Fill
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.risk.limits.checking import record_checks
from cryptoscalp.risk.limits.limit_types import LimitCheck, Measured, RiskLimit
from cryptoscalp.risk.limits.risk_rows import RiskFigures
from tests.faces import table, trade

SYMBOL: Final = "BTCUSDT"
EXCHANGE: Final = "binanceusdm"
LEVELS: Final = ("MEDIUM", "HIGH", "CRITICAL")


async def desk(db: AsyncDatabase, name: str = "desk", cash: str = "10000") -> None:
    """A portfolio in USDT with cash, and a linear contract of 1 BTC to trade."""
    await db.market.add_instrument(SYMBOL, EXCHANGE, base="BTC", quote="USDT", settle="USDT")
    await db.trading.create_portfolio(name, "USDT", leverage=Decimal(10))
    if cash != "0":
        await db.trading.deposit(name, "USDT", Decimal(cash), reference="first")


async def buy(
    db: AsyncDatabase,
    quantity: str,
    price: str = "50000",
    *,
    portfolio: str = "desk",
    side: str = "BUY",
    number: str = "1",
    at: datetime | None = None,
    **more: Any,
) -> None:
    """A fill of the contract."""
    given: dict[str, Any] = {"symbol": SYMBOL, "exchange": EXCHANGE, **more}
    await db.trading.record_fill(
        portfolio,
        Fill(
            exchange_trade_id=number,
            timestamp=at or datetime.now(UTC),
            side=side,  # type: ignore[arg-type]
            quantity=Decimal(quantity),
            price=Decimal(price),
            **given,
        ),
    )


async def traded(db: AsyncDatabase, at: datetime, price: str = "50000", **more: Any) -> None:
    """A trade of the market."""
    given = {"symbol": SYMBOL, "exchange": EXCHANGE, "price": price, **more}
    record = trade(0, int(at.timestamp() * 1e6), **given)
    record["timestamp"] = at
    await db.capture.write_trades(table([record]))


async def mark(db: AsyncDatabase, price: str, portfolio: str = "desk") -> None:
    """Mark every open position of a portfolio at a price."""
    for one in await db.trading.positions(portfolio):
        await db.trading.mark_position(one.position_id, Decimal(price))


async def checked(db: AsyncDatabase, **more: Any) -> dict[str, LimitCheck]:
    """A check of the desk, by metric."""
    return {one.metric: one for one in await db.risk.check_limits("desk", **more)}


async def taken_in(
    db: AsyncDatabase,
    portfolio: str,
    limit: RiskLimit,
    value: Decimal | str | None,
    at: datetime,
    reason: str | None = "not measured",
) -> LimitCheck:
    """One check of one limit that was measured at a value."""
    given = None if value is None else Decimal(value)
    measured = Measured(given, reason if given is None else None)
    (found,) = await all_taken_in(db, portfolio, [limit], [measured], at)
    return found


async def all_taken_in(
    db: AsyncDatabase,
    portfolio: str,
    limits: Sequence[RiskLimit],
    measured: Sequence[Measured],
    at: datetime,
) -> list[LimitCheck]:
    """A check of several limits at one moment."""
    account = await db.trading.portfolio(portfolio)
    plan = Operation(record_checks, transaction=True, retry=True)
    found: list[LimitCheck] = await db.risk.driver.run(plan, account, limits, measured, at)
    return found


def figures(
    drawdown: str | None = None,
    var: str | None = None,
    expected_shortfall: str | None = None,
    *,
    age: timedelta = timedelta(0),
) -> Any:
    """A source of risk figures that says these."""

    def source(_portfolio_id: int) -> Flow[RiskFigures | None]:
        yield from ()
        numbers = (
            None if one is None else Decimal(one) for one in (drawdown, var, expected_shortfall)
        )
        return RiskFigures(datetime.now(UTC) - age, *numbers)

    return source


@dataclass
class Expected:
    """A breach as the oracle keeps it."""

    opened: int
    level: int | None
    peak: Decimal | None
    seen: int = 0
    unknown: int = 0
    closed: int | None = None


def oracle(
    values: Sequence[tuple[int, Decimal | None]],
    thresholds: Sequence[Decimal | None],
    clear_ratio: Decimal,
    clear_after: int,
) -> list[Expected]:
    """Breaches of a series of (second, value), None where it is unknown; told from the whole.

    A breach begins where a value is unknown or at a threshold, and ends at the first value from
    which one looks back at nothing but low values for `clear_after` seconds.
    """
    lowest = min(one for one in thresholds if one is not None)
    found: list[Expected] = []
    start = 0
    while start < len(values):
        second, value = values[start]
        if value is not None and value < lowest:
            start += 1
            continue
        breach = Expected(second, None, None)
        found.append(breach)
        calm: list[int] = []
        for place in range(start, len(values)):
            second, value = values[place]
            start = place + 1
            if value is None:
                breach.unknown += 1
                calm = []
                continue
            breach.peak = value if breach.peak is None else max(breach.peak, value)
            if value >= lowest:
                breach.seen += 1
                reached = max(
                    n for n, one in enumerate(thresholds) if one is not None and value >= one
                )
                breach.level = reached if breach.level is None else max(breach.level, reached)
            bound = lowest if breach.level is None else lowest * clear_ratio
            calm = [*calm, second] if value < bound else []
            if calm and second - calm[0] >= clear_after:
                breach.closed = second
                break
        else:
            break
    return found
