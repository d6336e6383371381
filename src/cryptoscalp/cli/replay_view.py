"""How reports on a replay buffer are shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptoscalp.cli import output
from cryptoscalp.cli.times import age

if TYPE_CHECKING:
    from cryptoscalp.replay.report_types import ReplayStats, Spread, TierStats, Verification


def stats(found: ReplayStats) -> None:
    """Print the tiers, then the rest."""
    output.table(
        ["tier", "name", "held", "capacity", "share", "priority min", "median", "p90", "max",
         "age min", "age median", "age max", "draws", "never drawn", "effective"],
        [_tier(one) for one in found.tiers],
        right=["tier", "held", "capacity", "share", "priority min", "median", "p90", "max",
               "draws", "never drawn", "effective"],
    )  # fmt: skip
    bins = [(one, bin_) for one in found.tiers for bin_ in one.histogram]
    if bins:
        output.table(
            ["tier", "priority from", "experiences"],
            [(str(one.tier), f"{bin_.lower:g}", bin_.count) for one, bin_ in bins],
            right=["tier", "priority from", "experiences"],
        )
    if found.writers:
        output.table(
            ["writer", "record", "opened (UTC)", "written (UTC)", "silent", "stale"],
            [
                (
                    str(one.writer_id),
                    str(one.position),
                    one.opened_at,
                    one.written_at,
                    age(one.silent_s),
                    one.stale_updates,
                )
                for one in found.writers
            ],
            right=["writer", "record", "stale"],
        )
    models = ", ".join(f"{one.model or 'no model'} {one.count:,}" for one in found.models)
    output.fields(
        [
            ("experiences", found.held),
            ("of models", models or None),
            ("stale updates", found.stale_updates),
            ("moved in the last hour", found.moved),
            ("left in the last hour", found.evicted),
            ("checkpoint (UTC)", found.checkpointed_at),
            ("unlike it", found.unlike_checkpoint),
        ]
    )


def verification(found: Verification) -> None:
    """Print faults, then notes."""
    for one in found.faults:
        where = "" if one.memory_id is None else f"experience {one.memory_id}: "
        output.say(f"fault: {where}{one.fault}")
    for note in found.notes:
        output.say(f"note: {note}")
    output.say(f"{found.held:,} experiences, {len(found.faults):,} faults")


def _tier(one: TierStats) -> tuple[object, ...]:
    return (
        str(one.tier),
        one.name,
        one.held,
        one.capacity,
        f"{one.share:.1%}",
        *_numbers(one.priorities),
        *_ages(one.ages_s),
        one.draws,
        one.never_drawn,
        None if one.effective is None else f"{one.effective:,.1f}",
    )


def _numbers(spread: Spread | None) -> tuple[str | None, ...]:
    if spread is None:
        return (None,) * 4
    return tuple(
        f"{number:.3g}" for number in (spread.least, spread.median, spread.p90, spread.greatest)
    )


def _ages(spread: Spread | None) -> tuple[str | None, ...]:
    if spread is None:
        return (None,) * 3
    return tuple(age(number) for number in (spread.least, spread.median, spread.greatest))
