"""Rows of performance while they are made: a state, sums of fills, and what was lacking."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from cryptoscalp.analytics import fold
from cryptoscalp.analytics.measures import trade_measures
from cryptoscalp.analytics.performance_types import Scope
from cryptoscalp.analytics.ratios import ratios
from cryptoscalp.analytics.windows import PER_YEAR, Period
from cryptoscalp.infra.db import packed
from cryptoscalp.trading.exact import ZERO
from cryptoscalp.trading.grid_types import Line

#: Name and version of what makes the rows; another formula is another version.
METHOD: Final = "buckets/1"
_DOUBLES: Final = (
    "total_return", "sharpe_ratio", "sharpe_low", "sharpe_high", "sortino_ratio", "calmar_ratio",
    "volatility", "max_drawdown",
)  # fmt: skip


class Part(NamedTuple):
    """A portfolio as a whole, or one strategy or symbol of it."""

    portfolio_id: int
    scope: Scope
    strategy_id: int | None = None
    symbol: str | None = None
    exchange: str | None = None


class Sums(NamedTuple):
    """What fills and closed positions came to."""

    fills: int = 0
    turnover: Decimal = ZERO
    fees: Decimal = ZERO
    slippage_fills: int = 0
    slippage: Decimal = ZERO
    slippage_notional: Decimal = ZERO
    trades: int = 0
    wins: int = 0
    losses: int = 0
    gross_profit: Decimal = ZERO
    gross_loss: Decimal = ZERO

    def plus(self, other: Sums) -> Sums:
        """Both together; sums of amounts are exact in the context of the books."""
        together: list[Any] = [*zip(self, other, strict=True)]
        return Sums(*(mine + its for mine, its in together))


NOTHING: Final = Sums()


@dataclass(slots=True)
class Draft:
    """A row: what is stored of it, from which its measures follow."""

    part: Part
    period: Period
    begins_s: int
    started_s: int
    through_s: int
    state: list[float]
    sums: Sums = NOTHING
    lacking: dict[str, dict[str, Any]] = field(default_factory=dict)


def parts_of(portfolio_id: int, line: Line) -> Iterator[Part]:
    """The parts that a line belongs to."""
    yield Part(portfolio_id, "PORTFOLIO")
    if line.strategy_id is not None:
        yield Part(portfolio_id, "STRATEGY", line.strategy_id)
    yield Part(portfolio_id, "SYMBOL", None, line.symbol, line.exchange)


def lacked(
    before: Mapping[str, dict[str, Any]],
    places: Mapping[str, Sequence[int] | Any],
    first: int,
    last: int,
    start: datetime,
    step_s: int,
) -> dict[str, dict[str, Any]]:
    """What was lacking at places first to last of a grid, added to what had been before."""
    found = {what: dict(one) for what, one in before.items()}
    for what, at in places.items():
        here = np.asarray(at)
        here = here[(here >= first) & (here <= last)]
        if len(here):
            one = found.setdefault(what, {"moments": 0})
            one["moments"] += len(here)
            until = start + timedelta(seconds=step_s * int(here[-1]))
            one["last"] = until.astimezone(UTC).isoformat()
    return found


def documents(drafts: Sequence[Draft]) -> dict[str, Any]:
    """Drafts as the parameters of `performance_store`, with the measures that they come to."""
    states = np.array([one.state for one in drafts], dtype=np.float64).ravel()
    return {
        "rows": json.dumps([_row(one) for one in drafts], default=str),
        "states": packed.float8s(pa.array(states, pa.float64())),
        "size": fold.SIZE,
        "method": METHOD,
    }


def _row(draft: Draft) -> dict[str, Any]:
    measured = ratios(fold.statistics(draft.state), PER_YEAR[draft.period])
    of = draft.sums
    trades = trade_measures(of.trades, of.wins, of.losses, of.gross_profit, of.gross_loss)
    reasons = measured.reasons | trades.reasons
    quoted = of.slippage_fills > 0
    if not quoted:
        reasons |= dict.fromkeys(("slippage", "slippage_bps"), "NO_QUOTES")
    return {
        "portfolio_id": draft.part.portfolio_id,
        "scope": draft.part.scope,
        "strategy_id": draft.part.strategy_id,
        "symbol": draft.part.symbol,
        "exchange": draft.part.exchange,
        "period": draft.period,
        "begins_s": draft.begins_s,
        "started_s": draft.started_s,
        "through_s": draft.through_s,
        **{name: getattr(measured, name) for name in _DOUBLES},
        "win_rate": trades.win_rate,
        "profit_factor": trades.profit_factor,
        "total_trades": of.trades,
        "wins": of.wins,
        "losses": of.losses,
        "avg_win": trades.avg_win,
        "avg_loss": trades.avg_loss,
        "gross_profit": of.gross_profit,
        "gross_loss": of.gross_loss,
        "fills": of.fills,
        "turnover": of.turnover,
        "fees": of.fees,
        "slippage": of.slippage if quoted else None,
        "slippage_bps": float(of.slippage / of.slippage_notional * 10_000) if quoted else None,
        "slippage_fills": of.slippage_fills,
        "slippage_notional": of.slippage_notional,
        "returns": int(draft.state[0]),
        "gaps": fold.gaps(draft.state),
        "lacking": draft.lacking,
        "reasons": reasons,
    }


def by_window(drafts: Iterable[Draft]) -> dict[tuple[Period, int], dict[Part, Draft]]:
    """Drafts by period and beginning of their window, then by part."""
    found: dict[tuple[Period, int], dict[Part, Draft]] = {}
    for one in drafts:
        found.setdefault((one.period, one.begins_s), {})[one.part] = one
    return found
