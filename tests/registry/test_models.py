"""A version's life: registration, lineage, artifacts, moves, rollback, aliases, configs, search."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import ArtifactAltered, InputError, IntegrityRefused, NotFound
from tests.postgres import Place

METRICS = {"mae": 1.5}


async def _deployed(db: AsyncDatabase, name: str = "m", slot: str = "live") -> int:
    made = (await db.registry.register_version(name, metrics=METRICS)).version
    await db.registry.promote(made.model_id)
    return (await db.registry.promote(made.model_id, slot=slot)).model_id


async def test_a_version_moves_on_in_its_order(db: AsyncDatabase) -> None:
    one = (await db.registry.register_version("m")).version
    assert (one.version, one.version_number, one.status) == ("1", 1, "TRAINING")
    with pytest.raises(IntegrityRefused, match="cannot become DEPLOYED"):
        await db.registry.promote("m:1", slot="live")
    await db.registry.promote("m:1")
    with pytest.raises(IntegrityRefused, match="no validation metrics"):
        await db.registry.promote("m:1", slot="live")
    await db.registry.record_metrics("m:1", METRICS)
    live = await db.registry.promote("m:1", slot="live", note="good")
    assert (live.status, live.slot) == ("DEPLOYED", "live")
    with pytest.raises(IntegrityRefused, match="metrics stay"):
        await db.registry.record_metrics("m:1", {"mae": 0})
    gone = await db.registry.retire("m:1", note="old")
    assert gone.status == "RETIRED"
    with pytest.raises(IntegrityRefused, match="cannot become"):
        await db.registry.promote("m:1", slot="live")
    told = await db.registry.events("m:1")
    assert [one.to_status for one in told] == ["TRAINING", "VALIDATING", "DEPLOYED", "RETIRED"]
    assert [one.note for one in told] == [None, None, "good", "old"]


async def test_rollbacks_go_back_along_what_was_replaced(db: AsyncDatabase) -> None:
    first, second, third, fourth = [await _deployed(db) for _ in range(4)]
    assert (await db.registry.version(third)).status == "RETIRED"
    await db.registry.retire(third)
    assert (await db.registry.rollback("m", "live")).model_id == third
    with pytest.raises(IntegrityRefused, match="live"):
        await db.registry.rollback("m", "live", expected=fourth)
    assert (await db.registry.rollback("m", "live", expected=third)).model_id == second
    assert (await db.registry.rollback("m", "live")).model_id == first
    with pytest.raises(IntegrityRefused, match="live"):
        await db.registry.rollback("m", "live")
    assert (await db.registry.deployed("m", "live")).model_id == first
    await db.registry.retire(first)
    with pytest.raises(
        IntegrityRefused,
        match=r"slot 'live' of 'm' is empty and has nothing to roll back to\. Version 1 was the",
    ):
        await db.registry.rollback("m", "live")
    with pytest.raises(
        IntegrityRefused, match=r"to roll back to\. Nothing was ever deployed there"
    ):
        await db.registry.rollback("m", "shadow")
    last = (await db.registry.events(first))[-2]
    assert (last.from_status, last.to_status, last.rollback) == ("RETIRED", "DEPLOYED", True)


async def test_a_clock_that_was_set_back_changes_no_order(
    db: AsyncDatabase, database: Place
) -> None:
    """The first version was deployed while the clock was an hour ahead."""
    first = await _deployed(db)
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE model_versions SET deployed_at = deployed_at + interval '1 hour'")
    second, third = await _deployed(db), await _deployed(db)
    for expected in (third, second):
        assert (await db.registry.deployed("m", "live")).model_id == expected
        await db.registry.rollback("m", "live", expected=expected)
    assert (await db.registry.deployed("m", "live")).model_id == first


async def test_slots_and_models_are_apart(db: AsyncDatabase) -> None:
    a, b = await _deployed(db, slot="live"), await _deployed(db, slot="shadow")
    c = await _deployed(db, "other")
    for number in (a, b, c):
        assert (await db.registry.version(number)).status == "DEPLOYED"
    with pytest.raises(NotFound, match="no version of 'm' is deployed in slot 'paper'"):
        await db.registry.deployed("m", "paper")


async def test_names_of_versions(db: AsyncDatabase) -> None:
    one = (await db.registry.register_version("m", version="alpha")).version
    two = (await db.registry.register_version("m")).version
    assert (one.version, two.version, two.version_number) == ("alpha", "2", 2)
    await db.registry.set_alias("champion", "m:alpha")
    for reference, meant in (
        ("m", two), ("m:2", two), ("m:1", one), ("m:alpha", one), ("m@champion", one),
        (one.model_id, one),
    ):  # fmt: skip
        assert (await db.registry.version(reference)).model_id == meant.model_id
    await db.registry.set_alias("champion", two.model_id)
    assert (await db.registry.version("m@champion")).aliases == ("champion",)
    await db.registry.remove_alias("m", "champion")
    for unknown in ("m@champion", "m:3", "m:beta", "n", 10_000):
        with pytest.raises(NotFound, match="no model version"):
            await db.registry.version(unknown)
    with pytest.raises((InputError, IntegrityRefused), match="digits"):
        await db.registry.register_version("m", version="7")


@pytest.mark.parametrize("name", ["17", "0", "a:b", "a@b", "#1"])
async def test_names_that_read_as_something_else(
    db: AsyncDatabase, database: Place, name: str
) -> None:
    said = "digits only reads as a model_id" if name.isdecimal() else "none of : @ #"
    for call in (db.registry.declare_model, db.registry.register_version):
        with pytest.raises(IntegrityRefused, match=said):
            await call(name)
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        with pytest.raises(psycopg.errors.CheckViolation, match="chk_model_named"):
            connection.execute("INSERT INTO models (model_name) VALUES (%s)", (name,))
    assert await db.registry.models() == []
    assert (await db.registry.register_version("17a")).version.model_name == "17a"


async def test_a_label_is_registered_once(db: AsyncDatabase) -> None:
    given: dict[str, Any] = {"version": "a", "hyperparameters": {"depth": 3}, "metrics": METRICS}
    first = await db.registry.register_version("m", **given)
    again = await db.registry.register_version("m", **given)
    assert (again.version.model_id, again.duplicate) == (first.version.model_id, True)
    with pytest.raises(IntegrityRefused, match="hyperparameters"):
        await db.registry.register_version("m", **{**given, "hyperparameters": {"depth": 4}})
    assert len(await db.registry.search("m")) == 1


async def test_metrics_of_a_label_that_is_there(db: AsyncDatabase) -> None:
    """They may be recorded later, but a call with them that does not store them is refused."""
    await db.registry.register_version("m", version="a")
    with pytest.raises(IntegrityRefused, match="metrics differ"):
        await db.registry.register_version("m", version="a", metrics=METRICS)
    await db.registry.record_metrics("m:a", METRICS)
    for metrics in (None, METRICS):
        again = await db.registry.register_version("m", version="a", metrics=metrics)
        assert (again.duplicate, again.version.metrics) == (True, METRICS)


@pytest.mark.parametrize(
    ("hyperparameters", "told"),
    [
        ({"depth": 3, "speed": 1}, "speed"),
        ({}, "depth"),
        ({"depth": 2.5}, "depth"),
        ({"depth": "3"}, "depth"),
        ({"depth": 3, "note": 1}, "note"),
    ],
)
async def test_entries_are_those_declared(
    db: AsyncDatabase, database: Place, hyperparameters: dict[str, Any], told: str
) -> None:
    await db.registry.declare_model("m", hyperparameters={"depth": "integer", "note?": "string"})
    await db.registry.register_version("m", hyperparameters={"depth": 3})
    with pytest.raises(IntegrityRefused, match=told):
        await db.registry.register_version("m", hyperparameters=hyperparameters)
    assert len(await db.registry.search("m")) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
async def test_numbers_are_finite(db: AsyncDatabase, value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        await db.registry.register_version("m", metrics={"mae": value})


async def test_a_target_stays_once_there_are_versions(db: AsyncDatabase) -> None:
    await db.registry.declare_model("m", target_price="MID", target_kind="RETURN")
    await db.registry.register_version("m")
    await db.registry.declare_model("m", "what it does")
    with pytest.raises(IntegrityRefused, match="target"):
        await db.registry.declare_model("m", target_price="LAST_TRADE")


@pytest.mark.parametrize("folder", [False, True])
async def test_an_altered_artifact_is_refused(
    db: AsyncDatabase, tmp_path: Path, folder: bool
) -> None:
    path = tmp_path / "model"
    held = path / "weights.bin" if folder else path
    if folder:
        path.mkdir()
    held.write_bytes(b"weights")
    made = (await db.registry.register_version("m", artifact=path)).version
    assert made.artifact_bytes == 7
    assert await db.registry.verify_artifact("m:1") == path
    held.write_bytes(b"weightz")
    with pytest.raises(ArtifactAltered, match="model"):
        await db.registry.verify_artifact("m:1")
    held.unlink()
    if folder:
        path.rmdir()
    with pytest.raises(NotFound, match="model"):
        await db.registry.verify_artifact("m:1")
    await db.registry.register_version("m")
    with pytest.raises(NotFound, match="without an artifact"):
        await db.registry.verify_artifact("m:2")


async def test_lineage_and_differences(db: AsyncDatabase) -> None:
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    await db.registry.register_version("m", hyperparameters={"depth": 3}, code_revision="a1")
    second = (
        await db.registry.register_version(
            "m", parent="m:1", hyperparameters={"depth": 5}, code_revision="b2",
            trained_from=start, trained_until=end, training_data_sha256="ab" * 32,
        )
    ).version  # fmt: skip
    assert (second.trained_from, second.training_data_sha256) == (start, "ab" * 32)
    assert [one.version_number for one in await db.registry.lineage("m:2")] == [2, 1]
    differences = {one.name: (one.left, one.right) for one in await db.registry.diff("m:1", "m:2")}
    assert differences["hyperparameters.depth"] == (3, 5)
    assert differences["code_revision"] == ("a1", "b2")
    with pytest.raises(NotFound):
        await db.registry.register_version("m", parent="m:9")
    with pytest.raises((InputError, IntegrityRefused)):
        await db.registry.register_version("m", trained_from=end, trained_until=start)


async def test_every_configuration_is_kept(db: AsyncDatabase) -> None:
    await db.registry.register_version("m")
    assert await db.registry.config("m:1") is None
    first = await db.registry.set_config("m:1", {"size": 1})
    again = await db.registry.set_config("m:1", {"size": 1})
    assert again.revision == 1
    more = await db.registry.set_config("m:1", {"size": 2}, note="more")
    current = await db.registry.config("m:1")
    assert current is not None
    assert current == more
    assert (current.revision, current.config) == (2, {"size": 2})
    assert current.updated_at > first.updated_at
    assert await db.registry.config_history("m:1") == [first, current]


async def test_search_by_what_versions_have(db: AsyncDatabase) -> None:
    for number, mae in enumerate((3.0, 1.0, 2.0), 1):
        await db.registry.register_version(
            "m", metrics={"mae": mae}, hyperparameters={"depth": number},
            tags={"desk": "a" if number < 3 else "b"}, code_revision=f"r{number}",
        )  # fmt: skip
    await db.registry.set_alias("champion", "m:2")

    async def found(**given: Any) -> list[int]:
        return [one.version_number for one in await db.registry.search("m", **given)]

    assert await found() == [3, 2, 1]
    assert await found(tags={"desk": "a"}) == [2, 1]
    assert await found(alias="champion") == [2]
    assert await found(code_revision="r3") == [3]
    assert await found(hyperparameters={"depth": 1}) == [1]
    assert await found(metrics_where=[("mae", "<", 2.5)]) == [3, 2]
    assert await found(order_by_metric="mae") == [1, 3, 2]
    assert await found(order_by_metric="mae", ascending=True, limit=2) == [2, 3]
    assert await found(metrics_where=[("mae", ">=", 2)], hyperparameters={"depth": 3}) == [3]
    with pytest.raises(InputError, match="comparison"):
        await found(metrics_where=[("mae", "~", 1)])


async def test_plain_sql_breaks_no_rule(db: AsyncDatabase, database: Place) -> None:
    first = await _deployed(db)
    other = (await db.registry.register_version("m", metrics=METRICS)).version.model_id
    await db.registry.promote(other)
    before = [await db.registry.version(one) for one in (first, other)]
    for statement, number in (
        ("UPDATE model_versions SET status = 'TRAINING' WHERE model_id = %s", first),
        ("UPDATE model_versions SET status = 'DEPLOYED', slot = 'live' WHERE model_id = %s", other),
        ("UPDATE model_versions SET code_revision = 'x' WHERE model_id = %s", first),
        ("UPDATE model_versions SET hyperparameters = '{}' WHERE model_id = %s", first),
        ("UPDATE model_versions SET performance_metrics = '{}' WHERE model_id = %s", first),
        ("DELETE FROM model_versions WHERE model_id = %s", first),
        ("TRUNCATE model_versions CASCADE", None),
        ("DELETE FROM model_events WHERE model_id = %s", first),
        ("INSERT INTO model_versions (model_name, version, version_number) VALUES ('m','x',9)",
         None),
    ):  # fmt: skip
        for dsn in (database.dsn, database.admin_dsn):
            with (
                psycopg.connect(dsn, autocommit=True) as connection,
                pytest.raises(psycopg.Error),
            ):
                connection.execute(statement.encode(), None if number is None else (number,))
    assert [await db.registry.version(one) for one in (first, other)] == before
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("UPDATE model_versions SET status = 'RETIRED' WHERE model_id = %s", (other,))
    assert [one.to_status for one in await db.registry.events(other)][-1] == "RETIRED"
