"""When days move, leave and expire: nothing early, everything due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.market.kept import MARKET_DATA
from cryptoscalp.retention.rules import OPERATIONAL, YOUNGEST, counted_from, decide, expires_at
from cryptoscalp.retention.rules import joined as join
from cryptoscalp.retention.types import Facts

REGULATED = Kept("market_data", "regulated", "day", cold=MARKET_DATA)
CANDLES = Kept("candles_1s", "operational", "day")
DAYS = st.dates(date(2009, 1, 3), date(2030, 1, 1))
MOMENTS = st.integers(1_230_940_800, 2_366_841_600).map(lambda s: datetime.fromtimestamp(s, UTC))
HOT = st.integers(0, 400)
KINDS: st.SearchStrategy[Any] = st.sampled_from([None, "partition", "pending", "detached", "chunk"])


@st.composite
def known(draw: st.DrawFn, table: str) -> Facts:
    """Anything that may be known of a day."""
    kind = draw(KINDS)
    cold = draw(st.integers(0 if kind else 1, 3))
    return Facts(
        table, draw(DAYS), kind, rows=draw(st.integers(0, 9)), cold=cold,
        open=draw(st.integers(0, 2)), written_at=draw(st.none() | MOMENTS),
        departed_at=draw(st.none() | MOMENTS),
        holds=tuple(draw(st.lists(st.integers(1), max_size=2))),
    )  # fmt: skip


@given(known("market_data"), MOMENTS, HOT)
def test_a_regulated_day_leaves_when_it_is_old_and_not_before(
    facts: Facts, as_of: datetime, hot: int
) -> None:
    action, reason = decide(REGULATED, facts, as_of, hot)
    end = datetime.combine(facts.day, datetime.min.time(), UTC) + timedelta(days=1)
    last = max(end, facts.written_at) if facts.written_at else end
    if action in ("move", "drop", "expire"):
        assert not facts.holds
        assert as_of >= end + YOUNGEST or action == "expire"
    if action == "move":
        assert as_of >= last + timedelta(days=hot)
    if action == "expire":
        assert facts.kind is None
        assert as_of >= last + timedelta(days=7 * 365)
    settled = facts.kind and as_of >= max(end + YOUNGEST, last + timedelta(days=hot))
    if settled and not facts.holds:
        assert action in ("move", "drop")
    gone = facts.kind is None and not facts.open
    if gone and as_of >= last + timedelta(days=7 * 366) and not facts.holds:
        assert action == "expire"
    assert reason


@given(known("candles_1s"), MOMENTS, HOT, st.booleans())
def test_one_second_candles_leave_after_their_ticks(
    facts: Facts, as_of: datetime, hot: int, ticks: bool
) -> None:
    action, _ = decide(CANDLES, facts, as_of, hot, ticks=ticks)
    old = as_of >= counted_from(facts.day, facts.written_at) + OPERATIONAL
    if action == "drop":
        assert old
        assert facts.kind
        assert not ticks
        assert not facts.holds
    elif old and facts.kind and not ticks and not facts.holds:
        assert facts.departed_at is not None


@given(DAYS, st.none() | MOMENTS)
def test_seven_years_are_calendar_years(day: date, written: datetime | None) -> None:
    start, over = counted_from(day, written), expires_at(day, written)
    assert over.year == start.year + 7
    assert (over.month, min(over.day, 28)) == (start.month, min(start.day, 28))


@given(st.lists(known("market_data"), max_size=20), MOMENTS)
def test_a_plan_names_every_day_once(found: list[Facts], as_of: datetime) -> None:
    lines = join((one, *decide(REGULATED, one, as_of, 30)) for one in found)
    assert sum(line.days for line in lines) == len(found)
