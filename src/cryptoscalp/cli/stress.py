"""`cryptoscalp stress`: what a portfolio would lose in declared scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import money, parsed_number, parsed_size
from cryptoscalp.cli.book_options import Limit, PortfolioName, RateOption, rates_of
from cryptoscalp.cli.listing import asked, cut
from cryptoscalp.cli.reads import Exchange
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, readable
from cryptoscalp.trading.types import PriceKind

if TYPE_CHECKING:
    from cryptoscalp.risk.stress.result_types import ReverseStress, StressResult

_stress = typer.Typer(
    rich_markup_mode=None,
    help="What a portfolio would lose in declared scenarios, and which move loses an amount.",
)

Declared = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="PATH",
        help="A scenario in YAML, or a folder of them, beside those of the package and of"
        " CRYPTOSCALP_STRESS_SCENARIOS.",
    ),
]

MaybeBy = Annotated[
    PriceKind | None,
    typer.Option(
        "--by",
        case_sensitive=False,
        help="Prices of positions that are known now: quote: the side that closes the position;"
        " mid; last: the last trade; mark: the venue's mark price. The last marks unless said.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `stress` and its commands."""
    app.add_typer(_stress, name="stress")


@command(_stress, "run")
def run(
    session: Session,
    name: PortfolioName,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", metavar="NAME", help="A scenario; repeatable. All of them unless said."
        ),
    ] = None,
    file: Declared = None,
    by: MaybeBy = None,
    rate: RateOption = None,
    recovery_days: Annotated[
        int,
        typer.Option(
            "--recovery-days",
            min=0,
            max=3_650,
            metavar="DAYS",
            help="Days of hourly equity by which the time to recover is reckoned; 0 leaves it out.",
        ),
    ] = 7,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Reckon only, and store nothing.")
    ] = False,
) -> None:
    """Reckon what a portfolio would lose now, and store it.

    Losses are above zero, gains below. Without --scenario those that cannot be applied, such as
    replays whose candles are not stored, are named below the table.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.risk.run_stress(
            name, scenario, path=file, rates=rates, by=by, recovery_days=recovery_days,
            stored=not dry_run,
        )  # fmt: skip
    if session.json:
        output.emit(found)
        return
    _results(found.results)
    _notes(found.results)
    for refused, reason in found.refused:
        output.say(f"not applied: {refused}: {reason}")


@command(_stress, "list")
def list_(
    session: Session,
    portfolio: Annotated[
        str | None,
        typer.Option("--portfolio", metavar="NAME", help="Of this portfolio; all unless said."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="NAME", help="Of this scenario alone.")
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="The newest of each portfolio and scenario.")
    ] = False,
    limit: Limit = None,
) -> None:
    """Show stored stress tests.

    Those of books that have changed since are marked.
    """
    with session.connect() as db:
        found = db.risk.stress_results(
            portfolio, scenario, start, end, newest=newest, limit=asked(session, limit)
        )
    if session.json:
        output.emit(found)
        return
    if scenario and not found:
        again = session.again("stress scenarios")
        output.tell(f"nothing is stored of a scenario {scenario!r} here; `{again}` has the names")
    shown, line = cut(found, limit, "stress tests")
    _results(shown)
    _notes(shown)
    _changed(shown)
    output.say(line)


@command(_stress, "scenarios")
def scenarios(session: Session, file: Declared = None) -> None:
    """Show the scenarios that are declared, and check those of --file."""
    with session.connect() as db:
        found = db.risk.scenarios(file)
    if session.json:
        output.emit([{"sha256": one.sha256(), **one.document()} for one in found])
        return
    output.table(
        ["scenario", "kind", "minutes", "what happens"],
        [(one.name, one.kind.lower(), one.minutes, one.description) for one in found],
        right=["minutes"],
    )


@command(_stress, "reverse")
def reverse(
    session: Session,
    name: PortfolioName,
    loss: Annotated[
        Decimal | None,
        typer.Option(
            "--loss", parser=parsed_size, metavar="NUMBER", help="What is lost, in base currency."
        ),
    ] = None,
    percent: Annotated[
        Decimal | None,
        typer.Option(
            "--percent", parser=parsed_size, metavar="NUMBER", help="What is lost, % of equity."
        ),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option("--symbol", metavar="NAME", help="Only the price of this instrument moves."),
    ] = None,
    exchange: Exchange = None,
    beta: Annotated[
        list[str] | None,
        typer.Option(
            "--beta", metavar="NAME=NUMBER", help="Beta of an asset, such as ETH=1.2; repeatable."
        ),
    ] = None,
    by: MaybeBy = None,
    rate: RateOption = None,
) -> None:
    """Show the nearest moves, down and up, that lose an amount; 1 for every asset unless --beta."""
    rates, betas = rates_of(rate), dict(_beta(one) for one in beta or [])
    with session.connect() as db:
        found = db.risk.reverse_stress(
            name, loss, percentage=percent, symbol=symbol, exchange=exchange, betas=betas or None,
            rates=rates, by=by,
        )  # fmt: skip
    if session.json:
        output.emit(found)
        return
    _reversed(found)


def _beta(text: str) -> tuple[str, Decimal]:
    name, equals, number = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text!r} is no beta; write NAME=NUMBER, such as ETH=1.2")
    return name.strip(), parsed_number(number)


def _results(found: Sequence[StressResult]) -> None:
    output.table(
        ["as of (UTC)", "portfolio", "scenario", "equity", "loss", "%", "worst", "in",
         "recovers in min", "books"],
        [
            (
                one.test_date,
                one.portfolio,
                one.scenario_name,
                money(one.portfolio_value),
                money(one.loss_amount),
                None if one.loss_percentage is None else f"{one.loss_percentage:.2f}",
                money(one.worst_loss_amount),
                one.base_currency,
                one.recovery_time_minutes,
                "changed since" if one.books_changed_at else "the same",
            )
            for one in found
        ],
        right=["equity", "loss", "%", "worst", "recovers in min"],
    )  # fmt: skip


def _notes(found: Sequence[StressResult]) -> None:
    """How to read the figures, each remark once with the scenarios that it is of."""
    of: dict[str, list[str]] = {}
    for one in found:
        for name, reason in one.reasons.items():
            of.setdefault(f"{name.replace('_', ' ')}: {reason}", []).append(one.scenario_name)
    for reason, scenarios in of.items():
        named = dict.fromkeys(scenarios)
        which = "all" if len(scenarios) == len(found) else ", ".join(named)
        output.say(f"{which}: {reason}")


def _changed(found: Sequence[StressResult]) -> None:
    """Which results are of a book that is no more."""
    of: dict[tuple[str, datetime], list[str]] = {}
    for one in found:
        if one.books_changed_at:
            of.setdefault((one.portfolio, one.books_changed_at), []).append(one.scenario_name)
    for (portfolio, at), scenarios in of.items():
        named = ", ".join(dict.fromkeys(scenarios))
        output.say(f"the books of {portfolio} have changed since, at {readable(at)}: {named}")


def _reversed(found: Sequence[ReverseStress]) -> None:
    output.table(
        ["direction", "to lose", "move in %", "loses", "note"],
        [
            (
                one.direction,
                money(one.target),
                None if one.move_pct is None else f"{one.move_pct:.6f}",
                money(one.loss),
                one.reason,
            )
            for one in found
        ],
        right=["to lose", "move in %", "loses"],
    )
