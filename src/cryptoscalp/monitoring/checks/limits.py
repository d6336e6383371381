"""Whether trading goes on, within the limits that are declared."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity, skipped

_HALTED: Final = """
    SELECT coalesce(p.name, 'every portfolio'), k.reason FROM kill_switches AS k
    LEFT JOIN portfolios AS p USING (portfolio_id)
    WHERE k.halted AND p.closed_at IS NULL ORDER BY p.name NULLS FIRST
"""
_BROKEN: Final = """
    SELECT p.name, l.metric::text, b.level::text, b.reason FROM limit_breaches AS b
    JOIN risk_limits AS l USING (limit_id) JOIN portfolios AS p ON p.portfolio_id = b.portfolio_id
    WHERE b.closed_at IS NULL ORDER BY b.level DESC NULLS LAST, b.breach_id
"""


def limits() -> Flow[Verdict]:
    """No kill switch stops trading, and no breach of a limit is open."""
    halted = yield from rows(_HALTED)
    broken = yield from rows(_BROKEN)
    declared = (yield from rows("SELECT count(*) FROM risk_limits WHERE valid_until IS NULL"))[0][0]
    problems = [
        Problem(
            "FAIL",
            f"trading is halted in {name}: {reason}",
            "`cryptoscalp risk resume`, once the reason is gone",
        )
        for name, reason in halted
    ]
    for name, metric, level, reason in broken:
        told = level or f"unknown: {reason}"
        problems.append(
            Problem(
                severity(level == "CRITICAL"),
                f"{metric} of {name} does not keep to its limit ({told})",
                f"cryptoscalp risk limits breaches --portfolio {name}",
            )
        )
    if not declared and not problems:
        return skipped("no limit is declared", "cryptoscalp risk limits set")
    return judged(f"{declared:,} limits are kept to, nothing is halted", problems)


CHECKS: Final = (Check("limits", "trading goes on, within its limits", limits),)
