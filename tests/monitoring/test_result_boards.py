"""The dashboards of risk and performance, and their alert rules, over results that are stored."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Final

import psycopg
import pytest
import yaml

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.risk.risk_types import RiskMetrics
from tests.analytics.traded import MINUTE_US
from tests.faces import NOON, open_face, quote, table
from tests.monitoring.test_dashboards import BOARDS, FILES, ask, interpolated, of_rules, reader
from tests.postgres import Place, new_database
from tests.risk.held import (
    AT,
    HOUR,
    METHOD,
    bars,
    bought,
    closes,
    market,
    portfolio,
    positions,
    put,
)
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT

__all__ = ["reader"]

RULES: Final = dict(of_rules())
#: Units of USDT.
_RATES: Final = {"BTC": Decimal(50_000), "ETH": Decimal(2_500)}


#: Columns that say nothing here: of limits of a strategy, of halts by a breach, of late history.
EMPTY: Final[dict[str, set[str]]] = {
    "Breaches that stand": {"strategy"},
    "Halts and resumes": {"breach_id"},
    "Newest stress losses": {"recovery_minutes"},
    "Progress": {"dirty_since"},
}


@pytest.fixture(autouse=True)
def new() -> None:
    """Tests here share a database, and look at no jobs."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A database, and what was recorded there: at first, and with late candles."""

    place: Place
    first: RiskMetrics
    revised: RiskMetrics


@pytest.fixture(scope="module")
def shown(server: EmbeddedServer, template: Place) -> Iterator[Shown]:
    """Four positions and two closed ones, all that is reckoned of them, a breach and a halt."""
    with new_database(server, template.name) as place:
        yield Shown(place, *asyncio.run(_recorded(place)))


async def _recorded(place: Place) -> tuple[RiskMetrics, RiskMetrics]:
    async with await open_face("sync", place.dsn) as db:
        gap = range(100, 150)
        await market(db, LINEAR, INVERSE, CROSS)
        await put(db, bars(SPOT, closes(SPOT), leave_out=gap))
        await portfolio(db)
        await positions(db)
        await _closed_trades(db)
        (first, *_) = await db.risk.record("main", AT, **METHOD)
        await put(db, [one for n, one in enumerate(bars(SPOT, closes(SPOT))) if n in gap])
        await db.analytics.refresh(as_of=AT)
        (revised, *_) = await db.risk.record("main", AT, **METHOD)
        await db.risk.set_limit(
            "STALE_DATA", portfolio="main", symbol=SPOT.symbol, exchange=SPOT.exchange, high=60
        )
        await db.risk.set_limit("VAR", portfolio="main", high=1)
        await db.risk.check_limits("main")
        await db.risk.run_stress("main", ["price-cascade"], rates=_RATES)
        await db.risk.halt("main", "prices look wrong")
        return first, revised


async def _closed_trades(db: AsyncDatabase) -> None:
    """A win and a loss of a strategy, with fees, decided at a quote."""
    minute = 20 * 60
    await db.capture.write_quotes(
        table([quote(minute * MINUTE_US, 1, bid_price="49990", ask_price="50010")])
    )
    await db.trading.place_order(
        "main", SPOT.symbol, SPOT.exchange, "BUY", Decimal("0.1"), client_order_id="a",
        decided_at=AT - 240 * HOUR + timedelta(minutes=minute, seconds=30), strategy="scalp",
    )  # fmt: skip
    fee: dict[str, Any] = {
        "fee": Decimal("0.5"), "fee_currency": "USDT", "strategy": "scalp",
    }  # fmt: skip
    after = timedelta(minutes=minute + 1)
    await db.trading.record_fills(
        "main",
        [
            bought(11, "BUY", "0.1", "50020", after, client_order_id="a", **fee),
            bought(12, "SELL", "0.1", "50500", after + HOUR, **fee),
            bought(13, "BUY", "0.1", "50500", after + 2 * HOUR, **fee),
            bought(14, "SELL", "0.1", "50400", after + 3 * HOUR, **fee),
        ],
    )


def panels(name: str) -> list[tuple[str, str]]:
    """Panels of a dashboard that have a query."""
    return [(name, panel["title"]) for panel in BOARDS[name]["panels"] if "targets" in panel]


def looked_at(place: Place, reader: str, board: str, title: str) -> list[dict[str, Any]]:
    """The rows of a panel."""
    (panel,) = [one for one in BOARDS[board]["panels"] if one["title"] == title]
    names, rows = ask(place, reader, interpolated(panel["targets"][0]["rawSql"]))
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.parametrize(("board", "title"), [*panels("risk"), *panels("performance")])
def test_every_panel_shows_figures(shown: Shown, reader: str, board: str, title: str) -> None:
    rows = looked_at(shown.place, reader, board, title)
    assert rows
    labels = {"time", "metric", "portfolio"}
    lacking = {
        name for name in rows[0] if name not in labels and all(row[name] is None for row in rows)
    }
    assert lacking <= EMPTY.get(title, set())


def test_a_late_candle_changes_what_is_shown(shown: Shown, reader: str) -> None:
    assert shown.first.value_at_risk != shown.revised.value_at_risk
    found = looked_at(shown.place, reader, "risk", "Newest measures")
    assert len(found) == len({row["estimator"] for row in found}) == 5
    (historical,) = [row for row in found if row["estimator"] == "HISTORICAL"]
    assert historical["value_at_risk"] == shown.revised.value_at_risk
    assert (historical["revision"], historical["timestamp"]) == (1, AT)
    (drawn,) = [
        row for row in looked_at(shown.place, reader, "risk", "Value at risk")
        if " HISTORICAL 95 % 1h" in row["metric"]
    ]  # fmt: skip
    assert drawn["var"] == pytest.approx(float(shown.revised.value_at_risk or 0))
    parts = looked_at(shown.place, reader, "risk", "Strategies, symbols and exchanges")
    keys = [(row["scope"], row["subject"]) for row in parts]
    assert len(keys) == len(set(keys))
    assert {("STRATEGY", "scalp"), ("STRATEGY", "(none)"), ("EXCHANGE", "binance")} <= set(keys)


