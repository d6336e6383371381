"""A file that is missing, cut or altered is never read as if it were whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cryptoscalp.infra.cold import writing
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import ColdDamage
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, bounds, part, rows
from tests.postgres import Place

BTC, ETH = part(MARKET_DATA, "BTCUSDT"), part(MARKET_DATA, "ETHUSDT")


@pytest.fixture
def held(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, pa.Table]:
    """A file of two parts, and the rows of the first."""
    monkeypatch.setattr(writing, "GROUP_ROWS", 500)
    first = rows(MARKET_DATA, 2_000, BTC)
    lake.write(MARKET_DATA, DAY, [(BTC, [first]), (ETH, [rows(MARKET_DATA, 100, ETH)])])
    (path,) = (p for p in lake.files() if p.endswith(".parquet"))
    return Path(path.removeprefix("file://")), first


@pytest.fixture
def again(database: Place, lake: Lake) -> Iterator[Callable[[], Lake]]:
    """A lake that remembers nothing, each time."""
    opened: list[Lake] = []

    def make() -> Lake:
        opened.append(Lake(database.dsn, lake._location))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def _refused(lake: Lake, path: Path) -> None:
    for use in (
        lambda: lake.contents(MARKET_DATA, DAY),
        lambda: lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()),
        lambda: list(lake.pieces(MARKET_DATA, "binance", "BTCUSDT", *bounds())),
        lambda: lake.write(MARKET_DATA, DAY, [(BTC, [rows(MARKET_DATA, 10, BTC)])]),
    ):
        with pytest.raises(ColdDamage, match=r"market_data.*backup") as caught:
            use()
        assert path.name in str(caught.value)
        assert str(DAY) in str(caught.value)


def test_a_missing_file(held: tuple[Path, pa.Table], again: Callable[[], Lake]) -> None:
    held[0].unlink()
    _refused(again(), held[0])


@pytest.mark.parametrize("left", [0, 3, 1_000, -1])
def test_a_cut_file(held: tuple[Path, pa.Table], again: Callable[[], Lake], left: int) -> None:
    path, _ = held
    path.write_bytes(path.read_bytes()[:left])
    _refused(again(), path)


def test_a_file_that_is_missing_after_it_was_read(held: tuple[Path, pa.Table], lake: Lake) -> None:
    lake.contents(MARKET_DATA, DAY)
    held[0].unlink()
    _refused(lake, held[0])


def test_any_altered_byte(held: tuple[Path, pa.Table], lake: Lake) -> None:
    """Wherever it is, the whole day is refused, and a read gives an error or the right rows."""
    path, first = held
    good = path.read_bytes()
    footer = len(good) - int.from_bytes(good[-8:-4], "little") - 8
    random = np.random.default_rng(11)
    places = [*random.integers(4, footer, 20), *random.integers(footer, len(good), 40)]
    for place in places:
        altered = bytearray(good)
        altered[place] ^= int(random.integers(1, 256))
        path.write_bytes(altered)
        lake._files.forget()
        with pytest.raises(ColdDamage):
            lake.contents(MARKET_DATA, DAY)
        with suppress(ColdDamage):
            assert lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(first)
