"""Which buckets are complete, against a look at every moment."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.market.buckets import complete

_SPANS = st.lists(
    st.tuples(st.integers(-5, 40), st.integers(0, 25)).map(lambda one: (one[0], sum(one))),
    max_size=6,
)


@given(runs=_SPANS, gaps=_SPANS, step=st.integers(1, 7), count=st.integers(0, 6))
def test_a_bucket_is_complete_when_one_run_holds_it_and_no_gap_touches_it(
    runs: list[tuple[int, int]], gaps: list[tuple[int, int]], step: int, count: int
) -> None:
    starts = np.arange(count, dtype=np.int64) * step
    expected = []
    for start in starts.tolist():
        # The last event before the bucket is in the run, so none of the bucket can precede it.
        held = any(
            all(first <= moment <= last for moment in range(start - 1, start + step + 1))
            for first, last in runs
        )
        touched = any(
            first <= moment <= last for first, last in gaps for moment in range(start, start + step)
        )
        expected.append(held and not touched)
    assert complete(starts, step, runs, gaps).tolist() == expected
