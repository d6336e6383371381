"""The parts of a report that tell of the books: equity, drawdown, returns, exposure, P&L."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final, TypeVar

from cryptoscalp.reports import charts
from cryptoscalp.reports.markup import exact
from cryptoscalp.reports.report_types import (
    Cell,
    Collected,
    Figure,
    Listing,
    Section,
    Steps,
    percent,
)
from cryptoscalp.reports.returns import Growth, greatest, growth
from cryptoscalp.trading.exact import EXACT, ZERO
from cryptoscalp.trading.types import DailyPnl, PortfolioValue, PositionValue

K = TypeVar("K")
#: Bars of a chart; the table below it has all of them.
_MOST_BARS: Final = 25
#: Rows of a table; JSON of the commands has all of them.
_MOST_ROWS: Final = 60


def grown(told: Collected) -> Growth:
    """Returns and drawdowns of the curve."""
    return growth([one.at for one in told.curve], [one.equity for one in told.curve], told.flows)


def summary(told: Collected) -> Section:
    """What the portfolio is worth at the end."""
    now, unit = told.now, told.portfolio.base_currency
    growing = grown(told)
    with localcontext(EXACT):
        came = sum(told.flows, ZERO)
        gained = now.equity - told.curve[0].equity - came if told.curve else None
    fall = greatest(growing.drawdowns)
    rows: tuple[tuple[str, Cell, str], ...] = (
        ("equity", now.equity, unit),
        ("gained in the period", gained, unit),
        ("came from outside in the period", came if told.curve else None, unit),
        ("cash", now.cash_value, unit),
        ("unrealized P&L", now.unrealized_pnl, unit),
        ("exposure", now.exposure, unit),
        ("margin used", now.margin_used, unit),
        ("margin available", now.available_margin, unit),
        ("leverage", now.leverage_ratio, "times equity"),
        ("greatest drawdown in the period", percent(fall), "of the peak"),
    )
    notes = [f"Valued {told.now_note}."]
    if told.curve_reason:
        notes.append(f"No equity curve: {told.curve_reason}")
    if not now.positions and not now.cash:
        notes.append("The portfolio is empty: it has neither cash nor positions.")
    return Section(
        "Summary", tuple(notes), listings=(Listing(("figure", "value", "in"), rows,
                                                   frozenset({"value"})),),
    )  # fmt: skip


def equity(told: Collected) -> Section:
    """The equity curve."""
    if told.curve_reason or not told.curve:
        return Section("Equity", (f"No equity curve: {told.curve_reason or 'it has no point'}",))
    unit = told.portfolio.base_currency
    chart = charts.line(
        "equity", [one.at for one in told.curve], [float(one.equity) for one in told.curve],
        f"equity in {unit}",
    )  # fmt: skip
    note = "Cash and positions at the last trades known at each point; deposits and withdrawals are"
    return Section("Equity", (f"{note} in it.",), (chart,))


def drawdown(told: Collected) -> Section:
    """How far the wealth index was below its peak."""
    growing = grown(told)
    if not growing.times:
        return Section("Drawdown", ("Too few points with equity above zero.",))
    chart = charts.below(
        "drawdown", growing.times, [one * 100 for one in growing.drawdowns], "drawdown in %"
    )
    note = (
        "One less the wealth index over its peak so far; the capital at the start is a peak."
        " Deposits and withdrawals are no gain and no loss; open losses count."
    )
    return Section("Drawdown", (note + _skipped(growing),), (chart,))


def distribution(told: Collected) -> Section:
    """The distribution of the curve's returns."""
    # What is left of the period behind the last whole step is none.
    whole = told.curve[:-1] if _ragged(told.curve) else told.curve
    growing = growth([one.at for one in whole], [one.equity for one in whole], told.flows)
    if not growing.returns:
        return Section("Returns", ("Too few points with equity above zero.",))
    if len(set(growing.returns)) == 1:
        only = f"Each of {len(growing.returns):,} steps has the same return:"
        return Section("Returns", (f"{only} {growing.returns[0] * 100:.6g} %.",))
    chart = charts.histogram(
        "returns", [one * 100 for one in growing.returns], "return of a step in %"
    )
    step = told.curve[1].at - told.curve[0].at
    return Section(
        "Returns", (f"{len(growing.returns):,} steps of {step}." + _skipped(growing),), (chart,)
    )


def _ragged(curve: Sequence[PortfolioValue]) -> bool:
    """Whether the last step is shorter than the others."""
    return len(curve) > 2 and curve[-1].at - curve[-2].at < curve[1].at - curve[0].at


def _skipped(growing: Growth) -> str:
    if not growing.skipped:
        return ""
    told = (
        "steps from or to equity that is not above zero are left out, as before the first deposit"
    )
    return f" {growing.skipped:,} {told}."


