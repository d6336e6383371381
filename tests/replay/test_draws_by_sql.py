"""sample_experiences(): drawn with the probabilities of its definition, which are told with them.

Seeds are fixed; a seed that is changed has a chance of 1e-4 of failing although all is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
import pytest
from scipy import stats

from cryptoscalp.replay.replay_types import Floats
from tests.postgres import Place
from tests.replay.plain import Session, buffer, experiences, record

SIGNIFICANCE = 1e-4
ALL = [1.0] * 6


@pytest.fixture
def session(database: Place) -> Iterator[Session]:
    """The login's session, whose random numbers are always the same."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.25)")
        yield connection


def held(session: Session, priorities: Sequence[float], tiers: Sequence[int]) -> None:
    """Experiences 1, 2, 3 ... of these priorities in these tiers, in a buffer of their own."""
    given = experiences(range(1, len(priorities) + 1))
    given |= {"priorities": list(priorities), "tiers": list(tiers)}
    record(session, buffer(session), given)


def draw(
    session: Session, weights: Sequence[float], n: int, alpha: float = 0.6
) -> list[tuple[Any, ...]]:
    """Memory, tier, probability, weight and priority of each draw."""
    return session.execute(
        "SELECT memory_id, tier, probability, weight, priority, draw"
        " FROM sample_experiences(%s::float8[], %s, %s)",
        ([float(one) for one in weights], n, alpha),
    ).fetchall()


def exact(
    priorities: Sequence[float], tiers: Sequence[int], weights: Sequence[float], alpha: float
) -> Floats:
    """P of each experience, by the definition alone."""
    masses = (np.array(priorities) + 1e-6) ** alpha
    levels = np.array(tiers)
    found = np.zeros(len(masses))
    shared = sum(weights[level - 1] for level in set(tiers))
    for level in set(tiers):
        here = levels == level
        found[here] = weights[level - 1] / shared * masses[here] / masses[here].sum()
    return found


RNG = np.random.default_rng(11)
SPREAD = (RNG.exponential(size=90) + 1e-3).tolist()
MIXED = RNG.integers(1, 7, 90).tolist()
#: Priorities, tiers, weights.
CASES: dict[str, tuple[list[float], list[int], list[float]]] = {
    "six tiers": (SPREAD, MIXED, [0.05, 0.1, 0.15, 0.2, 0.2, 0.3]),
    "weights that are no probabilities": (SPREAD, MIXED, [5, 1e-3, 70, 2, 20, 3]),
    "an empty tier": (SPREAD, [2 + one % 2 * 3 for one in MIXED], ALL),
    "a tier of weight 0": (SPREAD, MIXED, [0, 1, 0, 2, 1, 0]),
    "equal": ([2.5] * 60, [3] * 60, ALL),
    "skewed": ((10.0 ** np.linspace(-12, 12, 49)).tolist(), [1] * 49, ALL),
}


@pytest.mark.long
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("name", CASES)
def test_the_draws_follow_the_definition(session: Session, name: str, alpha: float) -> None:
    priorities, tiers, weights = CASES[name]
    held(session, priorities, tiers)
    drawn = draw(session, weights, 40_000, alpha)
    assert [row[5] for row in drawn] == list(range(1, 40_001))
    wanted = exact(priorities, tiers, weights, alpha)
    counts = np.bincount([row[0] for row in drawn], minlength=len(wanted) + 1)[1:]
    assert not counts[wanted == 0].any()
    # Where fewer than five are to be expected, chi-square takes them together.
    rare = wanted * 40_000 < 5
    seen = np.append(counts[~rare], counts[rare].sum())
    thought = np.append(wanted[~rare], wanted[rare].sum()) * 40_000
    if thought[-1] < 5:
        assert seen[-1] <= 25
        seen, thought = seen[:-1], thought[:-1] / thought[:-1].sum() * seen[:-1].sum()
    assert len(seen) == 1 or stats.chisquare(seen, thought).pvalue > SIGNIFICANCE
    for memory, tier, probability, weight, priority, _ in drawn[:500]:
        p = wanted[memory - 1]
        assert (tier, priority) == (tiers[memory - 1], priorities[memory - 1])
        assert probability == pytest.approx(p, rel=1e-9)
        assert weight == pytest.approx(wanted[wanted > 0].min() / p, rel=1e-9)
        assert 0 < weight <= 1


