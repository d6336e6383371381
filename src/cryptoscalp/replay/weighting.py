"""Leaf weights: what a draw is proportional to within a tier, in each of the four modes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.compiled import kernel
from cryptoscalp.replay.replay_types import Floats, Ints, Mode, Sampling

#: Weights of priorities keep between 1/_GREATEST and _GREATEST: no sum of 2**31 of them overflows,
#: and no quotient of probabilities underflows.
_GREATEST: Final = 1e140
#: RECENCY: halvings from the base beyond which a weight is 0 (older) or a new base is due (newer).
_OLDEST: Final = 512.0
NEWEST: Final = 256.0


def of_priorities(priorities: Floats, sampling: Sampling) -> Floats:
    """(priority + eps) ** alpha of each.

    Raises InputError, numbering the row from 1, for a priority that is not finite and positive, or
    whose weight is beyond what sums can be made of.
    """
    found = np.empty(len(priorities))
    refused = _powers(
        np.ascontiguousarray(priorities, np.float64), sampling.eps, sampling.alpha, _GREATEST, found
    )
    if refused >= 0:
        raise InputError(
            f"row {refused + 1}: priority {priorities[refused]} is not a finite number > 0, or its"
            f" weight with alpha = {sampling.alpha} is not from {1 / _GREATEST} to {_GREATEST}"
        )
    return found


def of_recency(added: Ints, bases: Ints, sampling: Sampling) -> Floats:
    """2 ** ((added - base) / half_life): relative to each other, 2 ** (-age / half_life).

    Below 2 ** -512 of the base's it is 0.
    """
    halvings = (added - bases) / sampling.half_life
    found: Floats = np.where(halvings < -_OLDEST, 0.0, np.exp2(np.maximum(halvings, -_OLDEST)))
    return found


def of_ranks(
    priorities: Floats, tiers: npt.NDArray[np.int8], memory_ids: Ints, sampling: Sampling
) -> Floats:
    """rank ** -alpha of each, rank 1 being the highest priority of its tier.

    Of equal priorities the older memory has the higher rank: the order does not depend on rows.
    """
    order = np.lexsort((memory_ids, -priorities, tiers))
    counts = np.bincount(tiers)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1) - starts[tiers[order]]
    found: Floats = ranks**-sampling.alpha
    return found


def reranks(sampling: Sampling, changed: int, every: int | None, rows: int) -> bool:
    """Whether ranks are due: as many changes as `every`, or where it is None as 1 % of rows."""
    return sampling.mode is Mode.RANK and changed >= (every or max(1, rows // 100))


@kernel
def _powers(priorities: Floats, eps: float, alpha: float, greatest: float, found: Any) -> int:
    """(priority + eps) ** alpha into `found`; the first that is refused, or -1.

    Compiled, as numpy's vectorized power may round otherwise than its scalar one: the same
    priority must have the same weight, alone or among many.
    """
    for at in range(len(priorities)):
        weight = (priorities[at] + eps) ** alpha
        if not (0.0 < priorities[at] < np.inf and 1.0 / greatest <= weight <= greatest):
            return at
        found[at] = weight
    return -1
