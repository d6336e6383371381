"""Files that nothing refers to are told from those that a kept snapshot needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, bounds, part, rows

BTC = part(MARKET_DATA, "BTCUSDT")


def test_replaced_files_stay_referred_to_until_their_snapshot_goes(lake: Lake) -> None:
    first, second = (rows(MARKET_DATA, 100, BTC, seed=seed) for seed in (1, 2))
    lake.write(MARKET_DATA, DAY, [(BTC, [first])])
    old = {path for path in lake.files() if path.endswith(".parquet")}
    lake.write(MARKET_DATA, DAY, [(BTC, [second])])
    assert lake.files() == lake.found().keys()
    assert old <= lake.files()
    assert lake.maintain() == 0
    assert lake.maintain(timedelta(0)) == 1
    assert lake.maintain(timedelta(0)) == 0
    orphans = lake.found().keys() - lake.files()
    assert old <= orphans
    assert all(moment <= datetime.now(UTC) for moment in lake.found().values())
    assert lake.delete(orphans) == len(orphans)
    assert lake.delete(orphans) == 0
    assert lake.files() == lake.found().keys()
    assert lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(second)
    assert lake.contents(MARKET_DATA, DAY).keys() == {BTC}


def test_what_is_not_ours_is_found_too(lake: Lake) -> None:
    lake.write(MARKET_DATA, DAY, [(BTC, [rows(MARKET_DATA, 10, BTC)])])
    stray = Path(str(lake._location)) / "market_data" / "data" / "half-written.parquet"
    stray.write_bytes(b"PAR1")
    assert lake.found().keys() - lake.files() == {f"file://{stray}"}