def exposures(told: Collected) -> Section:
    """Notional at the end, by symbol, exchange and strategy."""
    held = told.now.positions
    if not held:
        return Section("Exposure", ("Nothing is open.",))
    unit = told.portfolio.base_currency
    by: tuple[tuple[str, Callable[[PositionValue], str]], ...] = (
        ("symbol", lambda one: f"{one.symbol} on {one.exchange}"),
        ("exchange", lambda one: one.exchange),
        ("strategy", lambda one: told.strategies.get(one.position_id, "(none)")),
    )
    drawn, listings = [], [_positions(held, told)]
    for name, key in by:
        sums = _summed(held, key)
        shown = list(sums)[:_MOST_BARS]
        nets = [float(sums[one][0] - sums[one][1]) for one in shown]
        largest = f", the largest {len(shown)} of {len(sums)}" if len(shown) < len(sums) else ""
        label = f"net notional in {unit}, by {name}{largest}"
        drawn.append(charts.bars(f"exposure-{name}", shown, nets, label, lying=True))
        with localcontext(EXACT):
            rows = tuple(
                (key_, long, short, long - short, long + short)
                for key_, (long, short) in sums.items()
            )
        listings.append(
            Listing((name, "long", "short", "net", "gross"), rows,
                    frozenset({"long", "short", "net", "gross"}))
        )  # fmt: skip
    return Section("Exposure", (f"Notional in {unit}, {told.now_note}.",), tuple(drawn),
                   tuple(listings))  # fmt: skip


def _summed(
    held: Iterable[PositionValue], key: Callable[[PositionValue], str]
) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    with localcontext(EXACT):
        for one in held:
            long, short = found.get(key(one), (ZERO, ZERO))
            if one.side == "LONG":
                long += one.notional_value
            else:
                short += one.notional_value
            found[key(one)] = (long, short)
    return dict(sorted(found.items(), key=lambda item: -(item[1][0] + item[1][1])))


def _positions(held: Iterable[PositionValue], told: Collected) -> Listing:
    unit = told.portfolio.base_currency
    rows = tuple(
        (
            f"{one.symbol} on {one.exchange}",
            one.side.lower(),
            padded(one.quantity, told.steps.get((one.symbol, one.exchange), Steps()).lot_size),
            padded(one.price, told.steps.get((one.symbol, one.exchange), Steps()).tick_size),
            one.priced_at,
            one.unrealized_pnl,
            one.pnl_currency,
            one.value,
        )
        for one in held
    )
    worth = f"worth in {unit}"
    return Listing(
        ("instrument", "side", "quantity", "price", "price of (UTC)", "P&L", "P&L in", worth),
        rows, frozenset({"quantity", "price", "P&L", worth}),
    )  # fmt: skip


def padded(value: Decimal, step: Decimal | None) -> str:
    """A price or quantity with the decimals of its step, and with all of its own beyond it."""
    if step is None:
        return exact(value)
    exponent = step.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    decimals = max(0, -exponent)
    same = value == value.quantize(Decimal(1).scaleb(-decimals), context=EXACT)
    return f"{value:.{decimals}f}" if same else exact(value)


def daily(told: Collected) -> Section:
    """Realized P&L, fees and funding by day."""
    if not told.daily:
        return Section("P&L by day", ("Nothing was traded, and nothing was open.",))
    by_day = _sums(told.daily, lambda one: (one.day, one.currency))
    drawn: list[str] = []
    for currency in sorted({code for _, code in by_day}):
        days = {day: sums for (day, code), sums in by_day.items() if code == currency}
        nets = [float(sums.net) for sums in days.values()]
        drawn.append(
            charts.bars(f"daily-{len(drawn)}", list(days), nets, f"net realized P&L in {currency}")
        )
    columns = ("day (UTC)", "in", "realized", "fees", "funding", "net", "fills")
    rows = tuple(
        (day, code, one.realized, one.fees, one.funding, one.net, one.fills)
        for (day, code), one in by_day.items()
        if one.realized or one.fees or one.funding or one.fills
    )
    notes = ["Whole UTC days. Net is realized P&L less fees plus funding."]
    still = len({day for day, _ in by_day} - {row[0] for row in rows})
    if still:
        notes.append(f"{still:,} days without a fill or anything realized are left out.")
    if len(rows) > _MOST_ROWS:
        notes.append(f"The last {_MOST_ROWS} of {len(rows):,} rows; the totals are of all.")
    listing = Listing(columns, rows[-_MOST_ROWS:], frozenset(columns[2:]))
    return Section("P&L by day", tuple(notes), tuple(drawn), (totals(told), listing))


def totals(told: Collected) -> Listing:
    """Realized P&L, fees and funding of the period, a row for each currency."""
    columns = ("all days, in", "realized", "fees", "funding", "net")
    rows = tuple(
        (code, one.realized, one.fees, one.funding, one.net)
        for code, one in sorted(_sums(told.daily, lambda one: one.currency).items())
    )
    return Listing(columns, rows, frozenset(columns[1:]))


@dataclass(slots=True)
class _Sums:
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    net: Decimal = ZERO
    fills: int = 0


def _sums(rows: Iterable[DailyPnl], key: Callable[[DailyPnl], K]) -> dict[K, _Sums]:
    found: dict[K, _Sums] = {}
    with localcontext(EXACT):
        for one in rows:
            into = found.setdefault(key(one), _Sums())
            into.realized += one.realized_pnl
            into.fees += one.commission
            into.funding += one.funding
            into.net += one.net_pnl
            into.fills += one.fills
    return found


def header(told: Collected) -> tuple[Figure, ...]:
    """What the report is of, and what it rests on."""
    cuts = [one.priced_at for one in told.now.positions if one.priced_at is not None]
    oldest: datetime | None = min(cuts) if cuts else None
    return (
        Figure("portfolio", told.portfolio.name),
        Figure("base currency", told.portfolio.base_currency),
        Figure("from (UTC)", told.start),
        Figure("to (UTC)", told.end),
        Figure("made at (UTC)", told.made_at),
        Figure("oldest price used at the end (UTC)", oldest),
        Figure("points of the curve", len(told.curve)),
    )
