"""`db.replay`: replay buffers, and what is open for drawing from and adding to them."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.replay.buffers import buffer, buffers, checkpoint, create_buffer, set_tiers
from cryptoscalp.replay.checking import verify
from cryptoscalp.replay.drawing import sample
from cryptoscalp.replay.exporting import export
from cryptoscalp.replay.opened import opened
from cryptoscalp.replay.opening import open_adding, open_memory
from cryptoscalp.replay.pruning import keep_tiers, prune
from cryptoscalp.replay.stats import stats
from cryptoscalp.replay.streamed import Streamed


class Replay(Face[D_co]):
    """Experience replay: buffers in six tiers, durable, drawn from in memory."""

    __slots__ = ()

    create_buffer = operation(create_buffer, retry=True)
    buffers = operation(buffers, retry=True)
    buffer = operation(buffer, retry=True)
    set_tiers = operation(set_tiers, retry=True)

    stats = operation(stats, retry=True)
    sample = operation(sample, retry=True)
    prune = operation(prune, retry=True)
    keep_tiers = operation(keep_tiers, retry=True)
    checkpoint = operation(checkpoint, retry=True)
    verify = operation(verify, retry=True)
    export = operation(export, retry=True)
    batches = Streamed()

    memory = opened(open_memory)
    adding = opened(open_adding)
