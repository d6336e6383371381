"""Risk metrics and back-tests as tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import money
from cryptoscalp.cli.times import age

if TYPE_CHECKING:
    from cryptoscalp.risk.backtest_types import Backtest
    from cryptoscalp.risk.choices import RiskScope
    from cryptoscalp.risk.risk_types import RiskMetrics


def show_metrics(found: Sequence[RiskMetrics]) -> None:
    """Print a portfolio's figures, its VaR by estimator and part, its lines, and the reasons."""
    whole = next((one for one in found if one.scope == "PORTFOLIO"), None)
    if whole is not None:
        _show_whole(whole)
    output.table(
        ["of", "estimator", "VaR", "VaR 95 %", "expected shortfall", "periods", "level"],
        [
            (
                part_name(one.scope, one.subject),
                one.estimator,
                money(one.value_at_risk),
                money(one.var_95),
                money(one.expected_shortfall),
                one.n,
                one.risk_level,
            )
            for one in found
        ],
        right=["VaR", "VaR 95 %", "expected shortfall", "periods"],
    )
    if whole is not None and whole.components:
        _show_lines(whole)
    for text in dict.fromkeys(text for one in found for text in _told(one)):
        output.say(f"- {text}")


def _told(one: RiskMetrics) -> list[str]:
    """What has to be known of a row; of a part, what differs from the whole."""
    by_estimator = ("value_at_risk", "var_95", "risk_level")
    return [
        f"{one.estimator}: {reason.text}" if reason.figure in by_estimator else reason.text
        for reason in one.reasons
        if one.scope == "PORTFOLIO" or reason.figure not in ("max_drawdown", "risk_level")
    ]


def _show_whole(one: RiskMetrics) -> None:
    unit = one.base_currency
    output.fields(
        [
            ("portfolio", one.portfolio),
            ("at (UTC)", one.timestamp),
            ("equity", f"{money(one.portfolio_value)} {unit}"),
            ("gross exposure", f"{money(one.total_exposure)} {unit}"),
            ("net exposure", f"{money(one.net_exposure)} {unit}"),
            ("margin used", f"{money(one.margin_used)} {unit}"),
            ("margin available", f"{money(one.available_margin)} {unit}"),
            ("leverage", ratio(one.leverage_ratio)),
            ("drawdown", percent(one.drawdown)),
            ("max drawdown", percent(one.max_drawdown)),
            ("drawdowns since", one.drawdown_since),
            ("level", one.risk_level),
            ("loss over", f"{one.horizon}, at {one.confidence:g} of not losing more"),
            ("history", f"{age(one.lookback.total_seconds())} until {output.cell(one.data_cut)}"),
            ("covered", percent(one.coverage)),
        ]
    )


def _show_lines(whole: RiskMetrics) -> None:
    output.table(
        ["line", "side", "exposure", "adds to VaR", "adds to shortfall", "candles"],
        [
            (
                one.line.name,
                one.line.side,
                money(one.line.exposure),
                number(one.component_var),
                number(one.component_shortfall),
                one.covered,
            )
            for one in whole.components
        ],
        right=["exposure", "adds to VaR", "adds to shortfall"],
        title=f"parts by {whole.estimator}",
    )


def show_history(found: Sequence[RiskMetrics]) -> None:
    """Print recorded metrics, a row each."""
    output.table(
        ["time (UTC)", "of", "estimator", "equity", "exposure", "leverage", "drawdown", "VaR 95 %",
         "level", "revision"],
        [
            (
                one.timestamp,
                part_name(one.scope, one.subject),
                one.estimator,
                money(one.portfolio_value),
                money(one.total_exposure),
                ratio(one.leverage_ratio),
                percent(one.drawdown),
                money(one.var_95),
                one.risk_level,
                one.revision,
            )
            for one in found
        ],
        right=["equity", "exposure", "leverage", "drawdown", "VaR 95 %", "revision"],
    )  # fmt: skip


def show_backtests(found: Sequence[Backtest]) -> None:
    """Print outcomes of back-tests, a row each, and what has to be known of them.

    Estimators without an observation are named below those that have some.
    """
    tested = [one for one in found if one.result.observations] or found
    output.table(
        ["of", "estimator", "confidence", "rows", "exceptions", "expected", "skipped", "Kupiec p",
         "independence p", "both p"],
        [
            (
                part_name(one.scope, one.subject),
                one.estimator,
                f"{one.confidence:g}",
                one.result.observations,
                one.result.exceptions,
                f"{one.result.expected:.1f}",
                one.skipped,
                ratio(one.result.kupiec_p),
                ratio(one.result.independence_p),
                ratio(one.result.conditional_p),
            )
            for one in tested
        ],
        right=["confidence", "rows", "exceptions", "expected", "skipped", "Kupiec p",
               "independence p", "both p"],
    )  # fmt: skip
    of: dict[str, list[str]] = {}
    for one in found:
        for reason in one.result.reasons:
            of.setdefault(reason, []).append(one.estimator)
    for reason, estimators in of.items():
        which = "" if len(estimators) == len(found) else f"{', '.join(estimators)}: "
        output.say(f"- {which}{reason}")
    if any(not one.result.observations and one.skipped for one in found):
        output.say("- skipped rows have no VaR, or no price is known of the horizon after them")


def part_name(scope: RiskScope, subject: str) -> str:
    """A part of a portfolio as tables name it; what has no strategy is `strategy (none)`."""
    if scope == "STRATEGY":
        return f"strategy {subject or '(none)'}"
    return f"{scope.lower()} {subject}".strip()


def ratio(value: float | None) -> str | None:
    """A ratio or p-value, to four digits."""
    return None if value is None else f"{value:.4g}"


def percent(value: float | None) -> str | None:
    """A fraction as a percentage."""
    return None if value is None else f"{100 * value:.2f} %"


def number(value: float | None) -> str | None:
    """An estimated amount."""
    return None if value is None else money(Decimal(repr(round(value, 8))))