def test_one_experience_is_always_drawn(session: Session) -> None:
    held(session, [1e-12], [4])
    assert {row[:4] for row in draw(session, ALL, 50)} == {(1, 4, 1.0, 1.0)}


def test_what_comes_with_a_draw_is_the_experience(session: Session) -> None:
    held(session, SPREAD, MIXED)
    found = session.execute(
        "SELECT count(*), count(*) FILTER (WHERE (s.timestamp, s.state, s.action, s.reward,"
        " s.next_state, s.terminal) IS NOT DISTINCT FROM"
        " (e.timestamp, e.state, e.action, e.reward, e.next_state, e.terminal))"
        " FROM sample_experiences('{1,1,1,1,1,1}', 300, buffer => 'one') AS s"
        " JOIN experience_replay AS e USING (memory_id)"
    ).fetchone()
    assert found == (300, 300)


def test_it_draws_with_what_was_learned_and_where_it_was_moved(session: Session) -> None:
    held(session, [1.0, 1.0, 1.0], [1, 1, 2])
    session.execute("SELECT set_replay_priorities(1, '{1}', '{3}', '{NULL}', '{0}')")
    session.execute("SELECT change_replay(1, NULL, '{2,3}', '{6,0}', 'x')")
    found = {row[0]: row[1:3] for row in draw(session, [3, 1, 1, 1, 1, 1], 200)}
    assert found == {1: (1, pytest.approx(0.75)), 2: (6, pytest.approx(0.25))}


def test_of_several_buffers_one_must_be_named(session: Session) -> None:
    with pytest.raises(psycopg.Error, match="not exactly one replay buffer") as refused:
        draw(session, ALL, 1)
    assert refused.value.sqlstate == "CS011"
    held(session, [1.0], [1])
    record(session, buffer(session, "two"), experiences([7, 8]))
    with pytest.raises(psycopg.Error, match="not exactly one replay buffer"):
        draw(session, ALL, 1)
    query = "SELECT DISTINCT memory_id FROM sample_experiences('{1,1,1,1,1,1}', 99, 0.6, %s)"
    for name, ids in (("one", {(1,)}), ("two", {(7,), (8,)})):
        assert set(session.execute(query, (name,)).fetchall()) == ids
    with pytest.raises(psycopg.Error, match="no replay buffer 'three'") as refused:
        session.execute(query, ("three",))
    assert refused.value.sqlstate == "CS011"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("'{1,1,1,1,1}', 1", "six numbers"),
        ("'{1,1,1,1,1,1,1}', 1", "six numbers"),
        ("NULL, 1", "six numbers"),
        ("'{1,1,1,1,1,-1}', 1", "six numbers"),
        ("'{1,1,1,1,1,NaN}', 1", "six numbers"),
        ("'{1,1,1,1,1,Infinity}', 1", "six numbers"),
        ("'{1,1,1,1,1,NULL}', 1", "six numbers"),
        ("'{0,0,0,0,0,0}', 1", "not all 0"),
        ("'[0:5]={1,1,1,1,1,1}', 1", "six numbers"),
        ("'{{1,1,1},{1,1,1}}', 1", "six numbers"),
        ("'{1,1,1,1,1,1}', 0", "n is 0"),
        ("'{1,1,1,1,1,1}', NULL", "n is <NULL>"),
        ("'{1,1,1,1,1,1}', 1, 'NaN'", "alpha is NaN"),
        ("'{1,1,1,1,1,1}', 1, -0.5", "alpha is -0.5"),
        ("'{1,1,1,1,1,1}', 1, 'Infinity'", "alpha is Infinity"),
        ("'{1,1,1,1,1,1}', 1, NULL", "alpha is <NULL>"),
        ("'{0,1,1,1,1,1}', 1", "none can be drawn"),
    ],
)
def test_arguments_that_mean_nothing(session: Session, arguments: str, said: str) -> None:
    held(session, [1.0], [1])
    with pytest.raises(psycopg.Error, match=said) as refused:
        session.execute(f"SELECT * FROM sample_experiences({arguments})".encode())  # noqa: S608
    assert refused.value.sqlstate == "CS010"
