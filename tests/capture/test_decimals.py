"""Text and floats to Decimal(38,18): exact against Python's decimal, or refused."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.decimals import DECIMAL, from_float, from_text

LIMIT = Decimal(10) ** 20
QUANTUM = Decimal("1e-18")


def expected(text: str) -> Decimal | None:
    """What Python's decimal says: the exact value, or None when it does not fit."""
    with localcontext(prec=2000):
        value = Decimal(text)
        fits = abs(value) < LIMIT and value == value.quantize(QUANTUM)
    return value if fits else None


plain = st.from_regex(r"[+-]?[0-9]{1,24}(\.[0-9]{0,24})?", fullmatch=True)
exponents = st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{0,6})?[eE][+-]?[0-9]{1,2}", fullmatch=True)
zeros = st.from_regex(r"0{0,30}[0-9]{1,20}\.[0-9]{1,18}0{0,30}", fullmatch=True)


@pytest.mark.long
@given(st.lists(plain | exponents | zeros, min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_text_is_exact_or_refused(texts: list[str]) -> None:
    parsed = from_text(pl.Series(texts))
    assert parsed.values.dtype == DECIMAL
    assert parsed.values.to_list() == [expected(text) for text in texts]
    assert parsed.out_of_domain.to_list() == [expected(text) is None for text in texts]
    assert not parsed.malformed.any()


@given(st.lists(st.text(max_size=12) | plain, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_text_has_one_verdict(texts: list[str]) -> None:
    parsed = from_text(pl.Series(texts, dtype=pl.String))
    for value, bad, outside in zip(
        parsed.values, parsed.malformed, parsed.out_of_domain, strict=True
    ):
        assert (value is not None) + bad + outside == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_floats_are_their_repr_rounded_half_even(numbers: list[float]) -> None:
    parsed = from_float(pl.Series(numbers, dtype=pl.Float64))
    rounded = 0
    for number, value in zip(numbers, parsed.values.to_list(), strict=True):
        with localcontext(prec=2000):
            exact = Decimal(repr(number))
            wanted = exact.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)
        if abs(wanted) >= LIMIT:
            assert value is None
        else:
            assert value == wanted
            rounded += wanted != exact
    assert parsed.rounded == rounded


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.04e-06", Decimal("0.00000404")),
        ("1e5", Decimal(100000)),
        ("99999999999999999999.999999999999999999", Decimal("9" * 20 + "." + "9" * 18)),
        ("0.000000000000000001", QUANTUM),
        ("1.2300000000000000000000000000", Decimal("1.23")),
        ("-0", Decimal(0)),
    ],
)
def test_readable(text: str, value: Decimal) -> None:
    assert from_text(pl.Series([text])).values[0] == value


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1_000", "\u0661", "0x1", "1,5", "--1", ".", "1e", "e5"]
)
def test_malformed(text: str) -> None:
    parsed = from_text(pl.Series([text, "1"]))
    assert parsed.malformed.to_list() == [True, False]
    assert parsed.values.to_list() == [None, Decimal(1)]


@pytest.mark.parametrize(
    "text",
    ["NaN", "-inf", "Infinity", "1e20", "1e-19", "1e999999999", "0.0000000000000000001",
     "1.0000000000000000015", "100000000000000000000"],
)  # fmt: skip
def test_out_of_domain(text: str) -> None:
    parsed = from_text(pl.Series([text, "1"]))
    assert parsed.out_of_domain.to_list() == [True, False]
    assert parsed.values.to_list() == [None, Decimal(1)]


def test_nulls_stay_null_without_verdict() -> None:
    for parsed in (
        from_text(pl.Series(["1", None, "x"])),
        from_float(pl.Series([1.0, None, float("nan")])),
    ):
        assert parsed.values.to_list() == [Decimal(1), None, None]
        assert (parsed.malformed | parsed.out_of_domain).to_list() == [False, False, True]


def test_polars_own_cast_rounds_silently_which_is_why_it_is_guarded() -> None:
    assert pl.Series(["1.0000000000000000015"]).cast(DECIMAL)[0] == Decimal("1.000000000000000002")
