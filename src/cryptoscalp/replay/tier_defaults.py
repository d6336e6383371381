"""The tiers of a buffer for which none are given."""

from __future__ import annotations

import math
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_types import Condition, Move, Overflow, Tier

#: Percent of the capacity, tier 1 first.
SHARES: Final = (40, 20, 10, 10, 10, 10)
#: So that each tier holds one at least.
LEAST: Final = 10
#: Standard deviations from the mean that make a reward rare; of normal rewards, 1 in 370.
RARE: Final = 3.0
#: Drawn this often, an experience has been learned from; eight times that, thoroughly.
OFTEN: Final = 8
WEEK_S: Final = 7 * 86_400.0


def default_tiers(capacity: int, *, surprise: float = 1.0) -> tuple[Tier, ...]:
    """Six tiers that hold `capacity` experiences together, exactly.

    `surprise`: the |TD error|, in the unit of the rewards, from which an experience surprises;
    below half of it (so that none goes back and forth) it has been learned.

        tier             % held  % drawn  enters                    moves on            when full
        1 recent             40       30  every other new one       2 surprising        oldest out
        2 surprising         20       25  surprising, from 1        5 drawn 8 times     lowest
                                                                    and surprising;     priority
                                                                    1 learned           to 1
        3 rare_rewards       10       15  reward 3 standard         5 drawn 8 times     lowest
                                          deviations off the mean   and surprising      priority
                                                                                        to 6
        4 stressed           10       10  recorded in a VOLATILE    5 drawn 8 times     oldest
                                          or CRISIS regime          and surprising      to 6
        5 consolidated       10       10  often drawn, still        6 drawn 64 times,   lowest
                                          surprising; from 2, 3, 4  a week old;         priority
                                                                    1 learned           to 6
        6 long_term          10       10  from 3, 4, 5              stays               lowest
                                                                                        priority
                                                                                        out

    A new experience enters the highest tier that takes it: 4, then 3, then 1. What is learned goes
    back to tier 1, where the oldest leave first. What percentages leave over goes to tier 1.
    Raises InputError for a capacity below 10 or a `surprise` that is not above 0.
    """
    if capacity < LEAST:
        raise InputError(f"capacity {capacity} must be {LEAST} or more: there are six tiers")
    if not 0 < surprise < math.inf:
        raise InputError(f"surprise {surprise} must be a finite number above 0")
    held = [capacity * share // 100 for share in SHARES]
    held[0] += capacity - sum(held)
    surprising = Condition(td_error_from=surprise)
    consolidated = Move(5, Condition(td_error_from=surprise, draws_from=OFTEN))
    learned = Move(1, Condition(priority_below=surprise / 2, draws_from=1))
    lowest = Overflow.LOWEST_PRIORITY
    return (
        Tier("recent", held[0], 0.30, Condition(), (Move(2, surprising),)),
        Tier("surprising", held[1], 0.25, None, (consolidated, learned), lowest, 1),
        Tier("rare_rewards", held[2], 0.15, Condition(rarity_from=RARE), (consolidated,),
             lowest, 6),
        Tier("stressed", held[3], 0.10, Condition(regimes=frozenset({"VOLATILE", "CRISIS"})),
             (consolidated,), Overflow.OLDEST, 6),
        Tier("consolidated", held[4], 0.10, None,
             (Move(6, Condition(draws_from=8 * OFTEN, age_from_s=WEEK_S)), learned), lowest, 6),
        Tier("long_term", held[5], 0.10, None, (), lowest),
    )  # fmt: skip