def test_what_stands_is_shown(shown: Shown, reader: str) -> None:
    place = shown.place
    assert looked_at(place, reader, "risk", "Open breaches") == [{"breaches": 2}]
    assert looked_at(place, reader, "risk", "Halted") == [{"halted": 1}]
    states = looked_at(place, reader, "risk", "Kill switches")
    assert [(row["portfolio"], row["state"]) for row in states] == [
        ("main", "HALTED"), ("(all)", "may trade"),
    ]  # fmt: skip
    (loss,) = looked_at(place, reader, "risk", "Newest stress losses")
    assert loss["scenario"] == "price-cascade"
    assert loss["worst_loss"] > 0


def test_windows_are_those_that_are_stored(shown: Shown, reader: str) -> None:
    place = shown.place
    newest = looked_at(place, reader, "performance", "Newest windows")
    assert [row["period"] for row in newest] == ["1h", "1d", "all"]
    (whole,) = [row for row in newest if row["period"] == "all"]
    assert (whole["trades"], whole["win_rate"], whole["fees"]) == (2, 0.5, Decimal(2))
    assert whole["slippage"] == Decimal(1)  # 0.1 x (50020 - 50010)
    assert whole["profit_factor"] == pytest.approx(47 / 11)
    assert whole["sharpe_low"] < whole["sharpe"] < whole["sharpe_high"]
    days = [
        row for row in looked_at(place, reader, "performance", "Return")
        if row["metric"] == "main 1d"
    ]  # fmt: skip
    assert len(days) == 11
    strategies = looked_at(place, reader, "performance", "Newest windows of strategies")
    assert {row["strategy"] for row in strategies} == {"scalp"}


#: Rows of an alert rule: what it is of, and its value.
Found = dict[str, float]


def warned(place: Place, reader: str, title: str) -> Found:
    """What a rule finds, by the first label."""
    _, rows = ask(place, reader, interpolated(RULES[title]))
    return {row[0]: row[-1] for row in rows}


def test_rules_find_what_is_wrong(shown: Shown, reader: str) -> None:
    place = shown.place
    assert warned(place, reader, "Trading is halted") == {"(all)": 0, "main": 1}
    assert warned(place, reader, "Risk of open positions is old")["main"] > 3600
    assert warned(place, reader, "Performance is not refreshed")["main"] > 900
    _, rows = ask(place, reader, interpolated(RULES["A limit is broken for long"]))
    assert [row[:2] for row in rows] == [("main", "STALE_DATA"), ("main", "VAR")]
    assert all(0 <= row[-1] < 900 for row in rows)
    with psycopg.connect(place.admin_dsn) as connection:  # rolled back below
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE limit_breaches SET opened_at = opened_at - interval '1 hour', state ="
            " CASE breach_id WHEN (SELECT min(breach_id) FROM limit_breaches) THEN 'CLEARING'"
            " ELSE state END::breach_state"
        )
        aged = connection.execute(RULES["A limit is broken for long"].encode()).fetchall()
        connection.rollback()
    assert len(aged) == 1  # what is about to end is not told
    assert aged[0][-1] > 3600


def test_rules_name_columns_of_their_queries(shown: Shown, reader: str) -> None:
    rules = yaml.safe_load(FILES[PurePosixPath("provisioning/alert-rules.yaml")])
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        names, _ = ask(shown.place, reader, interpolated(RULES[rule["title"]]))
        told = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert told <= set(names[:-1]), rule["title"]


def test_rules_are_quiet_where_all_is_kept_up(
    server: EmbeddedServer, template: Place, reader: str
) -> None:
    with new_database(server, template.name) as place:
        asyncio.run(_begun_now(place))
        # Never measured counts since the position was opened; what never moved is not waited for.
        assert set(warned(place, reader, "Risk of open positions is old")) == {"fresh"}
        assert warned(place, reader, "Risk of open positions is old")["fresh"] < 3600
        assert set(warned(place, reader, "Performance is not refreshed")) == {"fresh"}
        assert warned(place, reader, "A limit is broken for long") == {}
        assert warned(place, reader, "Trading is halted") == dict.fromkeys(
            ("(all)", "fresh", "idle"), 0
        )
        asyncio.run(_refreshed(place))
        assert set(warned(place, reader, "Performance is not refreshed")) == {"fresh"}
        assert warned(place, reader, "Performance is not refreshed")["fresh"] < 900
        with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM kill_switches WHERE portfolio_id IS NULL")
        assert warned(place, reader, "Trading is halted")["(all)"] == 1


async def _begun_now(place: Place) -> None:
    """A portfolio with a position since ten minutes ago, and one without anything."""
    then = datetime.now(UTC) - timedelta(minutes=10)
    async with await open_face("sync", place.dsn) as db:
        await market(db, SPOT)
        for name in ("fresh", "idle"):
            await db.trading.create_portfolio(name, "USDT")
        await db.trading.deposit(
            "fresh", "USDT", Decimal(100_000), reference="first", timestamp=then
        )
        await db.trading.record_fills("fresh", [bought(1, "BUY", "1", "50000", then - NOON)])


async def _refreshed(place: Place) -> None:
    async with await open_face("sync", place.dsn) as db:
        await db.analytics.refresh()
