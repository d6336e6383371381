"""Watching and stopping: which rule is at work, and what cannot be watched."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final, Literal

import pytest

from cryptoscalp import AmbiguousSymbol, AsyncDatabase, InputError, IntegrityRefused, NotFound
from cryptoscalp.adaptation.regime_fold import fold
from cryptoscalp.adaptation.regime_rule import RegimeRule
from cryptoscalp.adaptation.regime_types import RegimeState
from tests.adaptation.regime_candles import MINUTE, QUICK, bars, closes, put, seen, stored, watched
from tests.faces import NOON

ON: Final[tuple[str, str, Literal["1m"]]] = ("BTCUSDT", "binance", "1m")


async def test_watching_again_goes_on_and_another_rule_begins_anew(db: AsyncDatabase) -> None:
    records = bars(closes())
    await watched(db)
    await watched(db)
    await put(db, records[:150])
    await db.adaptation.update_regimes()
    other = RegimeRule(**{**asdict(QUICK), "confirm": 4})
    with pytest.raises(IntegrityRefused, match=r"reckoned with other parameters.*unwatch"):
        await db.adaptation.watch_regimes(*ON, other)
    stopped = await db.adaptation.unwatch_regimes(*ON)
    assert stopped.stopped_at is not None
    assert await db.adaptation.unwatch_regimes(*ON) == stopped
    await put(db, records[150:250])
    assert await db.adaptation.update_regimes() == []
    assert (await db.adaptation.watch_regimes(*ON, QUICK)).stopped_at is None
    await db.adaptation.update_regimes()
    undisturbed = fold(QUICK, RegimeState(), ((one, None) for one in seen(records[:250]))).spells
    kept = await stored(db)
    assert [(one.since, one.label) for one in kept] == [
        (one.since, one.label) for one in undisturbed
    ]
    await db.adaptation.unwatch_regimes(*ON)
    await put(db, records[250:])
    assert (await db.adaptation.watch_regimes(*ON, other)).through == NOON + 250 * MINUTE
    await db.adaptation.update_regimes()
    found = await stored(db)
    assert found[: len(kept)] == kept
    anew = fold(other, RegimeState(), ((one, None) for one in seen(records[250:]))).spells
    assert [(one.since, one.label) for one in found[len(kept) :]] == [
        (one.since, one.label) for one in anew
    ]
    assert found[-1].features["rule"] == other.document()


async def test_what_cannot_be_watched_is_told(db: AsyncDatabase) -> None:
    for exchange in ("binance", "binanceusdm"):
        await db.market.add_instrument("BTCUSDT", exchange, base="BTC", quote="USDT")
    watch = db.adaptation.watch_regimes
    with pytest.raises(NotFound, match="nothing is stored for NONE"):
        await watch("NONE", None, "1m")
    with pytest.raises(AmbiguousSymbol, match="binance, binanceusdm"):
        await watch("BTCUSDT", None, "1m")
    with pytest.raises(InputError, match="no interval '7m'"):
        await watch("BTCUSDT", "binance", "7m")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be a RegimeRule"):
        await watch("BTCUSDT", "binance", "1m", {"confirm": 2})  # type: ignore[arg-type]
    for call in (db.adaptation.unwatch_regimes, db.adaptation.regime_at, db.adaptation.regimes):
        with pytest.raises(NotFound, match="cryptoscalp regimes watch BTCUSDT"):
            await call("BTCUSDT", "binance", "5m")
        with pytest.raises(InputError, match="no interval"):
            await call("BTCUSDT", "binance", "1w")  # type: ignore[arg-type]
    await watch("BTCUSDT", "binance", "1m")
    with pytest.raises(InputError, match="no time zone"):
        await db.adaptation.regime_at(*ON, datetime(2024, 1, 1))  # noqa: DTZ001
    with pytest.raises(InputError, match="is not after start"):
        await db.adaptation.regimes(*ON, NOON, NOON)
    with pytest.raises(InputError, match="no length of time"):
        await db.adaptation.update_regimes(grace=timedelta(seconds=-1))
    with pytest.raises(InputError, match="no time zone"):
        await db.adaptation.update_regimes(as_of=datetime(2024, 1, 1))  # noqa: DTZ001
    (update,) = await db.adaptation.update_regimes()
    assert (update.candles, update.through) == (0, None)
