"""Up, down and up again from every revision; the result is the declared schema."""

from __future__ import annotations

import logging

import psycopg
import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.errors import InputError, SchemaMismatch
from cryptoscalp.infra.migrations import scripts
from cryptoscalp.infra.migrations.catalogue import Catalogue, differences, snapshot
from cryptoscalp.infra.migrations.checking import build, scratch
from tests.postgres import LOGIN, Place


def catalogue(place: Place) -> Catalogue:
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        return snapshot(connection)


@pytest.mark.long
def test_up_down_up_from_every_revision(empty: Place) -> None:
    before = "base"
    for script in scripts.revisions():
        lower = catalogue(empty)
        migrations.upgrade(empty.admin_dsn, login=LOGIN, revision=script.revision)
        upper = catalogue(empty)
        migrations.downgrade(empty.admin_dsn, before)
        assert not differences(catalogue(empty), lower)
        migrations.upgrade(empty.admin_dsn, login=LOGIN, revision=script.revision)
        assert not differences(catalogue(empty), upper)
        assert migrations.current(empty.dsn) == script.revision
        before = script.revision
    migrations.downgrade(empty.admin_dsn, "base")
    assert catalogue(empty) == {}
    migrations.upgrade(empty.admin_dsn, login=LOGIN)
    assert migrations.check(empty.admin_dsn) == []


def test_nothing_stays_after_going_back_to_base(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        connection.execute("SELECT ensure_partitions('2024-02-28', '2024-03-02')")
    migrations.downgrade(migrated.admin_dsn, "base")
    with psycopg.connect(migrated.admin_dsn) as connection:
        left = connection.execute(
            """
            SELECT relname FROM pg_class WHERE relowner = 'cryptoscalp_owner'::regrole
               AND relnamespace = 'public'::regnamespace
               AND relname NOT IN ('alembic_version', 'alembic_version_pkc')
            UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'cryptoscalp_owner'::regrole
            UNION ALL SELECT typname FROM pg_type
            WHERE typowner = 'cryptoscalp_owner'::regrole AND typname !~ 'alembic_version'
            """
        ).fetchall()
    assert left == []
    assert migrations.current(migrated.dsn) is None


def test_a_migrated_database_equals_a_declared_one(migrated: Place) -> None:
    with scratch(migrated.admin_dsn) as place:
        declared = build(place, scripts.declared())
    found = catalogue(migrated)
    assert differences(found, declared) == []
    kinds = {kind for kind, _ in found}
    assert kinds >= {"table", "column", "constraint", "index", "trigger", "function", "grant"}


def test_ddl_makes_the_same_database(migrated: Place) -> None:
    with scratch(migrated.admin_dsn) as place, psycopg.connect(place, autocommit=True) as other:
        other.execute("GRANT CREATE, USAGE ON SCHEMA public TO cryptoscalp_owner")
        other.execute("SET ROLE cryptoscalp_owner")
        other.execute(migrations.ddl().encode())
        assert differences(snapshot(other), catalogue(migrated)) == []


def test_upgrading_again_changes_nothing(migrated: Place) -> None:
    before = catalogue(migrated)
    migrations.upgrade(migrated.admin_dsn, login=LOGIN)
    assert differences(catalogue(migrated), before) == []


def test_a_version_stands_for_its_newest_revision(empty_database: Place) -> None:
    migrations.upgrade(empty_database.admin_dsn, login=LOGIN, revision="1.0.0")
    of_version = [s.revision for s in scripts.revisions() if s.module.release == "1.0.0"]
    assert migrations.current(empty_database.dsn) == of_version[-1]


def test_an_unknown_revision_is_named_with_those_there_are(empty_database: Place) -> None:
    with pytest.raises(InputError, match=r"'9999'.*0001 \(1\.0\.0\)"):
        migrations.upgrade(empty_database.admin_dsn, login=LOGIN, revision="9999")
    with pytest.raises(InputError, match="'nonsense'"):
        migrations.downgrade(empty_database.admin_dsn, "nonsense")
    assert migrations.current(empty_database.dsn) is None


def test_a_database_of_a_newer_version_is_left_alone(database: Place) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9000'")
    with pytest.raises(SchemaMismatch, match=r"9000.*install the version that made it"):
        migrations.upgrade(database.admin_dsn, login=LOGIN)
    with pytest.raises(SchemaMismatch, match="9000"):
        migrations.downgrade(database.admin_dsn, "base")
    assert [found.kind for found in migrations.check(database.admin_dsn)] == ["revision"]


def test_the_host_application_hears_nothing(
    empty_database: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    mine = logging.getLogger("host.application")
    root = logging.getLogger()
    before = (list(root.handlers), root.level, mine.disabled, mine.level)
    alembic = logging.getLogger("alembic")
    alembic_before = (list(alembic.handlers), alembic.level, alembic.propagate)
    migrations.upgrade(empty_database.admin_dsn, login=LOGIN)
    migrations.check(empty_database.admin_dsn)
    migrations.downgrade(empty_database.admin_dsn, "base")
    assert capfd.readouterr() == ("", "")
    assert (list(root.handlers), root.level, mine.disabled, mine.level) == before
    assert (list(alembic.handlers), alembic.level, alembic.propagate) == alembic_before
