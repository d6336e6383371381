"""Campaign: every file of the shared data imported, twice, and held against what it holds."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, Final

import cryptoscalp
from bench.place import Place, fresh_place
from campaigns.corpus_files import DATA, HELD, UNSUPPORTED, Held, Unsupported, expected
from campaigns.corpus_oracles import ORACLES, Opened, compare
from campaigns.corpus_verdict import Verdict, judge
from campaigns.evidence import Campaign, Result, heading, table
from campaigns.place import fresh_database
from cryptoscalp import Database
from cryptoscalp.infra.db.errors import InputError


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    if not DATA.is_dir():
        sys.exit(f"no market data at {DATA}; CRYPTOSCALP_SHARED names the folder that holds data/")
    return {"files": _files, "oracles": _oracles}


def _files() -> Result:
    """All files in one database, in their order."""
    with fresh_place() as place, place.connect() as db:
        verdicts = [_held(held, db, place) for held in HELD]
        others = [_unsupported(one, db) for one in UNSUPPORTED]
    strangers = sorted(_there() - {*expected()})
    return {
        "passed": not strangers
        and not any(one.differs for one in verdicts)
        and all(one["as_expected"] for one in others),
        "files": [one.as_json() for one in verdicts],
        "unsupported": others,
        "unknown": strangers,
    }


def _there() -> set[str]:
    found = (path for path in DATA.rglob("*") if path.is_file() and path.name != "MANIFEST.md")
    return {path.relative_to(DATA).as_posix() for path in found}


def _held(held: Held, db: Database, place: Place) -> Verdict:
    print(f"  {held.file}", file=sys.stderr, flush=True)
    options: dict[str, Any] = dict(held.options)
    (first,) = db.capture.import_files([DATA / held.file], **options).files
    with place.bare() as connection:
        refused = connection.execute(
            "SELECT reason, count(*) FROM quarantine WHERE batch_id = %s GROUP BY reason",
            (first.batch_id,),
        ).fetchall()
    (again,) = db.capture.import_files([DATA / held.file], **options).files
    return judge(held, first, again, dict(refused))


def _unsupported(one: Unsupported, db: Database) -> dict[str, Any]:
    said = "it was imported"
    try:
        db.capture.import_files([DATA / one.file])
    except InputError as error:
        said = str(error).removeprefix(f"{DATA / one.file}: ").replace(str(DATA), "data")
    return {"file": one.file, "holds": one.holds, "said": said, "as_expected": one.words in said}


def _oracles() -> Result:
    found = []
    with fresh_place() as place:
        for oracle in ORACLES:
            print(f"  {oracle.name}", file=sys.stderr, flush=True)
            with fresh_database(place) as dsn, cryptoscalp.connect(dsn) as db:
                found.append(compare(oracle, Opened(db, dsn, DATA)))
    return {"passed": all(one["passed"] for one in found), "oracles": found}


def _page(found: Mapping[str, Any]) -> str:
    lines = ["# Every file of the shared data", "", *heading(found), ""]
    files, oracles = found["parts"].get("files"), found["parts"].get("oracles")
    if files is not None:
        lines += ["## Imported, and imported again", ""]
        lines += table(_HEADER, [_row(one) for one in files["files"]])
        lines += ["", *(f"- {one['file']}: {one['note']}" for one in files["files"] if one["note"])]
        for one in files["files"]:
            lines += [f"- NOT EQUAL {one['file']}: {what}" for what in one["differs"]]
        lines += [f"- NOT EXPECTED {one}" for one in files["unknown"]]
        lines += ["", "## Not supported", ""]
        lines += table(
            ("file", "holds", "the importer says", "as expected"),
            [
                (one["file"], one["holds"], one["said"], "yes" if one["as_expected"] else "NO")
                for one in files["unsupported"]
            ],
        )
    if oracles is not None:
        lines += ["", "## Oracles", ""]
        lines += table(
            ("oracle", "published", "equal", "extra", "all equal"),
            [
                (*(one[name] for name in ("oracle", "published", "equal", "extra")),
                 "yes" if one["passed"] else "NO")
                for one in oracles["oracles"]
            ],
        )  # fmt: skip
    return "\n".join(lines) + "\n"


_HEADER: Final = (
    "file", "format", "MANIFEST", "received", "stored", "duplicate", "quarantined", "ignored",
    "rounded", "stored again", "equal",
)  # fmt: skip


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    refused = ", ".join(f"{count:,} {reason}" for reason, count in one["quarantined"].items())
    return (
        one["file"], one["format"], one["manifest"], one["received"], one["stored"],
        one["duplicate"], refused or "0", one["ignored"], one["rounded"], one["stored_again"],
        "yes" if one["equal"] else "NO",
    )  # fmt: skip


CAMPAIGN: Final = Campaign(
    name="corpus",
    about="import every file of the shared data twice; candles against published ones",
    vouches_for=(
        "src/cryptoscalp/capture/**/*.py",
        "src/cryptoscalp/capture/**/*.sql",
        "src/cryptoscalp/market/buckets.py",
        "src/cryptoscalp/market/candles.py",
        "src/cryptoscalp/market/names.py",
        "src/cryptoscalp/market/sql/*.sql",
        "campaigns/corpus*.py",
    ),
    parts=_parts,
    page=_page,
)
