"""Times in any unit become microseconds without going by way of a float."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats.layout import Unit
from cryptoscalp.capture.formats.times import microseconds, unit_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POWERS: dict[Unit, int] = {"s": 6, "ms": 3, "us": 0, "ns": -3}


def one(cell: str | float | None, unit: Unit | None) -> int | None:
    times = microseconds(pl.Series([cell]), unit)
    assert not times.malformed.any(), cell
    assert not times.outside.any(), cell
    found: int | None = times.values[0]
    return found


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("1762795433.9717445", "s", 1_762_795_433_971_744),
        ("1618678133.30", "s", 1_618_678_133_300_000),
        ("1700239042832", "ms", 1_700_239_042_832_000),
        ("1700239042832.5", "ms", 1_700_239_042_832_500),
        ("1741046401271497", "us", 1_741_046_401_271_497),
        ("1723161255030314999", "ns", 1_723_161_255_030_314),
        ("1.7e9", "s", 1_700_000_000_000_000),
        ("0", "ms", 0),
        (1696982287.4922, "s", 1_696_982_287_492_200),
        (1_700_239_042_832, "ms", 1_700_239_042_832_000),
    ],
)
def test_a_number_is_cut_off_below_the_microsecond(
    cell: str | float, unit: Unit, expected: int
) -> None:
    assert one(cell, unit) == expected


@given(
    unit=st.sampled_from(list(POWERS)),
    number=st.decimals(0, 10**12, allow_nan=False, allow_infinity=False, places=9),
)
def test_every_decimal_is_exact(unit: Unit, number: Decimal) -> None:
    exact = number.scaleb(POWERS[unit]).to_integral_value(ROUND_FLOOR)
    for text in (f"{number:f}", str(number)):
        assert one(text, unit) == int(exact)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-11-27T00:00:00Z", "2021-11-27T00:00:00+00:00"),
        ("2021-12-31 23:01:00+00:00", "2021-12-31T23:01:00+00:00"),
        ("2021-12-31 23:01:00.000000", "2021-12-31T23:01:00+00:00"),
        ("2021-12-31T23:01:00.1234569Z", "2021-12-31T23:01:00.123456+00:00"),
        ("2021-12-31T23:01:00,5+05:30", "2021-12-31T17:31:00.500000+00:00"),
        ("2021-12-31 23:01:00 UTC", "2021-12-31T23:01:00+00:00"),
        ("2021-12-31T23:01-0500", "2022-01-01T04:01:00+00:00"),
        ("2021/12/31", "2021-12-31T00:00:00+00:00"),
        ("20221213 07:00", "2022-12-13T07:00:00+00:00"),
    ],
)
def test_dates_are_understood_and_without_a_zone_they_are_utc(text: str, expected: str) -> None:
    wanted = datetime.fromisoformat(expected) - EPOCH
    assert one(text, "iso") == wanted // timedelta(microseconds=1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "iso"])
@pytest.mark.parametrize(
    "text", ["x", "2021-13-01", "nan", "1,5", "--1", "1e9999999", "٣", "12:00"]
)
def test_what_is_no_time_is_malformed_or_outside(text: str, unit: Unit) -> None:
    times = microseconds(pl.Series([text, "", None]).replace("", None), unit)
    assert times.values.to_list() == [None, None, None]
    assert (times.malformed | times.outside).to_list() == [True, False, False]


def test_a_stamp_beyond_64_bits_is_outside() -> None:
    times = microseconds(pl.Series(["99999999999999", "9" * 40, "1700000000"]), "s")
    assert times.outside.to_list() == [True, True, False]
    assert not times.malformed.any()
    assert times.values[2] == 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["1700239042"], "s"),
        (["1700239042.25"], "s"),
        (["0", "1700239042832"], "ms"),
        (["1741046401271497"], "us"),
        (["1723161255030314999"], "ns"),
        (["2021-11-27T00:00:00Z"], "iso"),
        (["20221213 00:00"], "iso"),
        (["0", "12", "20221213", "x", None], None),
        # The first row may be the one that is wrong.
        (["1700239042", "1700239042832", "1700239042833"], "ms"),
    ],
)
def test_the_unit_is_the_one_that_most_cells_are_plausible_in(
    cells: list[str], unit: Unit | None
) -> None:
    assert unit_of(pl.Series(cells)) == unit


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_typed_times_have_their_unit_in_their_type(unit: Literal["ms", "us", "ns"]) -> None:
    moment = datetime(2021, 1, 8, 0, 0, 0, 278_000, tzinfo=UTC)
    aware = pl.Series([moment, None]).cast(pl.Datetime(unit, "UTC"))
    for cells in (aware, aware.dt.replace_time_zone(None)):
        assert unit_of(cells) is None
        assert microseconds(cells, None).values.to_list() == [1_610_064_000_278_000, None]


def test_another_zone_is_the_same_moment() -> None:
    moment = datetime(2021, 1, 7, 15, tzinfo=UTC)
    tokyo = pl.Series([moment]).dt.convert_time_zone("Asia/Tokyo")
    expected = moment - EPOCH
    assert microseconds(tokyo, None).values[0] == expected // timedelta(microseconds=1)
