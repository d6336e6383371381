"""Decimals become the float64 that Python's `float(Decimal)` is."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.infra.cold.floats import to_float64
from cryptoscalp.infra.cold.types import DECIMAL

_WIDE = Context(prec=80)
_LIMIT = 10**38 - 1
_any = st.integers(-_LIMIT, _LIMIT)
_short = st.tuples(st.integers(-(10**14), 10**14), st.integers(0, 24)).map(
    lambda pair: pair[0] * 10 ** pair[1]
)


@st.composite
def _between_floats(draw: st.DrawFn) -> int:
    """Half-way between two float64, or as near to it as 18 decimals allow."""
    exponent = draw(st.integers(-18, 60))
    half = (2 * draw(st.integers(2**52, 2**53 - 1)) + 1) * Fraction(2) ** (exponent - 53)
    return int(half * 10**18) + draw(st.integers(-1, 1))


_values = st.one_of(st.none(), _any, _short, _between_floats()).filter(
    lambda v: v is None or abs(v) <= _LIMIT
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_values, max_size=20), st.integers(0, 3))
def test_each_is_the_nearest(numbers: list[int | None], skipped: int) -> None:
    decimals = [None if n is None else _WIDE.scaleb(Decimal(n), -18) for n in numbers]
    held = pa.array(decimals, DECIMAL).slice(skipped)
    found = to_float64(pa.chunked_array([held], DECIMAL)).to_pylist()
    assert found == [None if d is None else float(d) for d in decimals[skipped:]]


def test_long_columns_of_usual_numbers() -> None:
    random = np.random.default_rng(7)
    for decimals in (2, 8, 11, 18):
        numbers = random.integers(1, 10**12, 10_000) * 10 ** (18 - decimals) if decimals > 11 else (
            random.integers(1, 10**6, 10_000).astype(object) * 10 ** (18 - decimals)
        )  # fmt: skip
        values = [_WIDE.scaleb(Decimal(int(n)), -18) for n in numbers]
        found = to_float64(pa.chunked_array([pa.array(values, DECIMAL)]))
        assert found.to_pylist() == [float(value) for value in values]
