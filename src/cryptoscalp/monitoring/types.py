"""What a check of the doctor is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job

#: OK: as it should be. WARN: it works, and somebody should look. FAIL: something is wrong or will
#: be soon. SKIP: there is nothing to look at here, and `found` says why.
Status: TypeAlias = Literal["OK", "WARN", "FAIL", "SKIP"]

Severity: TypeAlias = Literal["WARN", "FAIL"]

_TIMEOUT_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be, and the command or setting that helps."""

    status: Severity
    found: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says: its status, the figures in a sentence, and every problem."""

    status: Status
    found: str
    hint: str | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A named check.

    `flow` makes a flow that reads; it runs in a read-only transaction of its own, where each
    statement is cancelled after `timeout_ms`.
    """

    name: str
    about: str
    flow: Callable[[], Flow[Verdict]]
    timeout_ms: int = _TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check. `problems` are all of them, worst first; `found` names the first."""

    name: str
    about: str
    status: Status
    found: str
    hint: str | None
    problems: tuple[Problem, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the doctor knows beside the database.

    `data_dir` is of the embedded server, None for another one. `jobs` are those declared,
    `hot_days` is how many days regulated rows stay in PostgreSQL.
    """

    data_dir: Path | None
    jobs: tuple[Job, ...]
    hot_days: int


def fine(found: str) -> Verdict:
    """All is as it should be."""
    return Verdict("OK", found)


def skipped(reason: str, hint: str | None = None) -> Verdict:
    """There is nothing to look at."""
    return Verdict("SKIP", reason, hint)


def judged(found: str, problems: Iterable[Problem]) -> Verdict:
    """OK with `found`, or the worst of the problems with its hint, and all of them."""
    ordered = sorted(problems, key=lambda problem: problem.status)
    if not ordered:
        return fine(found)
    worst = ordered[0]
    more = f" (and {len(ordered) - 1} more)" if len(ordered) > 1 else ""
    return Verdict(worst.status, f"{worst.found}{more}", worst.hint, tuple(ordered))


def severity(fails: bool) -> Severity:
    """FAIL or WARN."""
    return "FAIL" if fails else "WARN"


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    held = list(names)
    more = f" and {len(held) - most} more" if len(held) > most else ""
    return ", ".join(held[:most]) + more
