"""A report as a document: self-contained, escaped, the same for the same, exact."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.reports.markup import Markup, cell, element
from cryptoscalp.reports.portfolio_report import written
from cryptoscalp.reports.report_types import Collected, Steps
from cryptoscalp.reports.returns import growth
from cryptoscalp.reports.sections import padded
from cryptoscalp.trading.types import DailyPnl, Portfolio, PortfolioValue, PositionValue
from tests.reports.reading import charts, read

AT: Final = datetime(2024, 8, 8, 12, tzinfo=UTC)
EQUITIES: Final = [Decimal(one) for one in ("100", "110", "99", "121", "104.5", "115")]


def value(equity: Decimal, hour: int = 0, *held: PositionValue) -> PortfolioValue:
    return PortfolioValue(
        "main", AT + timedelta(hours=hour), "USDT", equity, equity, Decimal(0),
        sum((one.notional_value for one in held), Decimal(0)), Decimal(0), equity, None, (), held,
    )  # fmt: skip


def held(number: int, symbol: str, side: Any, notional: str) -> PositionValue:
    return PositionValue(
        number, symbol, "binance", side, Decimal("0.5"), Decimal("50000.1"), AT, Decimal(notional),
        Decimal(1), "USDT", Decimal(notional), Decimal(0), Decimal(notional),
    )  # fmt: skip


def told(**changes: Any) -> Collected:
    """What a report is written from; empty but for the curve."""
    curve = tuple(value(one, n) for n, one in enumerate(EQUITIES))
    made = Collected(
        portfolio=Portfolio(1, "main", "USDT", "NETTING", Decimal(1), AT, None),
        start=AT, end=AT + timedelta(hours=5), made_at=AT + timedelta(days=1), curve=curve,
        flows=(Decimal(0),) * 6, curve_reason=None, now=curve[-1], now_note="as a test says",
        strategies={}, daily=(), stress=(),
    )  # fmt: skip
    return replace(made, **changes)


def test_a_report_loads_nothing() -> None:
    page = written(told(daily=(day("2024-08-08", "5"),)))
    found = read(page)
    assert all(target.startswith("#") for target in found.targets)
    assert not {"script", "link", "img", "iframe", "object"} & found.tags
    assert "@import" not in page
    for address in re.findall(r"url\(([^)]*)\)", page):
        assert address.startswith("#"), address
    assert not [a for a in re.findall(r"https?://[^\s\"'<]+", page) if "www.w3.org" not in a]
    assert "default-src 'none'" in page


def test_charts_are_whole_and_their_ids_their_own() -> None:
    page = written(told(daily=(day("2024-08-08", "5"), day("2024-08-09", "-5"))))
    drawn = charts(page)
    assert len(drawn) == 4  # equity, drawdown, returns, P&L by day
    ids = read(page).ids
    assert len(ids) == len(set(ids))
    used = {target[1:] for target in read(page).targets}
    used |= {one[1:] for one in re.findall(r"url\((#[^)]*)\)", page)}
    assert used <= set(ids)


def test_the_same_is_written_the_same() -> None:
    one = told(daily=(day("2024-08-08", "5"),))
    assert written(one) == written(one)


def day(when: str, net: str, currency: str = "USDT") -> DailyPnl:
    return DailyPnl(
        when, "BTCUSDT", "binance", None, currency, 2, Decimal(net) + 3, Decimal(2), Decimal(-1),
        Decimal(net), None,
    )  # fmt: skip


def window(**given: Any) -> Performance:
    """A stored window; what is not given is zero or unknown."""
    return Performance(
        **{
            "portfolio": "main", "base_currency": "USDT", "scope": "PORTFOLIO", "strategy": None,
            "symbol": None, "exchange": None, "period": "1d", "timestamp": AT, "started_at": AT,
            "through": AT, "total_return": None, "sharpe_ratio": None, "sharpe_low": None,
            "sharpe_high": None, "sortino_ratio": None, "calmar_ratio": None, "volatility": None,
            "max_drawdown": None, "win_rate": None, "profit_factor": None, "total_trades": 0,
            "wins": 0, "losses": 0, "avg_win": None, "avg_loss": None, "gross_profit": Decimal(0),
            "gross_loss": Decimal(0), "fills": 0, "turnover": Decimal(0), "fees": Decimal(0),
            "slippage": None, "slippage_bps": None, "slippage_fills": 0, "returns": 0, "gaps": 0,
            "lacking": {}, "reasons": {}, "revision": 0, "computed_at": AT, "method": "",
            **given,
        }
    )  # fmt: skip


def test_names_are_text_whatever_is_in_them() -> None:
    evil = "<script>alert('x')</script>&\"$\\frac$ 中文"
    portfolio = replace(told().portfolio, name=evil)
    position = held(1, evil, "LONG", "100")
    now = value(Decimal(115), 5, position)
    page = written(
        told(
            portfolio=portfolio, now=now, strategies={1: evil}, curve_reason=None,
            performance=(window(reasons={"profit_factor": evil}),),
        )
    )  # fmt: skip
    found = read(page)
    assert "script" not in found.tags
    assert evil in found.text[""]
    assert f"day: {evil}" in found.text["performance"]
    assert f"{evil} on binance" in found.figures("exposure")
    assert charts(page)


def test_drawdown_counts_from_the_capital_at_the_start_without_deposits() -> None:
    found = growth(
        [AT + timedelta(hours=n) for n in range(6)], EQUITIES,
        [Decimal(0), Decimal(0), Decimal(0), Decimal(22), Decimal(0), Decimal(0)],
    )  # fmt: skip
    # 22 of the 121 came from outside: 99 -> 99.
    assert found.returns == pytest.approx([0.1, -0.1, 0, 104.5 / 121 - 1, 115 / 104.5 - 1])
    assert found.drawdowns == pytest.approx(
        [0, 0.1, 0.1, 1 - 0.9 * 104.5 / 121, 1 - 0.9 * 115 / 121]
    )
    first = growth([AT, AT], [Decimal(100), Decimal(90)], [Decimal(0)] * 2)
    assert first.drawdowns == pytest.approx([0.1])
    none = growth([AT] * 3, [Decimal(0), Decimal(100), Decimal(50)], [Decimal(0)] * 3)
    assert (none.skipped, none.returns) == (1, (-0.5,))


def test_summary_and_exposures_are_exact() -> None:
    positions = (
        held(1, "BTCUSDT", "LONG", "25000.050000000000000001"),
        held(2, "BTCUSDT", "SHORT", "5000"),
        held(3, "ETHUSDT", "LONG", "1"),
    )
    now = value(Decimal("115.123456789012345678"), 5, *positions)
    curve = (*told().curve[:-1], now)
    found = read(
        written(
            told(
                now=now, curve=curve, strategies={1: "a", 2: "b"},
                flows=(Decimal(0), Decimal(7), *[Decimal(0)] * 4),
                steps={("BTCUSDT", "binance"): Steps(Decimal("0.01"), Decimal("0.001"))},
            )
        )
    )  # fmt: skip
    figures = found.figures("summary")
    assert figures["equity"] == ("115.12345679", "115.123456789012345678")
    assert figures["gained in the period"][1] == "8.123456789012345678"
    rows = found.sections["exposure"]
    assert [cell_[0] for cell_ in rows[0][1]][:4] == [
        "BTCUSDT on binance", "long", "0.500", "50000.10",
    ]  # fmt: skip
    assert [one[1] for one in rows[1][1]][1:] == [
        "25000.050000000000000001", "5000", "20000.050000000000000001", "30000.050000000000000001",
    ]  # fmt: skip
    assert [row[0][0] for row in rows[3][1:]] == ["a", "b", "(none)"]


def test_days_are_summed_by_currency() -> None:
    days = tuple(
        day(f"2024-{month:02d}-{n:02d}", str(n), code)
        for month in (1, 2, 3) for n in range(1, 29) for code in ("USDT", "BTC")
    )  # fmt: skip
    found = read(written(told(daily=days)))
    totals = found.sections["p-l-by-day"][0]
    assert totals[1][0][0] == "BTC"
    assert [one[1] for one in totals[1]][1:] == [
        str(3 * sum(range(1, 29)) + 84 * 3), "168", "-84", str(3 * sum(range(1, 29))),
    ]  # fmt: skip
    assert len(found.sections["p-l-by-day"][1]) == 61
    assert "The last 60 of 168 rows" in found.text["p-l-by-day"]


def test_days_on_which_nothing_happened_are_counted() -> None:
    nothing = replace(
        day("2024-08-08", "0"), realized_pnl=Decimal(0), commission=Decimal(0), funding=Decimal(0),
        fills=0,
    )  # fmt: skip
    days = (nothing, day("2024-08-09", "5"), replace(nothing, day="2024-08-10"))
    found = read(written(told(daily=days)))
    rows = found.sections["p-l-by-day"][1]
    assert [row[0][0] for row in rows[1:]] == ["2024-08-09"]
    assert "2 days without a fill or anything realized are left out" in found.text[
        "p-l-by-day"
    ]  # fmt: skip
    busy = read(written(told(daily=days[1:2])))
    assert "left out" not in busy.text["p-l-by-day"]


def test_an_empty_portfolio_says_so() -> None:
    empty = value(Decimal(0))
    found = read(written(told(curve=(empty,) * 6, now=empty)))
    assert "neither cash nor positions" in found.text["summary"]
    assert "Nothing is open" in found.text["exposure"]
    assert "Too few points" in found.text["drawdown"]
    assert "None is stored" in found.text["stress-tests"]
    assert "No window is stored" in found.text["performance"]
    assert "None is recorded" in found.text["value-at-risk"]


def test_constant_equity_and_a_missing_curve() -> None:
    still = read(written(told(curve=tuple(value(Decimal(100), n) for n in range(6)))))
    assert "Each of 5 steps has the same return: 0 %" in still.text["returns"]
    why = "no last price is known within a week"
    broken = read(written(told(curve=(), flows=(), curve_reason=why)))
    assert why in broken.text["equity"]
    assert broken.figures("summary")["gained in the period"] == ("–", None)


def test_figures_without_a_value_say_why() -> None:
    one = window(sharpe_ratio=1.25, reasons={"profit_factor": "NO_LOSS"})
    page = read(written(told(performance=(one,))))
    found = page.figures("performance")
    assert found["profit factor"] == ("–", None)
    assert found["Sharpe ratio"] == ("1.25", "1.25")
    shares = window(total_return=-0.0123456, win_rate=0.5, volatility=12.3456, max_drawdown=4e-5)
    told_ = read(written(told(performance=(shares,)))).figures("performance")
    assert told_["total return"] == ("-1.23 %", "-0.0123456")
    assert told_["win rate"] == ("50 %", "0.5")
    assert told_["volatility a year"] == ("1,234.56 %", "12.3456")
    assert told_["greatest drawdown"] == ("0.004 %", "4e-05")
    assert "day: no trade lost" in page.text["performance"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("1234567.5", "1,234,567.5"),
        ("-1234.123456789", "-1,234.12345679"),
        ("0.000000000001", "0.000000000001"),
        ("1E+3", "1,000"),
        ("-0.5", "-0.5"),
    ],
)
def test_a_number_is_shown_short_and_kept_whole(number: str, shown: str) -> None:
    made = cell(Decimal(number))
    assert f">{shown}<" in made
    assert Decimal(re.findall(r'value="([^"]+)"', made)[0]) == Decimal(number)


def test_prices_have_the_decimals_of_their_step() -> None:
    assert padded(Decimal("5"), Decimal("0.010")) == "5.00"
    assert padded(Decimal("5.123"), Decimal("0.01")) == "5.123"
    assert padded(Decimal("5.10"), None) == "5.1"


def test_markup_is_escaped_once() -> None:
    assert element("p", "a<b", Markup("<b>c</b>")) == "<p>a&lt;b<b>c</b></p>"
    assert element("p", class_='"') == '<p class="&quot;"></p>'
