"""No look-ahead: vectors known only after a decision change nothing that it is joined with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp import Database, connect
from cryptoscalp.infra.server import EmbeddedServer
from tests.postgres import Place, new_database
from tests.registry.predicting import PAST, table, vector

_COUNT = itertools.count()
_STEP = timedelta(minutes=20)
_AT = st.integers(0, 300)  # steps: four days and more
#: Vectors by their time: (steps until they could be known, value, the one that may be absent).
VECTORS = st.dictionaries(
    _AT,
    st.tuples(st.sampled_from((0, 0, 1, 5, 80)), st.floats(-1e9, 1e9),
              st.none() | st.floats(-1e9, 1e9)),
    max_size=12,
)  # fmt: skip
Vectors = dict[int, tuple[int, float, float | None]]


@pytest.fixture(scope="module")
def registry(server: EmbeddedServer, template: Place) -> Iterator[Database]:
    """One database; every example has instruments of its own in it."""
    with new_database(server, template.name) as made, connect(made.dsn) as db:
        db.market.ensure_partitions(PAST, PAST + 900 * _STEP, ["feature_vectors"])
        db.registry.register_feature_set("set", ["a", "b?"])
        yield db


def _store(db: Database, symbol: str, vectors: Vectors, shift: int = 0) -> None:
    """Store vectors, those that are there excepted; all `shift` steps later."""
    rows: list[dict[str, Any]] = [
        vector(
            (at + shift) * _STEP.total_seconds(), symbol=symbol, a=a, b=b,
            available_at=PAST + (at + shift + late) * _STEP,
        )
        for at, (late, a, b) in vectors.items()
    ]  # fmt: skip
    if rows:
        db.registry.record_features(1, table(rows))


def _joined(db: Database, symbol: str, moments: list[int], reach: int) -> list[dict[str, Any]]:
    decisions = table(
        [{"timestamp": PAST + at * _STEP, "symbol": symbol, "exchange": "binance"}
         for at in moments]
    )  # fmt: skip
    found: pa.Table = db.registry.training_set(1, decisions, reach=reach * _STEP)
    return [{**one, "symbol": ""} for one in found.to_pylist()]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    vectors=VECTORS,
    moments=st.lists(_AT, min_size=1, max_size=10),
    cut=_AT,
    shift=st.integers(1, 500),
    reach=st.sampled_from((1, 6, 72, 500)),
)
def test_later_vectors_shifted_change_nothing_earlier(
    registry: Database, vectors: Vectors, moments: list[int], cut: int, shift: int, reach: int
) -> None:
    """Decisions up to `cut` see the same whether what is known later is there, moved, or absent."""
    moments = [min(at, cut) for at in moments]
    known = {at: one for at, one in vectors.items() if at + one[0] <= cut}
    later = {at: one for at, one in vectors.items() if at not in known}
    joined = []
    for with_later, moved in ((True, 0), (True, shift), (False, 0)):
        symbol = f"S{next(_COUNT)}USDT"
        registry.market.add_instrument(symbol, "binance", base=symbol[:-4], quote="USDT")
        _store(registry, symbol, known)
        if with_later:
            # Moved, it may come to lie on the place of a known one: which was there first.
            free = {at: one for at, one in later.items() if at + moved not in known}
            _store(registry, symbol, free, moved)
        joined.append(_joined(registry, symbol, moments, reach))
    assert joined[0] == joined[1] == joined[2]
    for at, found in zip(moments, joined[0], strict=True):
        seen = [one for one in known if at - reach < one <= at and one + known[one][0] <= at]
        best = known[max(seen)] if seen else (0, None, None)
        assert (found["a"], found["b"]) == best[1:]
        assert found["features_at"] == (PAST + max(seen) * _STEP if seen else None)
