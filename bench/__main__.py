"""`python -m bench`: run benchmarks, print each figure beside its limit or peer, write JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from bench import (
    books,
    candles,
    cold,
    files,
    ingest,
    limits,
    logs,
    marks,
    newest,
    page,
    partitions,
    performance,
    predictions,
    ranges,
    registry,
    replay,
    replay_durable,
    risk,
    upkeep,
)
from bench.figures import Section
from bench.machine import Machine, this_machine
from bench.place import Place, fresh_place

RESULTS: Final = Path(__file__).resolve().parent / "results"


class Measure(Protocol):
    """A benchmark: it has a fresh server to itself; None when what it needs is not here."""

    def __call__(self, place: Place, quick: bool, /) -> Section | None: ...


BENCHMARKS: Final[dict[str, Measure]] = {
    ingest.NAME: ingest.measure,
    files.NAME: files.measure,
    newest.NAME: newest.measure,
    partitions.NAME: partitions.measure,
    ranges.NAME: ranges.measure,
    candles.NAME: candles.measure,
    cold.NAME: cold.measure,
    upkeep.NAME: upkeep.measure,
    marks.NAME: marks.measure,
    books.NAME: books.measure,
    predictions.NAME: predictions.measure,
    performance.NAME: performance.measure,
    registry.NAME: registry.measure,
    replay.NAME: replay.measure,
    replay_durable.NAME: replay_durable.measure,
    risk.NAME: risk.measure,
    limits.NAME: limits.measure,
    logs.NAME: logs.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that were named, or all; return 0 whether bars are met or missed."""
    chosen = _arguments(arguments)
    now = datetime.now(UTC)
    date = now.isoformat(timespec="seconds")
    machine: Machine | None = None
    sections: list[Section] = []
    for name in chosen.names or BENCHMARKS:
        began = time.perf_counter()
        with fresh_place() as place:
            if machine is None:
                machine = this_machine(place.version)
                if not chosen.markdown:
                    print("\n".join(page.heading(date, machine, chosen.quick)) + "\n", flush=True)
            print(f"{name} ...", file=sys.stderr, flush=True)
            section = BENCHMARKS[name](place, chosen.quick)
        if section is None:
            continue
        sections.append(replace(section, seconds=time.perf_counter() - began))
        if not chosen.markdown:
            print(page.text(sections[-1]), flush=True)
    assert machine is not None
    if chosen.markdown:
        print(page.markdown(date, machine, sections, chosen.quick))
    else:
        print("\n".join(f"MISSED {line}" for line in page.missed(sections)) or "every bar is met")
    target = chosen.json or RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    result = page.as_json(date, machine, sections, chosen.quick)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {target}", file=sys.stderr)
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which (all): {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the JSON goes")
    parser.add_argument("--markdown", action="store_true", help="print Markdown at the end")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
