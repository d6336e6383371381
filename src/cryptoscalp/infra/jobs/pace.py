"""How fast workers look, give up and try again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of a worker, in seconds; the defaults are for production.

    A worker says every `heartbeat_s` that it lives; the jobs of one that has been silent for
    `stalled_s` are queued again by the others. `poll_s`: how often the queue is looked at without
    a notification. A failed job is tried again after `pause_s`, then six times that, up to
    `longest_pause_s`. A stopped worker lets its jobs run on for `grace_s`, then releases them.
    """

    heartbeat_s: float = 10.0
    stalled_s: float = 30.0
    poll_s: float = 5.0
    pause_s: float = 10.0
    longest_pause_s: float = 900.0
    grace_s: float = 30.0

    def pause(self, failures: int) -> float:
        """Seconds until the next try after so many failures in a row; none after no failure."""
        if failures < 1:
            return 0.0
        # Beyond 6^9 any pause is the longest one.
        return float(min(self.pause_s * 6 ** min(failures - 1, 9), self.longest_pause_s))
