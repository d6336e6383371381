"""Flow: every group of metrics, each on its own, none able to change anything or to take long."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Final

from cryptoscalp.infra.db.errors import ConnectionLost
from cryptoscalp.infra.db.flow import Flow, aside, rows, run
from cryptoscalp.infra.db.secrets import masked
from cryptoscalp.monitoring.metric_groups import GROUPS
from cryptoscalp.monitoring.metric_types import MOST_SAMPLES, Group, Metric, Scrape

#: A scrape has ten seconds by default in Prometheus; one slow group is not to take them all.
TIMEOUT_MS: Final = 2_000


def metrics(timeout_ms: int = TIMEOUT_MS) -> Flow[Scrape]:
    """Read all metrics; nothing is changed.

    Each group runs in a read-only transaction of its own, where a statement is cancelled after
    `timeout_ms`. One that fails is named with its reason, and the others go on. Raises
    ConnectionLost when the database is away.
    """
    found: list[Metric] = []
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    for group in GROUPS:
        began = time.perf_counter()
        try:
            found += yield from aside(partial(_guarded, group, timeout_ms), transaction=True)
        except Exception as error:
            # A group that breaks is a metric; without a database there is nothing else to try.
            if isinstance(error, ConnectionLost):
                raise
            failed[group.name] = masked(" ".join(str(error).split())) or type(error).__name__
        seconds[group.name] = time.perf_counter() - began
    cut = sum(max(0, len(one.samples) - MOST_SAMPLES) for one in found)
    kept = tuple(replace(one, samples=one.samples[:MOST_SAMPLES]) for one in found)
    return Scrape(kept, seconds, failed, cut)


def _guarded(group: Group, timeout_ms: int) -> Flow[list[Metric]]:
    yield from run("SET TRANSACTION READ ONLY")
    yield from rows("SELECT set_config('statement_timeout', %s, true)", (f"{timeout_ms}ms",))
    return (yield from group.flow())
