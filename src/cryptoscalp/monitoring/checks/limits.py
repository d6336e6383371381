"""Whether trading goes on, within the limits that are declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.monitoring.standing import standing
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity, skipped
from cryptoscalp.risk.limits.limit_kinds import BreachState

_STANDS: Final[Mapping[BreachState, str]] = {
    "BREACHED": "breaks its limit",
    "CLEARING": "is within its limit again",
    "UNKNOWN": "is not known to keep to its limit",
}


def limits() -> Flow[Verdict]:
    """No kill switch stops trading, and no breach of a limit is open."""
    now = yield from standing()
    problems = [
        Problem(
            "FAIL",
            f"trading is halted in {one.portfolio or 'every portfolio'}: {one.reason}",
            "`cryptoscalp risk resume`, once the reason is gone",
        )
        for one in now.halts
    ]
    for found in now.breaches:
        told = f"{found.told}: {found.reason}" if found.reason else found.told
        problems.append(
            Problem(
                severity(found.level == "CRITICAL" and found.state != "CLEARING"),
                f"{found.metric} of {found.portfolio} {_STANDS[found.state]} ({told})",
                f"cryptoscalp risk limits breaches --portfolio {found.portfolio}",
            )
        )
    if not now.declared and not problems:
        return skipped("no limit is declared", "cryptoscalp risk limits set")
    return judged(f"{now.declared:,} limits are kept to, nothing is halted", problems)


CHECKS: Final = (Check("limits", "trading goes on, within its limits", limits),)
