"""The simulated feed: seeded, continuous, and acceptable to validation."""

from __future__ import annotations

import json
from decimal import Decimal

import polars as pl
import pytest

from cryptoscalp.capture.chunk import QUOTE_COLUMNS, TRADE_COLUMNS, Chunk
from cryptoscalp.capture.simulator import Simulator
from cryptoscalp.capture.validation import validate_quotes, validate_trades

START = 1_723_161_256_322_000
SECOND = 1_000_000


def run(simulator: Simulator, seconds: int, step_us: int = SECOND) -> list[Chunk]:
    stops = range(START, START + seconds * SECOND + 1, step_us)
    return [simulator.step(now) for now in stops]


def all_trades(chunks: list[Chunk]) -> pl.DataFrame:
    return pl.concat([chunk.trades for chunk in chunks])


def all_quotes(chunks: list[Chunk]) -> pl.DataFrame:
    return pl.concat([chunk.quotes for chunk in chunks])


def test_everything_is_storable_and_labelled() -> None:
    chunks = run(Simulator(7), 60)
    trades, quotes = all_trades(chunks), all_quotes(chunks)
    assert list(trades.columns) == list(TRADE_COLUMNS)
    assert list(quotes.columns) == list(QUOTE_COLUMNS)
    now = START + 60 * SECOND
    assert validate_trades(trades, now_us=now)[1].height == 0
    assert validate_quotes(quotes, now_us=now)[1].height == 0
    assert set(trades["exchange"]) == set(quotes["exchange"]) == {"simulated"}
    assert trades.height + quotes.height == sum(chunk.received for chunk in chunks)
    assert 8_000 < quotes.height / 0.7 < 16_000  # 200 a second


def test_has_bursts_in_one_millisecond_and_gaps_in_ids() -> None:
    trades = all_trades(run(Simulator(7), 120))
    crowd = trades.group_by("symbol", "timestamp").len()["len"].max()
    assert isinstance(crowd, int)
    assert crowd >= 5
    steps = trades.select(pl.col("sequence").diff().over("symbol"))["sequence"].drop_nulls()
    assert steps.min() == 1
    assert 0 < (steps > 1).sum() < trades.height / 100
    lines = pl.concat([trades["line"], all_quotes(run(Simulator(7), 120))["line"]])
    assert lines.n_unique() == len(lines)


def test_the_seed_decides_and_the_steps_do_not() -> None:
    coarse, fine = run(Simulator(3), 10), run(Simulator(3), 10, 50_000)
    assert all_trades(coarse).equals(all_trades(fine))
    assert all_quotes(coarse).equals(all_quotes(fine))
    assert not all_trades(run(Simulator(4), 10)).equals(all_trades(coarse))


def test_ids_and_prices_continue() -> None:
    first = Simulator(1, ["BTCUSDT"], next_ids={"BTCUSDT": 100}, prices={"BTCUSDT": Decimal(5)})
    trades = all_trades(run(first, 10))
    assert trades["sequence"].min() == 100
    assert trades["price"].cast(pl.Float64).max() < 100  # type: ignore[operator]
    second = Simulator(1, ["BTCUSDT"], next_ids=first.next_ids, prices=first.prices)
    assert all_trades(run(second, 10))["sequence"][0] == first.next_ids["BTCUSDT"]
    # Without being told, a restart does not go back either: ids follow the clock.
    fresh = [Simulator(1, ["BTCUSDT"]), Simulator(2, ["BTCUSDT"])]
    before = all_trades(run(fresh[0], 10))
    fresh[1].step(START + 11 * SECOND)
    after = fresh[1].step(START + 20 * SECOND).trades
    assert before["sequence"].max() < after["sequence"].min()  # type: ignore[operator]


def test_raw_is_the_row_and_a_clock_gone_back_is_silent() -> None:
    simulator = Simulator(5)
    assert simulator.step(START).received == 0
    chunk = simulator.step(START + SECOND)
    row = chunk.quotes.row(0, named=True)
    assert json.loads(chunk.raw(row["line"])) == row
    with pytest.raises(KeyError):
        chunk.raw(0)
    assert simulator.step(START).received == 0
    assert simulator.step(START + 3_600 * SECOND).received < 200 * 90


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        Simulator(1, rate_hz=0)
    with pytest.raises(ValueError, match="above zero"):
        Simulator(1, ["X"], prices={"X": Decimal(0)})
