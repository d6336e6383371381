"""`cryptoscalp risk limits`: what portfolios are allowed, and what they did not keep to."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import money, parsed_size
from cryptoscalp.cli.book_options import Limit
from cryptoscalp.cli.risk import GROUP
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration, parsed_time
from cryptoscalp.risk.limits.limit_kinds import LimitAction, LimitMetric

if TYPE_CHECKING:
    from cryptoscalp.risk.limits.limit_types import RiskLimit

_limits = typer.Typer(
    rich_markup_mode=None, help="What portfolios are allowed, and what they did not keep to."
)

MaybePortfolio = Annotated[
    str | None,
    typer.Option("--portfolio", metavar="NAME", help="Of this portfolio; else of all."),
]


def _threshold(name: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        f"--{name}",
        parser=parsed_size,
        metavar="NUMBER",
        help=f"From here on the level is {name.upper()}; base currency, ratio or seconds.",
    )
    return info


def register(app: typer.Typer) -> None:
    """Add `limits` and its commands to `risk`, which is registered by itself."""
    GROUP.add_typer(_limits, name="limits")


@command(_limits, "set")
def set_limit(
    session: Session,
    metric: Annotated[LimitMetric, typer.Argument(case_sensitive=False, help="What is limited.")],
    portfolio: Annotated[
        str | None,
        typer.Option(
            "--portfolio", metavar="NAME", help="Of this portfolio; else of each by itself."
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="Only what it holds.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="NAME", help="Only this instrument.")
    ] = None,
    exchange: Annotated[
        str | None, typer.Option("--exchange", metavar="NAME", help="Only this exchange.")
    ] = None,
    medium: Annotated[Decimal | None, _threshold("medium")] = None,
    high: Annotated[Decimal | None, _threshold("high")] = None,
    critical: Annotated[Decimal | None, _threshold("critical")] = None,
    clear_ratio: Annotated[
        Decimal,
        typer.Option(
            "--clear-ratio",
            parser=parsed_size,
            metavar="NUMBER",
            help="A breach ends below this share of the lowest threshold.",
        ),
    ] = Decimal("0.9"),
    clear_after: Annotated[
        float,
        typer.Option(
            "--clear-after",
            parser=parsed_duration,
            metavar="TIME",
            show_default="5m",
            help="Once the value has stayed there for so long.",
        ),
    ] = 300.0,
    action: Annotated[
        LimitAction,
        typer.Option(
            "--action",
            case_sensitive=False,
            help="halt: the portfolio stops trading when the level becomes CRITICAL.",
        ),
    ] = "ALERT",
    unknown_action: Annotated[
        LimitAction,
        typer.Option(
            "--unknown-action",
            case_sensitive=False,
            help="halt: it stops when the value cannot be known, such as by data that are late."
            " alert, the default, only tells of it: feeds pause more often than limits break.",
        ),
    ] = "ALERT",
    until: Annotated[
        datetime | None,
        typer.Option("--until", parser=parsed_time, metavar="TIME", help="It holds until then."),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="A remark, kept with it.")
    ] = None,
) -> None:
    """Declare a limit from now on, in place of the one of the same metric and scope.

    Exposures, daily_loss, var and expected_shortfall are in the portfolio's base currency,
    stale_data is in seconds, leverage, drawdown and concentration are ratios: 0.2 is 20 %.
    """
    with session.connect() as db:
        found = db.risk.set_limit(
            metric, portfolio=portfolio, strategy=strategy, symbol=symbol, exchange=exchange,
            medium=medium, high=high, critical=critical, clear_ratio=clear_ratio,
            clear_after=timedelta(seconds=clear_after), action=action,
            unknown_action=unknown_action, valid_until=until, note=note,
        )  # fmt: skip
    _show(session, [found])


@command(_limits, "remove")
def remove(
    session: Session,
    limit_id: Annotated[int, typer.Argument(metavar="LIMIT", help="Number of the limit.")],
) -> None:
    """End a limit, and its open breaches; its history stays."""
    with session.connect() as db:
        found = db.risk.remove_limit(limit_id)
    _show(session, [found])


@command(_limits, "list")
def list_limits(
    session: Session,
    portfolio: MaybePortfolio = None,
    ended: Annotated[
        bool, typer.Option("--ended", help="Those that were replaced or removed, too.")
    ] = False,
) -> None:
    """Show the limits that hold."""
    with session.connect() as db:
        found = db.risk.limits(portfolio, ended=ended)
    _show(session, found)


@command(_limits, "check")
def check(session: Session, portfolio: MaybePortfolio = None) -> None:
    """Check limits now, as the job check_limits does every minute; breaches are recorded."""
    with session.connect() as db:
        found = db.risk.check_limits(portfolio)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["portfolio", "limit", "metric", "value", "unit", "breach", "state", "level",
         "why unknown"],
        [
            (one.portfolio, str(one.limit_id), one.metric, _number(one.value), one.unit,
             one.breach_id and str(one.breach_id), one.state or "kept", one.level, one.reason)
            for one in found
        ],
        right=["limit", "value", "breach"],
    )  # fmt: skip
    output.say(f"{len(found):,} checks")


@command(_limits, "breaches")
def breaches(
    session: Session,
    portfolio: MaybePortfolio = None,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are over, too.")] = False,
    limit: Limit = None,
) -> None:
    """Show breaches of limits, in the order in which they opened."""
    with session.connect() as db:
        found = db.risk.breaches(portfolio, closed=closed, limit=listing.asked(session, limit))
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "breaches")
    output.table(
        ["breach", "portfolio", "limit", "metric", "state", "level", "peak", "threshold", "times",
         "since (UTC)", "ended (UTC)"],
        [
            (str(one.breach_id), one.portfolio, str(one.limit_id), one.metric, one.state,
             one.level, _number(one.peak_value), money(one.threshold),
             one.times_seen + one.times_unknown, one.opened_at, one.closed_at)
            for one in shown
        ],
        right=["breach", "limit", "peak", "threshold", "times"],
    )  # fmt: skip
    output.say(told)


def _show(session: Session, found: list[RiskLimit]) -> None:
    if session.json:
        output.emit(found)
        return
    output.table(
        ["limit", "portfolio", "metric", "of", "medium", "high", "critical", "unit", "action",
         "until (UTC)"],
        [
            (str(one.limit_id), one.portfolio or "each", one.metric, _scope(one),
             one.medium, one.high, one.critical, one.unit, one.action, one.valid_until)
            for one in found
        ],
        right=["limit", "medium", "high", "critical"],
    )  # fmt: skip
    output.say(f"{len(found):,} limits")


def _scope(one: RiskLimit) -> str | None:
    return " ".join(filter(None, (one.strategy, one.symbol, one.exchange))) or None


def _number(value: Decimal | None) -> str | None:
    """A measured value; a leverage without equity is infinite."""
    return str(value) if value is not None and not value.is_finite() else money(value)
