"""Flow: every check of the doctor, each on its own, none able to change anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, aside, rows, run
from cryptoscalp.monitoring.checks import (
    activity,
    clock,
    freshness,
    indexes,
    jobs,
    layout,
    limits,
    logs,
    machine,
    market,
    partitions,
    plans,
    retention,
    rights,
    schema,
    server,
    tables,
)
from cryptoscalp.monitoring.types import Check, Finding, Problem, Verdict, judged

#: The declared list, in the order in which they are made and shown.
CHECKS: Final[tuple[Check, ...]] = (
    *server.CHECKS,
    *machine.CHECKS,
    *clock.CHECKS,
    *rights.CHECKS,
    *schema.CHECKS,
    *layout.CHECKS,
    *partitions.CHECKS,
    *plans.CHECKS,
    *indexes.CHECKS,
    *tables.CHECKS,
    *activity.CHECKS,
    *market.CHECKS,
    *freshness.CHECKS,
    *limits.CHECKS,
    *jobs.CHECKS,
    *logs.CHECKS,
    *retention.CHECKS,
)


def doctor(names: Sequence[str] | None = None) -> Flow[list[Finding]]:
    """Make the named checks, all unless said; nothing is changed.

    Each runs in a read-only transaction with a time limit of its own; one that breaks is a FAIL
    that says how, and the others go on. Raises InputError, with the names there are, for a name
    that is no check.
    """
    findings = []
    for check in chosen(names):
        findings.append((yield from _examined(check)))
    return findings


def chosen(names: Sequence[str] | None) -> list[Check]:
    """The checks of these names in their order, all without one; InputError for an unknown name."""
    known = {check.name: check for check in CHECKS}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise InputError(f"there is no check {', '.join(unknown)}; choose {', '.join(known)}")
    return [check for check in CHECKS if not names or check.name in names]


def unusable(name: str, found: str, hint: str) -> Finding:
    """The finding that stands for all when the database cannot be looked at."""
    problem = Problem("FAIL", found, hint)
    about = next(check.about for check in CHECKS if check.name == name)
    return Finding(name, about, "FAIL", found, hint, (problem,), 0.0)


def _examined(check: Check) -> Flow[Finding]:
    began = time.perf_counter()
    try:
        verdict = yield from aside(partial(_guarded, check), transaction=True)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding
        told = " ".join(str(error).split()) or type(error).__name__
        hint = f"`cryptoscalp doctor {check.name}` makes this check alone"
        verdict = judged("", [Problem("FAIL", f"the check could not be made: {told}", hint)])
    return Finding(
        check.name,
        check.about,
        verdict.status,
        verdict.found,
        verdict.hint,
        verdict.problems,
        time.perf_counter() - began,
    )


def _guarded(check: Check) -> Flow[Verdict]:
    yield from run("SET TRANSACTION READ ONLY")
    yield from rows("SELECT set_config('statement_timeout', %s, true)", (f"{check.timeout_ms}ms",))
    return (yield from check.flow())
