"""Whether a replay buffer has, after a crash, all that was acknowledged, and nothing else."""

from __future__ import annotations

import numpy as np
import psycopg

from campaigns.replay_log import Entry, Told
from cryptoscalp.replay import opening
from cryptoscalp.replay.replay_types import Durability

#: Experiences of one call of the victim, at most.
MOST_ADDED = 60


def check(
    dsn: str, buffer: str, durability: Durability, told: Told, last: Entry | None
) -> list[str]:
    """Open the buffer, which stores what the victim left behind; what is wrong, in words.

    What was found is noted in `told`: a call that was cut off has taken place by now, or never
    will.
    """
    with opening.open_memory(dsn, buffer, rules_every_s=None, durability=durability) as memory:
        faults = memory.verify()
        counts = memory.counts
        capacities = np.array([tier.capacity for tier in memory.buffer.tiers])
    if (counts > capacities).any():
        faults.append(f"tiers hold {counts.tolist()} of {capacities.tolist()}")
    with psycopg.connect(dsn) as connection:
        faults += [
            f"experience {number}: {fault}"
            for number, fault in connection.execute(
                "SELECT f.* FROM replay_buffers AS b, replay_faults(b.buffer_id) AS f"
                " WHERE b.name = %s LIMIT 5",
                (buffer,),
            ).fetchall()
        ]
        there: dict[int, float] = dict(connection.execute(
            "SELECT memory_id, r.priority FROM replay_priorities AS r JOIN replay_buffers USING"
            " (buffer_id) WHERE name = %s", (buffer,),
        ).fetchall())  # fmt: skip
        gone = {
            number
            for (number,) in connection.execute(
                "SELECT m.id FROM replay_changes AS c JOIN replay_buffers AS b USING (buffer_id),"
                " unnest(c.memory_ids, c.tiers) AS m (id, tier) WHERE b.name = %s AND m.tier = 0",
                (buffer,),
            ).fetchall()
        }
    return faults + accounted(there, gone, told, last)


def accounted(there: dict[int, float], gone: set[int], told: Told, last: Entry | None) -> list[str]:
    """What of `told` is not so, given priorities of what is there, and what has left."""
    faults = []
    lost = told.added - there.keys() - gone
    if lost:
        faults.append(f"{len(lost)} experiences are lost, {min(lost)} the first of them")
    doubled = there.keys() & gone
    if doubled:
        faults.append(f"{len(doubled)} experiences that left are there again")
    strange = (there.keys() | gone) - told.added
    was_adding = last is not None and last.call == "add" and not last.done
    if len(strange) > (MOST_ADDED if was_adding else 0):
        faults.append(f"{len(strange)} experiences are there that nobody added")
    told.added |= strange
    for number, allowed in told.priorities.items():
        if number in there and there[number] not in allowed:
            faults.append(f"priority of {number} is {there[number]}, not one of {sorted(allowed)}")
            break
    told.priorities = {number: {there[number]} for number in told.priorities if number in there}
    return faults
