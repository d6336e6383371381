"""Training sets: what is in them, and a hash that any program can make again."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import Contention, InputError, NotFound
from cryptoscalp.replay import content, exporting
from cryptoscalp.replay.replay_types import ActionKind, Buffer
from cryptoscalp.replay.report_types import Exported
from tests.postgres import Place
from tests.replay.stored import asked, declared, stored

REGIMES = ["TRENDING", "RANGING", "VOLATILE", "CRISIS"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(path: str) -> pa.Table:
    if path.endswith(".parquet"):
        return pq.read_table(path)
    with pa.OSFile(path) as file:
        return pa.ipc.open_file(file).read_all()


def files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())


def digest(buffer: Buffer, rows: list[dict[str, Any]]) -> str:
    """The hash as the text of ContentHash says, field by field."""
    continuous = buffer.shape.action_kind is ActionKind.CONTINUOUS
    found = hashlib.sha256(b"cryptoscalp replay content 1\n" + buffer.fingerprint)
    found.update(struct.pack("<q", buffer.shape.action_width if continuous else 0))
    for row in rows:
        at, after = ((row[name] - EPOCH) // timedelta(microseconds=1)
                     for name in ("timestamp", "next_timestamp"))  # fmt: skip
        regime = 255 if row["regime"] is None else REGIMES.index(row["regime"])
        found.update(struct.pack("<qqqqid", row["memory_id"], at, after, row["episode"],
                                 row["step"], row["reward"]))  # fmt: skip
        found.update(struct.pack("<BBB", row["terminal"], row["truncated"], regime))
        links = (row["model_id"], row["portfolio_id"], row["trade_id"])
        found.update(struct.pack("<qqq", *(link or 0 for link in links)))
        found.update(struct.pack("<3f", *row["state"]))
        action = row["action"]
        found.update(struct.pack(f"<{len(action)}f", *action) if continuous
                     else struct.pack("<q", action))  # fmt: skip
        found.update(struct.pack("<3f", *row["next_state"]))
    return found.hexdigest()


async def filled(db: AsyncDatabase, count: int = 40, **given: Any) -> Buffer:
    made = await declared(db)
    version = (await db.registry.register_version("actor")).version
    rng = np.random.default_rng(4)
    await stored(
        db, made, rng.permutation(np.arange(1, count + 1)).tolist(), rng.integers(1, 4, count),
        models=np.where(np.arange(count) % 2, version.model_id, 0).tolist(),
        rewards=rng.normal(size=count), regimes=rng.integers(-1, 4, count).astype(np.int8),
        terminals=rng.integers(0, 2, count).astype(bool), priorities=rng.uniform(1, 2, count),
        **given,
    )  # fmt: skip
    return made


async def test_what_is_in_a_file(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    made = await filled(db)
    done: Exported = await db.replay.export("x", tmp_path / "set.parquet")
    assert (done.path, done.rows) == (str(tmp_path / "set.parquet"), 40)
    assert done.evicted_since == 0
    found = read(done.path)
    state = pa.list_(pa.float32(), 3)
    assert found.schema.remove_metadata() == pa.schema(
        [
            ("memory_id", pa.int64()), ("timestamp", pa.timestamp("us", "UTC")),
            ("next_timestamp", pa.timestamp("us", "UTC")), ("state", state),
            ("action", pa.int64()), ("reward", pa.float64()), ("next_state", state),
            ("terminal", pa.bool_()), ("truncated", pa.bool_()), ("episode", pa.int64()),
            ("step", pa.int32()), ("tier", pa.int8()), ("priority", pa.float64()),
            ("model_id", pa.int64()), ("portfolio_id", pa.int64()), ("trade_id", pa.int64()),
            ("regime", pa.string()),
        ]
    )  # fmt: skip
    columns = ", ".join(
        {"state": "state_vector", "action": "action::bigint", "next_state": "next_state_vector",
         "regime": "regime::text"}.get(name, name)
        for name in found.column_names
    )  # fmt: skip
    query = sql.SQL("SELECT {} FROM experience_replay ORDER BY memory_id")
    rows = asked(database, query.format(sql.SQL(columns)).as_string())
    assert [tuple(row.values()) for row in found.to_pylist()] == rows
    assert done.content_hash == digest(made, found.to_pylist())
    assert files(tmp_path) == ["set.parquet"]


async def test_the_hash_knows_neither_format_nor_pieces(
    db: AsyncDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(db)
    first = await db.replay.export("x", tmp_path / "a.parquet")
    monkeypatch.setattr(exporting, "ROWS", 7)
    second = await db.replay.export("x", tmp_path / "b.arrow", as_of=first.as_of)
    third = await db.replay.export("x", str(tmp_path / "c.feather"), as_of=first.as_of)
    assert first.content_hash == second.content_hash == third.content_hash
    tables = [read(one.path).replace_schema_metadata() for one in (first, second, third)]
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    made = await db.replay.buffer("x")
    hashed = content.ContentHash(made)
    batches = [one async for one in db.replay.batches("x", 9, as_of=first.as_of)]
    assert [len(one) for one in batches] == [9, 9, 9, 9, 4]
    for one in batches:
        hashed.add(pa.Table.from_batches([one]))
    assert hashed.hexdigest() == first.content_hash


async def test_actions_of_several_numbers(db: AsyncDatabase, tmp_path: Path) -> None:
    made = await declared(db, actions=ActionKind.CONTINUOUS, action_width=2)
    actions = np.array([[0.5, -2.0], [-0.0, 1e-40]], np.float32)
    await stored(db, made, [7, 9], actions=actions)
    done = await db.replay.export("x", tmp_path / "set.ipc")
    found = read(done.path)
    assert found.schema.field("action").type == pa.list_(pa.float32(), 2)
    assert found.column("action").to_pylist() == actions.tolist()
    assert done.content_hash == digest(made, found.to_pylist())


async def test_a_moment_of_the_past(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    made = await filled(db)
    first = await db.replay.export("x", tmp_path / "a.parquet")
    assert first.rows == 40
    # Later additions, learning and moves are nothing to the set of that moment.
    await stored(db, made, [100, 101])
    of = made.buffer_id
    asked(database, "SELECT set_replay_priorities(%s, '{3}', '{9}', '{NULL}', '{4}')", of)
    asked(database, "SELECT change_replay(%s, NULL, '{5}', '{6}', 'x')", of)
    again = await db.replay.export("x", tmp_path / "b.parquet", as_of=first.as_of)
    assert (again.content_hash, again.rows) == (first.content_hash, 40)
    assert (again.as_of, again.evicted_since) == (first.as_of, 0)
    now = await db.replay.export("x", tmp_path / "b.parquet")
    assert (now.rows, now.content_hash != first.content_hash) == (42, True)
    # What has left is told of.
    await db.replay.prune("x", keep=41)
    less = await db.replay.export("x", tmp_path / "b.parquet", as_of=first.as_of)
    assert (less.rows, less.evicted_since) == (39, 1)
    assert less.content_hash != first.content_hash
    assert less.content_hash == digest(made, read(less.path).to_pylist())
    early = await db.replay.export("x", tmp_path / "c.parquet", as_of=EPOCH)
    assert (early.rows, read(early.path).num_rows) == (0, 0)
    assert early.content_hash == digest(made, [])
    assert [one async for one in db.replay.batches("x", as_of=EPOCH)] == []


async def test_some_tiers_and_a_draw(db: AsyncDatabase, tmp_path: Path) -> None:
    await filled(db)
    done = await db.replay.export("x", tmp_path / "a.parquet", tiers=[3, 1])
    whole = read(done.path)
    assert set(whole.column("tier").to_pylist()) == {1, 3}
    ids = whole.column("memory_id").to_pylist()
    drawn = {}
    for seed in (0, 1):
        some = await db.replay.export(
            "x", tmp_path / "b.parquet", as_of=done.as_of, tiers=[1, 3], draw=10, seed=seed
        )
        drawn[seed] = read(some.path).column("memory_id").to_pylist()
        assert len(drawn[seed]) == 10
        assert drawn[seed] == sorted(set(drawn[seed]) & set(ids))
        one_by_one = [
            one["memory_id"][0].as_py()
            async for one in db.replay.batches(
                "x", 1, as_of=done.as_of, tiers=[1, 3], draw=10, seed=seed
            )
        ]
        assert one_by_one == drawn[seed]
    assert drawn[0] != drawn[1]
    more = await db.replay.export("x", tmp_path / "b.parquet", as_of=done.as_of, draw=41)
    assert more.rows == 40


async def test_what_leaves_meanwhile_is_not_the_end(db: AsyncDatabase) -> None:
    await filled(db)
    seen = []
    async for batch in db.replay.batches("x", 1, draw=30):
        seen += batch["memory_id"].to_pylist()
        if len(seen) == 5:
            await db.replay.prune("x", keep=15)
    assert 5 < len(seen) <= 20
    assert seen == sorted(seen)


async def test_it_waits_for_what_may_still_come(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await filled(db)
    with psycopg.connect(database.dsn) as open_one:
        open_one.execute("SELECT 1")
        path = tmp_path / "a.parquet"
        waiting = asyncio.ensure_future(db.replay.export("x", path))
        await asyncio.sleep(1.5)
        assert not waiting.done()
        # Stored by a transaction that began before: it is of that moment.
        open_one.execute(
            "SELECT record_experiences(%s, '{900}', '{2024-01-01}', '{2024-01-02}', '{1}',"
            " '{1,2,3}', '{0}', '{0}', '{1,2,3}', '{1}', '{0}', '{0}', '{1}', '{0}', '{NULL}',"
            " '{NULL}', '{NULL}', '{0}')",
            (made.buffer_id,),
        )
        open_one.commit()
        done = await waiting
        assert done.rows == 41
        open_one.execute("SELECT 1")
        monkeypatch.setattr("cryptoscalp.replay.settled._WAIT_S", 0.3)
        with pytest.raises(Contention, match="a transaction that is open since"):
            await db.replay.export("x", path)
        again = await db.replay.export("x", path, as_of=done.as_of)
        assert again.content_hash == done.content_hash


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"path": "set.csv"}, "the ending says the format"),
        ({"path": "no/such/folder/set.parquet"}, "cannot be written"),
        ({"tiers": []}, "1 to 6"),
        ({"tiers": [7]}, "1 to 6"),
        ({"draw": 0}, "at least"),
        ({"as_of": datetime(2024, 1, 1)}, "no time zone"),  # noqa: DTZ001 - what is refused
        ({"as_of": datetime(2999, 1, 1, tzinfo=UTC)}, "has not come yet"),
    ],
)
async def test_what_cannot_be_exported(
    db: AsyncDatabase, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    await declared(db)
    asked_for = dict(given)
    path = tmp_path / asked_for.pop("path", "set.parquet")
    with pytest.raises(InputError, match=said):
        await db.replay.export("x", path, **asked_for)
    with pytest.raises(NotFound):
        await db.replay.export("y", tmp_path / "set.parquet")
    with pytest.raises(InputError, match="batches of 0"):
        async for _ in db.replay.batches("x", 0):
            pass
    assert not files(tmp_path)


async def test_a_file_that_is_there_stays_until_the_new_one_is_whole(
    db: AsyncDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(db)
    path = tmp_path / "set.parquet"
    path.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_finish", full)
    with pytest.raises(InputError, match="No space left"):
        await db.replay.export("x", path)
    assert path.read_bytes() == b"before"
    assert files(tmp_path) == ["set.parquet"]
