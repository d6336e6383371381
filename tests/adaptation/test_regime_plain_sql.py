"""What a client with plain SQL can do to regimes: nothing that rewrites what was known then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from tests.adaptation.regime_candles import QUICK, bars, closes, put, stored, told, watched
from tests.postgres import Place

Session = psycopg.Connection[tuple[Any, ...]]
_RECORD = (
    "SELECT record_regimes('BTCUSDT', 'binance', '1m', (SELECT rule FROM regime_states),"
    " {start}, {through}, '{{}}', {seen}, {regimes}::jsonb)"
)
_THROUGH = "(SELECT through FROM regime_states)"


@pytest.fixture
async def filled(db: AsyncDatabase) -> AsyncDatabase:
    """Some regimes and events, the instrument watched on."""
    await watched(db)
    await put(db, bars(closes()))
    await db.adaptation.update_regimes()
    return db


@pytest.fixture
def sql(database: Place, filled: AsyncDatabase) -> Iterator[Session]:
    """The product's session."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def admin(database: Place, filled: AsyncDatabase) -> Iterator[Session]:
    """The administrator's session."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        yield connection


_NEWEST = "timestamp = (SELECT max(timestamp) FROM market_regimes)"
_WRITES: list[LiteralString] = [
    (
        "INSERT INTO market_regimes (timestamp, symbol, exchange, interval, regime_type,"
        " confidence, features) SELECT now(), symbol, exchange, interval, 'CRISIS', 1, '{}'"
        " FROM market_regimes LIMIT 1"
    ),
    "UPDATE market_regimes SET regime_type = 'CRISIS'",
    f"UPDATE market_regimes SET confidence = 1 WHERE {_NEWEST}",  # noqa: S608
    f"UPDATE market_regimes SET duration_minutes = duration_minutes + 1 WHERE {_NEWEST}",  # noqa: S608
    "DELETE FROM market_regimes",
    "TRUNCATE market_regimes CASCADE",
    "INSERT INTO regime_states SELECT * FROM regime_states",
    "UPDATE regime_states SET through = NULL",
    "UPDATE regime_states SET state = '{}'",
    "DELETE FROM regime_states",
    "TRUNCATE regime_states",
    "UPDATE adaptation_events SET payload = '{}'",
    "DELETE FROM adaptation_events",
]


@pytest.mark.long
@pytest.mark.parametrize("statement", _WRITES)
async def test_nobody_writes_regimes(
    sql: Session, admin: Session, filled: AsyncDatabase, statement: LiteralString
) -> None:
    before = told(await stored(filled))
    for session in (sql, admin):
        with pytest.raises(psycopg.Error) as refused:
            session.execute(statement)
        assert refused.value.sqlstate in {"42501", "CS001"}
    assert told(await stored(filled)) == before


@pytest.mark.long
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE market_regimes SET regime_type = 'CRISIS'",
        "UPDATE market_regimes SET duration_minutes = duration_minutes + 1",
        f"UPDATE market_regimes SET duration_minutes = duration_minutes - 1 WHERE {_NEWEST}",  # noqa: S608
        f"UPDATE market_regimes SET features = '{{}}' WHERE {_NEWEST}",  # noqa: S608
        f"UPDATE market_regimes SET timestamp = timestamp + interval '1 minute' WHERE {_NEWEST}",  # noqa: S608
        "DELETE FROM market_regimes",
        "UPDATE regime_states SET through = through - interval '1 minute'",
        "UPDATE regime_states SET through = NULL",
        "UPDATE regime_states SET interval = '5m'",
        "DELETE FROM regime_states",
    ],
)
def test_the_owner_rewrites_nothing_either(admin: Session, statement: LiteralString) -> None:
    admin.execute("SET ROLE cryptoscalp_owner")
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(statement)
    assert refused.value.sqlstate == "CS001"


def record(
    session: Session, regimes: str = "[]", *, start: str = _THROUGH,
    through: str = f"{_THROUGH} + interval '3 minutes'", seen: str = "NULL",
) -> bool:  # fmt: skip
    statement = _RECORD.format(
        start=start, through=through, seen=seen, regimes=regimes if "(" in regimes else "'[]'"
    )
    found = session.execute(statement.encode()).fetchone()
    assert found is not None
    stored: bool = found[0]
    return stored


def regime(after: int, until: int, label: str = "CRISIS", confidence: str = "0.7") -> str:
    """A regime so many minutes after `through`, as JSON that SQL makes."""
    return (
        f"jsonb_build_object('timestamp', {_THROUGH} + {after} * interval '1 minute',"
        f" 'regime_type', '{label}', 'confidence', {confidence}, 'features', '{{}}'::jsonb,"
        f" 'until', {_THROUGH} + {until} * interval '1 minute')"
    )


def of(*regimes: str) -> str:
    return f"jsonb_build_array({', '.join(regimes)})"


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"through": _THROUGH}, "is not after"),
        ({"through": f"{_THROUGH} - interval '1 minute'"}, "is not after"),
        ({"through": "date_trunc('minute', now()) + interval '1 day'"}, "has not ended"),
        ({"through": f"{_THROUGH} + interval '30 seconds'"}, "no candle ends at"),
        ({"through": "NULL"}, "is not after"),
        ({"seen": f"{_THROUGH} + interval '9 minutes'"}, "no regime was seen"),
        ({"seen": "'2020-01-01+00'::timestamptz"}, "no regime was seen"),
        ({"regimes": of(regime(0, 1))}, "does not follow"),
        ({"regimes": of(regime(-5, 1))}, "does not follow"),
        ({"regimes": of(regime(2, 4))}, "does not follow"),
        ({"regimes": of(regime(2, 1))}, "does not follow"),
        ({"regimes": of(regime(1, 2), regime(1, 3))}, "does not follow"),
        ({"regimes": of(regime(1, 3), regime(2, 3))}, "does not follow"),
        ({"regimes": of(regime(1, 2, confidence="1.5"))}, "lacks its label"),
        ({"regimes": of(regime(1, 2, confidence="'NaN'::float8"))}, "lacks its label"),
        ({"regimes": of(regime(1, 2, confidence="NULL"))}, "lacks its label"),
    ],
)
async def test_what_contradicts_the_regimes_is_refused(
    sql: Session, filled: AsyncDatabase, arguments: dict[str, str], why: str
) -> None:
    before = told(await stored(filled)), await filled.adaptation.regime_states()
    with pytest.raises(psycopg.Error, match=why) as refused:
        record(sql, **arguments)
    assert refused.value.sqlstate == "CS010"
    assert (told(await stored(filled)), await filled.adaptation.regime_states()) == before


async def test_what_follows_is_stored_once(sql: Session, filled: AsyncDatabase) -> None:
    before = await stored(filled)
    (state,) = await filled.adaptation.regime_states()
    assert state.through is not None
    arguments: dict[str, str] = {
        "start": f"'{state.through}'::timestamptz",
        "through": f"'{state.through}'::timestamptz + interval '3 minutes'",
        "seen": f"'{state.through}'::timestamptz + interval '1 minute'",
    }
    assert record(sql, of(regime(1, 2), regime(2, 3, "TRENDING")), **arguments)
    # The second worker with the same candles is told to look again.
    assert not record(sql, of(regime(1, 2)), **arguments)
    found = await stored(filled)
    assert [(one.label, one.duration_minutes) for one in found[len(before) :]] == [
        ("CRISIS", 1), ("TRENDING", 1),
    ]  # fmt: skip
    assert found[len(before) - 1].duration_minutes == before[-1].duration_minutes + 1
    await filled.adaptation.unwatch_regimes("BTCUSDT", "binance", "1m")
    assert not record(sql)


@pytest.mark.parametrize(
    ("call", "state"),
    [
        ("watch_regimes('BTCUSDT', 'binance', '5m', '{}')", "CS010"),
        ("watch_regimes('BTCUSDT', 'binance', '5m', NULL)", "CS010"),
        ("watch_regimes('BTCUSDT', 'binance', '1m', '{\"name\": \"x\", \"version\": 1}')", "CS010"),
        ("watch_regimes('NONE', 'binance', '5m', '{\"name\": \"x\", \"version\": 1}')", "23503"),
        ("record_regimes('NONE', 'x', '5m', '{}', NULL, now(), '{}', NULL, '[]')", "CS011"),
        ("refuse_regime_change()", "42501"),
    ],
)
def test_the_functions_refuse_what_makes_no_sense(
    sql: Session, call: LiteralString, state: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        sql.execute(f"SELECT {call}".encode())
    assert refused.value.sqlstate == state


def test_the_rule_is_stored_as_it_was_given(sql: Session) -> None:
    assert sql.execute("SELECT rule FROM regime_states").fetchone() == (QUICK.document(),)
