"""The kill switch: `trading_state` against SELECT 1 on the pool; and a check of many limits."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Final

from bench.figures import Bar, Figure, Section, latency
from bench.place import Place

NAME: Final = "limits"
_WARM_UP: Final = 300
#: A bot asks before every order: the answer has to be there in a round trip and little more. The
#: question is parsed at each call, as a pooler between may know no prepared statements.
_BARS: Final = {"p50": (Bar("ratio", "≤", 3.0),), "p99": (Bar("ratio", "≤", 3.0),)}
_METRICS: Final = ("GROSS_EXPOSURE", "NET_EXPOSURE", "LEVERAGE", "CONCENTRATION", "STALE_DATA")


def measure(place: Place, quick: bool) -> Section:
    """Both faces asked call by call in turn with SELECT 1; then one round of checks."""
    calls, portfolios = (200, 10) if quick else (5_000, 200)
    with place.connect() as db:
        db.trading.create_portfolio("main", "USDT")
    place.settle()
    figures = latency("trading_state, sync", *_sync(place, calls), _BARS)
    figures += latency("trading_state, async", *asyncio.run(_async(place, calls)), _BARS)
    figures.append(_checked(place, portfolios))
    return Section(
        NAME,
        f"db.risk.trading_state('main'), on its own connection, one unnamed query; {calls:,} calls",
        "SELECT 1, prepared, on a connection of the product's pool, taking it out not counted;"
        " call by call in turn",
        place.settings(),
        figures,
    )


def _sync(place: Place, calls: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    peer: list[float] = []
    with place.connect() as db:
        assert db.risk.trading_state("main", timeout_s=10)
        for _ in range(_WARM_UP + calls):
            with db.risk.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute("SELECT 1", binary=True).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            allowed = db.risk.trading_state("main")
            ours.append(time.perf_counter() - began)
            assert allowed
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, calls: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        assert await db.risk.trading_state("main", timeout_s=10)
        for _ in range(_WARM_UP + calls):
            async with db.risk.driver.pool.connection() as bare:
                began = time.perf_counter()
                await (await bare.execute("SELECT 1", binary=True)).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            allowed = await db.risk.trading_state("main")
            ours.append(time.perf_counter() - began)
            assert allowed
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _checked(place: Place, portfolios: int) -> Figure:
    """Seconds that one round takes over portfolios with cash, five limits each."""
    with place.connect() as db:
        for number in range(portfolios):
            name = f"desk {number}"
            db.trading.create_portfolio(name, "USDT")
            db.trading.deposit(name, "USDT", Decimal(1_000), reference=name)
        for metric in _METRICS:
            db.risk.set_limit(metric, high=10)
        began = time.perf_counter()
        found = db.risk.check_limits()
        took = time.perf_counter() - began
    return Figure(
        f"check_limits, {portfolios:,} portfolios, {len(found):,} checks", took, "s",
        # The job runs every minute.
        bars=(Bar("figure", "<", 60.0),),
    )  # fmt: skip
