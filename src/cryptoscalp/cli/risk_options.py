"""The options that commands of risk share."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from cryptoscalp.cli.times import parsed_duration
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import RiskScope, VarEstimator

#: Thirty days, in seconds.
MONTH = 2_592_000.0

Estimators = Annotated[
    list[str] | None,
    typer.Option(
        "--estimator",
        metavar="NAME",
        help="How the tail is estimated: historical, gaussian, student_t, cornish_fisher,"
        " ewma_historical; repeatable, all unless said.",
    ),
]
Confidence = Annotated[
    float,
    typer.Option("--confidence", metavar="SHARE", help="Of not losing more: above 0.5, below 1."),
]
Horizon = Annotated[
    Interval, typer.Option("--horizon", help="Over which a loss is meant; a length of candles.")
]
Lookback = Annotated[
    float,
    typer.Option(
        "--lookback",
        parser=parsed_duration,
        metavar="TIME",
        help="Length of the history used.",
        show_default="30d",
    ),
]
Scope = Annotated[
    RiskScope,
    typer.Option("--scope", case_sensitive=False, help="The portfolio, or a part of it."),
]
Subject = Annotated[
    str | None,
    typer.Option(
        "--subject", metavar="NAME", help="Which part: a strategy, SYMBOL@exchange, an exchange."
    ),
]
Estimator = Annotated[
    VarEstimator,
    typer.Option("--estimator", case_sensitive=False, help="How the tail is estimated."),
]


def estimators_of(given: list[str] | None) -> list[VarEstimator]:
    """The estimators that were named, in any case; all where none was."""
    choices: tuple[VarEstimator, ...] = get_args(VarEstimator)
    found: list[VarEstimator] = []
    for name in given or choices:
        one = next((one for one in choices if one == name.upper()), None)
        if one is None:
            raise typer.BadParameter(
                f"there is no estimator {name!r}; choose {', '.join(choices).lower()}"
            )
        found.append(one)
    return found
