"""The newest quote: `latest` against SELECT 1, as daily partitions grow from 1 to 1,000."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bench import made
from bench.figures import Bar, Figure, Section, latency, percentiles
from bench.place import Place

NAME: Final = "newest"
_BARS: Final[Mapping[str, tuple[Bar, ...]]] = {
    "p99": (Bar("ratio", "≤", 1.5),),
    "p99.9": (Bar("figure", "<", 1_000),),
}
_FLAT: Final = Bar("figure", "≤", 20)
_WARM_UP: Final = 300
_DAYS_A_CALL: Final = 90

#: Seconds of `latest` and of SELECT 1, call by call.
Calls = tuple[list[float], list[float]]


def measure(place: Place, quick: bool) -> Section:
    """Measure both faces at each number of partitions, with connections made after each step."""
    counts = (1, 5) if quick else (1, 30, 365, 1_000)
    calls, instruments = (200, 50) if quick else (5_000, 500)
    figures: list[Figure] = []
    medians: dict[str, list[tuple[float, float]]] = {"sync": [], "async": []}
    done = 0
    for count in counts:
        _grow(place, done, count, instruments)
        done = count
        place.settle()
        for face, measured in (
            ("sync", _sync(place, calls, instruments)),
            ("async", asyncio.run(_async(place, calls, instruments))),
        ):
            ours, peer = measured
            partitions = f"{count:,} partition{'s' if count > 1 else ''}"
            figures += latency(f"{face}, {partitions}", ours, peer, _BARS)
            medians[face].append((percentiles(ours)["p50"], percentiles(peer)["p50"]))
    for face, pairs in medians.items():
        ratios = [ours / peer for ours, peer in pairs]
        drift = max(abs(ratio / ratios[0] - 1) for ratio in ratios) * 100
        figures.append(
            Figure(
                f"{face}, p50 from 1 to {counts[-1]:,} partitions, largest change",
                drift,
                "%",
                bars=(_FLAT,),
                note="of the p50 over SELECT 1's p50 in the same run; p50 was "
                + ", ".join(f"{ours * 1e6:.0f}" for ours, _ in pairs)
                + " µs",
            )
        )
    return Section(
        NAME,
        "latest(symbol, exchange): psycopg 3 (C), prepared, through the product's pool;"
        f" {instruments} instruments in random order, {calls:,} calls a line",
        "SELECT 1, prepared, on the very connection of the pool, taking it out not counted;"
        " call by call in turn",
        place.settings(),
        figures,
    )


def _grow(place: Place, done: int, count: int, instruments: int) -> None:
    """Make the partitions of days done .. count - 1, and a quote of everything on the last."""
    with place.connect() as db:
        for first in range(done, count, _DAYS_A_CALL):
            last = min(first + _DAYS_A_CALL, count) - 1
            db.market.ensure_partitions(
                made.DAY + timedelta(days=first - count),
                made.DAY + timedelta(days=last - count),
            )
        db.capture.write_quotes(made.quotes(instruments, made.DAY - timedelta(days=1), count))


def _names(calls: int, instruments: int) -> list[str]:
    return random.Random(calls).choices(made.symbols(instruments), k=calls)


# The peer has the product's own connection: another one has a server process of its own, and
# whether the kernel wakes that on the same core or another changes a call by 100 µs.
def _sync(place: Place, calls: int, instruments: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    with place.connect() as db:
        for name in _names(_WARM_UP + calls, instruments):
            with db.market.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute("SELECT 1", binary=True).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            db.market.latest(name, made.EXCHANGE)
            ours.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, calls: int, instruments: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        for name in _names(_WARM_UP + calls, instruments):
            async with db.market.driver.pool.connection() as bare:
                began = time.perf_counter()
                await (await bare.execute("SELECT 1", binary=True)).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            await db.market.latest(name, made.EXCHANGE)
            ours.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]
