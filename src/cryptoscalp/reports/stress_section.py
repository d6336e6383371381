"""Stress tests of a report: the newest stored result of each scenario."""

from __future__ import annotations

from collections.abc import Sequence

from cryptoscalp.reports import charts
from cryptoscalp.reports.report_types import Listing, Section
from cryptoscalp.risk.stress.result_types import StressResult


def stress_section(results: Sequence[StressResult]) -> Section:
    """Losses by scenario, above zero, with the reasons for what is not known."""
    if not results:
        return Section(
            "Stress tests", ("None is stored; `cryptoscalp stress run` makes and stores them.",)
        )
    columns = ("scenario", "as of (UTC)", "portfolio", "loss", "loss in %", "worst on the way",
               "minutes to recover", "to be read with")  # fmt: skip
    rows = tuple(
        (
            one.scenario_name,
            one.test_date,
            one.portfolio_value,
            one.loss_amount,
            one.loss_percentage,
            one.worst_loss_amount,
            one.recovery_time_minutes,
            "; ".join(f"{name}: {reason}" for name, reason in one.reasons.items()),
        )
        for one in results
    )
    unit = results[-1].base_currency
    chart = charts.bars(
        "stress", [one.scenario_name for one in results],
        [-float(one.loss_amount) for one in results], f"gain or loss in {unit}", lying=True,
    )  # fmt: skip
    return Section(
        "Stress tests",
        (f"Losses above zero, in {unit} at its worth before; each as of its own date.",),
        (chart,),
        (Listing(columns, rows, frozenset(columns[2:7])),),
    )
