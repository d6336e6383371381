"""`db.capture`: everything that brings market data in."""

from __future__ import annotations

from cryptoscalp.capture import batches, calls, importer, writer
from cryptoscalp.infra.db.face import D_co, Face, operation


class Capture(Face[D_co]):
    """Writes of ticks; each call reports received = stored + duplicate + quarantined + ignored."""

    __slots__ = ()

    import_files = operation(importer.import_files)
    write_trades = operation(calls.write_trades, transaction=True, retry=True)
    write_quotes = operation(calls.write_quotes, transaction=True, retry=True)
    open_batch = operation(batches.open_batch, transaction=True)
    close_batch = operation(batches.close_batch, transaction=True, retry=True)
    write = operation(writer.write, transaction=True, retry=True)
