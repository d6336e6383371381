"""Real capture files: recordings of Binance through `import_files`, to the last commit."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from isal import igzip

from bench.figures import Bar, Figure, Section
from bench.place import Place
from cryptoscalp import Database

NAME: Final = "files"
SHARED: Final = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2] / "shared")
)
_BAR: Final = Bar("figure", "≥", 100_000)


def measure(place: Place, quick: bool) -> Section | None:
    """Import all recordings of a market in one call; before each, parse the same files plainly."""
    recordings = SHARED / "data" / "hftbacktest"
    groups = {name: sorted(recordings.glob(f"{name}/*.gz")) for name in ("usdm", "spot", "cm")}
    if not groups["usdm"]:
        print(
            f"{NAME}: skipped: no recordings in {recordings}; CRYPTOSCALP_SHARED names the folder"
            " that holds data/hftbacktest",
            file=sys.stderr,
        )
        return None
    if quick:
        groups = {"usdm": [min(groups["usdm"], key=lambda path: path.stat().st_size)]}
    figures: list[Figure] = []
    detail: dict[str, object] = {}
    with place.connect() as db:
        for name, paths in groups.items():
            if not paths:
                continue
            lines, parsing = plain_parse(paths)
            received, stored, importing = _import(db, paths)
            label = f"{name}, {len(paths)} files in one call" if len(paths) > 1 else name
            figures.append(
                Figure(
                    label,
                    received / importing,
                    "events/s",
                    lines / parsing,
                    (_BAR,),
                    f"{lines:,} lines at {lines / importing:,.0f} lines/s; {received:,} events,"
                    f" {stored:,} of them stored, the others depth messages",
                )
            )
            detail[name] = {
                "files": [path.name for path in paths],
                "lines": lines,
                "received": received,
                "stored": stored,
                "seconds": importing,
                "parse_seconds": parsing,
            }
    return Section(
        NAME,
        "import_files: isal and msgspec in a thread, psycopg 3, binary COPY encoded by pgpq",
        "unpacking the same files and parsing each line with msgspec.json, in lines/s",
        place.settings(),
        figures,
        detail=detail,
    )


def plain_parse(paths: Iterable[Path]) -> tuple[int, float]:
    """Lines, and the seconds that unpacking and parsing them take."""
    decode = msgspec.json.Decoder().decode
    lines = 0
    began = time.perf_counter()
    for path in paths:
        with igzip.open(path, "rb") as file:  # type: ignore[no-untyped-call]
            for line in file:
                decode(line[line.index(b" ") + 1 :])
                lines += 1
    return lines, time.perf_counter() - began


def _import(db: Database, paths: list[Path]) -> tuple[int, int, float]:
    began = time.perf_counter()
    report = db.capture.import_files(paths)
    seconds = time.perf_counter() - began
    total = report.account.total
    if total.duplicate or not total.stored:
        raise AssertionError(f"a first import stores everything: {total}")
    return total.received, total.stored, seconds
