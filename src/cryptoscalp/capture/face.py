"""`db.capture`: everything that brings market data in."""

from __future__ import annotations

from cryptoscalp.capture import batches, calls, importer, maps, retry, writer
from cryptoscalp.infra.db.face import D_co, Face, operation


class Capture(Face[D_co]):
    """Writes of events; each call reports received = stored + duplicate + quarantined + ignored."""

    __slots__ = ()

    import_files = operation(importer.import_files)
    retry_quarantined = operation(retry.retry_quarantined)
    write_trades = operation(calls.write_trades, transaction=True, retry=True)
    write_quotes = operation(calls.write_quotes, transaction=True, retry=True)
    open_batch = operation(batches.open_batch, transaction=True)
    close_batch = operation(batches.close_batch, transaction=True, retry=True)
    write = operation(writer.write, transaction=True, retry=True)
    save_map = operation(maps.save_map, retry=True)
    load_map = operation(maps.load_map, retry=True)
    delete_map = operation(maps.delete_map)
    maps = operation(maps.maps, retry=True)
