"""`db.logs`: what the product and its server logged."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.logs.collecting import collect
from cryptoscalp.logs.reading import counts, record, search, tail


class Logs(Face[D_co]):
    """System logs."""

    __slots__ = ()

    tail = operation(tail, retry=True)
    search = operation(search, retry=True)
    counts = operation(counts, retry=True)
    # One more call would be one more record.
    record = operation(record, retry=False)
    collect = operation(collect, retry=True)
