"""Campaign: how fast each format is read and stored, beside a plain parse of the same file.

The plain reader is the shortest that a user would write: it gives floats, checks nothing and
keeps nothing. They take turns, three each; the median counts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import cryptoscalp
from bench.place import Place, fresh_place
from campaigns.corpus_files import DATA
from campaigns.evidence import Campaign, Result, heading, table
from campaigns.place import fresh_database
from campaigns.rates_files import SUBJECTS, Subject
from cryptoscalp.capture.files.items import expand
from cryptoscalp.capture.formats import registry
from cryptoscalp.capture.formats.mapping import parse_map
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.prepare import prepare

_TURNS: Final = 3


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    if not DATA.is_dir():
        sys.exit(f"no market data at {DATA}; CRYPTOSCALP_SHARED names the folder that holds data/")
    return {subject.label: partial(_measure, subject) for subject in SUBJECTS}


def _measure(subject: Subject) -> Result:
    with tempfile.TemporaryDirectory(prefix="cryptoscalp-rates-") as folder:
        path = subject.file(DATA, Path(folder))
        with fresh_place() as place:
            ways: dict[str, Callable[[], tuple[int, float]]] = {
                "read": partial(_read, subject, path, validated=False),
                "validated": partial(_read, subject, path, validated=True),
                "stored": partial(_store, subject, path, place),
                "plain": partial(_plain, subject, path),
            }
            records: dict[str, int] = {}
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(_TURNS):
                for name, way in ways.items():
                    records[name], took = way()
                    seconds[name].append(took)
        size = path.stat().st_size
    # All rates are of the same records: a line of a recording may hold none, or several.
    return {
        "passed": records["read"] == records["validated"] == records["stored"] > 0,
        "file": subject.shown,
        "bytes": size,
        "records": records["read"],
        "plain_reader": subject.how,
        "plain_rows": records["plain"],
        "records_per_second": {
            name: round(records["read"] / median(took)) for name, took in seconds.items()
        },
    }


def _read(subject: Subject, path: Path, *, validated: bool) -> tuple[int, float]:
    """Every chunk of the file, parsed, or validated too."""
    said: dict[str, Any] = dict(subject.options)
    mapping = parse_map(said.pop("mapping")) if "mapping" in said else {}
    options = Options(**said, mapping=mapping)
    began = time.perf_counter()
    (item,) = expand([path])
    reader = registry.choose(item, subject.format, options).open(item, options)
    count = 0
    for chunk in reader.chunks(lambda position: None):
        count += chunk.received
        if validated:
            list(prepare(chunk, now_us=time.time_ns() // 1000))
    return count, time.perf_counter() - began


def _store(subject: Subject, path: Path, place: Place) -> tuple[int, float]:
    """The file imported into a database that holds nothing."""
    options: dict[str, Any] = {**subject.options, "format": subject.format}
    with fresh_database(place) as dsn, cryptoscalp.connect(dsn) as db:
        began = time.perf_counter()
        report = db.capture.import_files([path], **options)
        return report.account.total.received, time.perf_counter() - began


def _plain(subject: Subject, path: Path) -> tuple[int, float]:
    began = time.perf_counter()
    count = subject.plain(path)
    return count, time.perf_counter() - began


def _page(found: Mapping[str, Any]) -> str:
    lines = ["# Rates of the formats", "", *heading(found), ""]
    lines += [
        "Records per second, the median of three turns; `read` is parsing, `validated` with all",
        "rules and exact decimals, `stored` the whole import to the last commit into an empty",
        "database. The plain reader gives floats, checks nothing and keeps nothing; the ratio is",
        "`validated` to it. Of files of a few thousand records it is mostly the beginning that is",
        "measured: batches, partitions, the first block.",
        "",
    ]
    rows = []
    for name, part in found["parts"].items():
        rate = part["records_per_second"]
        rows.append(
            (
                name, part["file"], part["bytes"], part["records"], rate["read"],
                rate["validated"], rate["stored"], rate["plain"],
                round(rate["validated"] / rate["plain"], 3), part["plain_reader"],
            )
        )  # fmt: skip
    header = (
        "format", "file", "bytes", "records", "read", "validated", "stored", "plain", "ratio",
        "plain reader",
    )  # fmt: skip
    return "\n".join([*lines, *table(header, rows)]) + "\n"


CAMPAIGN: Final = Campaign(
    name="rates",
    about="rates of every format beside a plain parse of the same file",
    vouches_for=("src/cryptoscalp/capture/**/*.py", "campaigns/rates*.py"),
    parts=_parts,
    page=_page,
    required=False,
)
