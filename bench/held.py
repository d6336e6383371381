"""Reading the open positions of a portfolio, against SELECT 1."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from bench.figures import Bar, Figure, latency
from bench.place import Place

_BARS: Final = {"p99": (Bar("figure", "<", 1_000),)}
_WARM_UP: Final = 20

#: Seconds of the product's call and of its peer, call by call.
Calls = tuple[list[float], list[float]]


def reading(place: Place, portfolio: str, expected: int, name: str, calls: int) -> list[Figure]:
    """Read the open positions, of which there are so many, on both faces."""
    figures: list[Figure] = []
    for face, (ours, peer) in (
        ("sync", _sync(place, portfolio, expected, calls)),
        ("async", asyncio.run(_async(place, portfolio, expected, calls))),
    ):
        figures += latency(f"{face}, {name}", ours, peer, _BARS)
    return figures


def _sync(place: Place, portfolio: str, expected: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    with place.connect() as db:
        for _ in range(_WARM_UP + calls):
            with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute("SELECT 1", binary=True).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = db.trading.positions(portfolio)
            ours.append(time.perf_counter() - began)
            _check(len(found), expected)
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, portfolio: str, expected: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        for _ in range(_WARM_UP + calls):
            async with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                await (await bare.execute("SELECT 1", binary=True)).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = await db.trading.positions(portfolio)
            ours.append(time.perf_counter() - began)
            _check(len(found), expected)
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _check(found: int, expected: int) -> None:
    if found != expected:
        raise AssertionError(f"{found} open positions were read, not {expected}")
