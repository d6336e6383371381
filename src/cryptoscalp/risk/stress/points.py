"""The points of a hypothetical scenario's path: where the moves stand, and when funding is due."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from cryptoscalp.risk.stress.book import Book
from cryptoscalp.risk.stress.engine import funding_minutes
from cryptoscalp.risk.stress.moves import Moves, Point, point, share_at
from cryptoscalp.risk.stress.scenario_types import Scenario

#: The moves go in this many steps from minute 0 to each point of the path.
_STEPS: Final = 20


def hypothetical_points(scenario: Scenario, book: Book, moves: Moves) -> list[Point]:
    """The book's factors along the scenario's path, by time; the last is the scenario's end.

    Between two points of the path, 20 steps of the same length; without a path the moves happen
    evenly over all minutes.
    """
    path = [(one.minute, one.share) for one in scenario.path] or [(scenario.minutes, Decimal(1))]
    minutes = set(funding_minutes(scenario))
    if scenario.halt is not None:
        minutes.add(Decimal(scenario.halt.minutes))
    begin = 0
    for minute, _ in path:
        length = Decimal(minute - begin)
        minutes |= {begin + length * n / _STEPS for n in range(1, _STEPS + 1)}
        begin = minute
    return [point(book, moves, share_at(path, minute), minute) for minute in sorted(minutes)]
