"""Damaged files of every format: an InputError or chunks whose accounts add up, nothing else."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.fuzz_check import check
from campaigns.fuzz_samples import FORMATS, SAMPLES, Sample, of
from cryptoscalp.capture.formats import registry

_ODD = (
    b"\0", b"\xff", b"\xff\xfe", b"\xc3\x28", b'"', b'""', b"'", b"\\", b"\\ud800", b"{", b"[[[[",
    b"]}", b",", b"\n", b"\r\n", b"\r", b":", b"nan", b"NaN", b"Infinity", b"-inf", b"null", b"-1",
    b"0", b"1e999", b"1e-999", b"-0.0", b"9" * 40, b"0." + b"1" * 40, b"18446744073709551616",
    b"9223372036854775808", b"253402300800000", b"1e400", "٣".encode(), "１".encode(), b"true",
    b"1_000", b" 7 ", b"0x10", b"2021-02-30T25:61:61Z",
)  # fmt: skip
_NUMBER = re.compile(rb"[0-9.]+")
_CELLS: dict[Any, st.SearchStrategy[Any]] = {
    pl.Float64: st.floats(),
    pl.Float32: st.floats(width=32),
    pl.Int64: st.integers(-(2**63), 2**63 - 1),
    pl.UInt64: st.integers(0, 2**64 - 1),
    pl.String: st.text(max_size=30),
    pl.Binary: st.binary(max_size=20),
    pl.Boolean: st.booleans(),
    pl.Datetime("ns", "UTC"): st.integers(-(2**62), 2**62),
    pl.Datetime("ms"): st.integers(-(2**50), 2**50),
    pl.Date: st.integers(-(2**31), 2**31 - 1),
    pl.Duration("ns"): st.integers(-(2**62), 2**62),
    pl.Decimal(38, 18): st.decimals(-(10**19), 10**19, places=18),
    pl.List(pl.Int64): st.lists(st.integers(0, 9), max_size=3),
    pl.Struct({"a": pl.Int64}): st.fixed_dictionaries({"a": st.integers(0, 9)}),
    pl.Categorical: st.sampled_from(["buy", "SELL", ""]),
    pl.Null: st.none(),
}
TABLES = [one for one in SAMPLES if one.name.endswith((".parquet", ".feather"))]


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with a few things done to it."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        match draw(st.integers(0, 7)):
            case 0:  # a byte is another
                content = content[:at] + draw(st.binary(max_size=3)) + content[at + 1 :]
            case 1:
                content = content[:at]
            case 2:
                content += content[at:]
            case 3:
                lines = draw(st.permutations(content.split(b"\n")[:20]))
                content = b"\n".join(lines)
            case 4:
                content = content[:at] + draw(st.sampled_from(_ODD)) + content[at:]
            case 5:  # a number is another
                found = list(_NUMBER.finditer(content))
                if found:
                    one = draw(st.sampled_from(found))
                    odd = draw(st.sampled_from(_ODD))
                    content = content[: one.start()] + odd + content[one.end() :]
            case 6:  # a line is missing
                lines = content.split(b"\n")
                del lines[draw(st.integers(0, len(lines) - 1))]
                content = b"\n".join(lines)
            case 7:
                end = draw(st.integers(at, len(content)))
                content = content[:at] + content[end:]
    return content


def test_every_format_has_a_sample_that_is_read_whole(tmp_path: Path) -> None:
    assert set(FORMATS) == {format.name for format in registry.FORMATS}
    for number, sample in enumerate(SAMPLES):
        path = sample.write(tmp_path / str(number), sample.pack(sample.content))
        assert check(path, sample.format, sample.options)


@pytest.mark.long
@pytest.mark.parametrize("format", FORMATS)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_is_rows_rejects_or_an_input_error(
    format: str, data: st.DataObject, tmp_path: Path
) -> None:
    sample = data.draw(st.sampled_from(of(format)), "sample")
    if data.draw(st.booleans(), "damage what is stored, not what is in it"):
        stored = data.draw(damaged(sample.pack(sample.content)), "stored")
    else:
        stored = sample.pack(data.draw(damaged(sample.content), "content"))
    check(sample.write(tmp_path, stored), sample.format, sample.options)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), sample=st.sampled_from(TABLES))
def test_a_table_may_hold_anything(data: st.DataObject, sample: Sample, tmp_path: Path) -> None:
    feather = sample.name.endswith(".feather")
    read, write = (
        (pl.read_ipc, pl.DataFrame.write_ipc) if feather else (pl.read_parquet, _write_parquet)
    )
    frame = read(io.BytesIO(sample.content))
    names = st.lists(st.sampled_from(frame.columns), min_size=1, max_size=3, unique=True)
    for name in data.draw(names, "columns"):
        dtype = data.draw(st.sampled_from(list(_CELLS)), "type")
        cells = st.none() | _CELLS[dtype]
        values = [data.draw(cells, "cell") for _ in range(frame.height)]
        frame = frame.with_columns(pl.Series(name, values, dtype=dtype, strict=False))
    held = io.BytesIO()
    write(frame, held)
    check(sample.write(tmp_path, held.getvalue()), sample.format, sample.options)


def _write_parquet(frame: pl.DataFrame, held: io.BytesIO) -> None:
    frame.write_parquet(held)
