"""Stress tests of a report: the newest stored result of each scenario."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from cryptoscalp.reports import charts
from cryptoscalp.reports.report_types import Flag, Listing, Section, percent
from cryptoscalp.reports.wording import figure
from cryptoscalp.risk.stress.result_types import StressResult


def stress_section(results: Sequence[StressResult]) -> Section:
    """Losses by scenario, above zero, with the reasons for what is not known."""
    if not results:
        return Section(
            "Stress tests", ("None is stored; `cryptoscalp stress run` makes and stores them.",)
        )
    columns = ("scenario", "beware", "as of (UTC)", "equity", "loss", "loss of equity",
               "worst on the way", "minutes to recover", "to be read with")  # fmt: skip
    rows = tuple(
        (
            one.scenario_name,
            _flag(one),
            one.test_date,
            one.portfolio_value,
            one.loss_amount,
            percent(one.loss_percentage, 1),
            one.worst_loss_amount,
            one.recovery_time_minutes,
            "; ".join(f"{figure(name)}: {reason}" for name, reason in one.reasons.items()),
        )
        for one in results
    )
    unit = results[-1].base_currency
    chart = charts.bars(
        "stress", [one.scenario_name for one in results],
        [-float(one.loss_amount) for one in results], f"gain or loss in {unit}", lying=True,
    )  # fmt: skip
    notes = [f"Losses above zero, in {unit} at its worth before; each as of its own date."]
    if any(one.books_changed_at for one in results):
        notes.append(
            "Results of books that have changed since are not those of what is held now;"
            " `cryptoscalp stress run` makes new ones."
        )
    return Section(
        "Stress tests",
        tuple(notes),
        (chart,),
        (Listing(columns, rows, frozenset(columns[3:8])),),
    )


def _flag(one: StressResult) -> Flag:
    """What makes a result worth less than it seems."""
    told = []
    if one.books_changed_at:
        told.append(f"books have changed since, at {one.books_changed_at.astimezone(UTC):%F %T}")
    unmarked = one.risk_metrics.get("at_fill_price")
    if unmarked:
        told.append(f"at the price of the fill: {', '.join(unmarked)}")
    return Flag("; ".join(told))
