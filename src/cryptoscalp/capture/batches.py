"""Flows: a batch is opened before its first transaction and closed after its last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, rows, run


def open_batch(
    source: str,
    format_name: str,
    source_sha256: bytes | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Flow[int]:
    """Open a batch and return its id; `plan` is kept to read single records of a file again."""
    yield from run("SET LOCAL ROLE cryptoscalp_capture")
    found = yield from rows(
        "INSERT INTO batches (source, format, source_sha256, plan)"
        " VALUES (%s, %s, %s, %s::json) RETURNING batch_id",
        (source, format_name, source_sha256, None if plan is None else json.dumps(plan)),
    )
    batch_id: int = found[0][0]
    return batch_id


def close_batch(batch_id: int) -> Flow[None]:
    """Mark a batch as committed whole; IntegrityRefused when it was undone meanwhile."""
    yield from run("SET LOCAL ROLE cryptoscalp_capture")
    touched = yield from run(
        "UPDATE batches SET status = 'COMMITTED', finished_at = clock_timestamp()"
        " WHERE batch_id = %s AND status IN ('OPEN', 'COMMITTED')",
        (batch_id,),
    )
    if not touched:
        raise IntegrityRefused(
            f"batch {batch_id} cannot be finished: it was undone, or there is none"
        )
