"""Performance figures of a report: what the analytics room says of the portfolio and period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.reports.report_types import Figure, Listing, Section


def performance_figures(portfolio: str, start: datetime, end: datetime) -> Flow[list[Figure]]:
    """The figures, each with the reason where it has none; empty while none are kept."""
    del portfolio, start, end
    yield from ()
    return []


def performance_section(figures: Sequence[Figure]) -> Section:
    """The figures as a table of name, value and reason."""
    return figure_table("Performance", figures, "No performance figures are kept for this period.")


def figure_table(title: str, figures: Sequence[Figure], otherwise: str) -> Section:
    """A section of figures; a sentence where there are none."""
    if not figures:
        return Section(title, (otherwise,))
    rows = tuple((one.name, one.value, one.reason or "") for one in figures)
    table = Listing(("figure", "value", "why there is none"), rows, frozenset({"value"}))
    return Section(title, listings=(table,))
