"""Flow: halts of trading and breaches of limits that stand, for `status` and the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.risk.limits.limit_kinds import BreachState, LimitMetric, RiskLevel

_HALTED: Final = """
    SELECT p.name, k.reason FROM kill_switches AS k
    LEFT JOIN portfolios AS p USING (portfolio_id)
    WHERE k.halted AND p.closed_at IS NULL ORDER BY p.name NULLS FIRST
"""
_BROKEN: Final = """
    SELECT p.name, l.metric::text, b.level::text, b.state::text,
           CASE WHEN b.state = 'UNKNOWN' THEN b.reason END FROM limit_breaches AS b
    JOIN risk_limits AS l USING (limit_id) JOIN portfolios AS p ON p.portfolio_id = b.portfolio_id
    WHERE b.closed_at IS NULL ORDER BY b.level DESC NULLS LAST, b.breach_id
"""


@dataclass(frozen=True, slots=True)
class Halt:
    """A kill switch that is turned, of a portfolio or (None) of all of them."""

    portfolio: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class OpenBreach:
    """A breach that stands, as the limit was last checked.

    `level` is the worst that it reached, None where its value was never known to be at one. UNKNOWN
    has the `reason`; CLEARING is below all thresholds, not yet for long enough.
    """

    portfolio: str
    metric: LimitMetric
    level: RiskLevel | None
    state: BreachState
    reason: str | None

    @property
    def told(self) -> str:
        """How it stands, in a word or two."""
        if self.state == "UNKNOWN":
            return "unknown" if self.level is None else f"unknown, {self.level} before"
        if self.state == "CLEARING":
            return "clearing" if self.level is None else f"clearing, {self.level} before"
        return self.level or "breached"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands now: halts by portfolio, open breaches with the worst first, declared limits."""

    halts: list[Halt]
    breaches: list[OpenBreach]
    declared: int


def standing() -> Flow[Standing]:
    """Which portfolios are halted, and which limits are not kept to, as they were last checked."""
    halted = yield from rows(_HALTED)
    broken = yield from rows(_BROKEN)
    declared = yield from rows("SELECT count(*) FROM risk_limits WHERE valid_until IS NULL")
    return Standing(
        [Halt(*row) for row in halted], [OpenBreach(*row) for row in broken], declared[0][0]
    )
