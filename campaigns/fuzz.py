"""Campaign: every parser fuzzed with coverage as its guide (atheris), from hand-made files."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from campaigns.evidence import ROOT, Campaign, Result, heading, table
from campaigns.fuzz_samples import FORMATS

_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units: *(\d+)", re.MULTILINE)
_PROGRESS: Final = re.compile(r"^#(\d+)\s.*?cov: (\d+)", re.MULTILINE)
_UNCAUGHT: Final = re.compile(r"=== Uncaught Python exception: ===.*?(?=^==\d+==)", re.M | re.S)
_SAYS: Final = 4_000


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=int, default=120, metavar="N", help="of fuzzing each parser (120)"
    )


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    if find_spec("atheris") is None:
        sys.exit("atheris is not installed: it is there on Linux x86-64 (make setup)")
    return {format: partial(_fuzz, format, options.seconds) for format in FORMATS}


def _fuzz(format: str, seconds: int) -> Result:
    """One parser, in a process and a folder of its own; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="cryptoscalp-fuzz-") as name:
        folder = Path(name)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "campaigns.fuzz_one", format, str(folder), str(seconds)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": name, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )
        took = time.perf_counter() - began
        said = done.stderr.decode(errors="replace")
        crashes = [
            {"name": path.name, "input": base64.b64encode(path.read_bytes()).decode()}
            for path in sorted((folder / "crashes").glob("*"))
        ]
        seeds = [*(folder / "corpus").glob("sample-*"), *(folder / "corpus").glob("stored-*")]
        inputs = len(list((folder / "corpus").iterdir()))
    progress = _PROGRESS.findall(said)
    executed = _EXECUTED.search(said)
    result: Result = {
        "passed": done.returncode == 0 and not crashes,
        "executions": int(executed[1] if executed else progress[-1][0] if progress else 0),
        "seconds": round(took, 1),
        "crashes": crashes,
        "covered": int(progress[-1][1]) if progress else 0,
        "new_inputs": inputs - len(seeds),
    }
    if not result["passed"]:
        output = done.stdout.decode(errors="replace") + said
        uncaught = _UNCAUGHT.search(output)
        shown = (uncaught[0] if uncaught else output).replace(name, "").replace(str(ROOT), "")
        result |= {"exit": done.returncode, "said": shown[-_SAYS:]}
    return result


def _page(found: Mapping[str, Any]) -> str:
    lines = ["# Parsers fuzzed", "", *heading(found), ""]
    lines += table(
        ("parser", "executions", "seconds", "branches covered", "new inputs", "crashes"),
        [
            (
                name,
                part["executions"],
                part["seconds"],
                part["covered"],
                part["new_inputs"],
                len(part["crashes"]),
            )
            for name, part in found["parts"].items()
        ],
    )
    for name, part in found["parts"].items():
        if not part["passed"]:
            lines += ["", f"## {name} FAILED ({part['exit']})", "", "```", part["said"], "```"]
            lines += [f"- {one['name']}: {one['input']}" for one in part["crashes"]]
    return "\n".join(lines) + "\n"


CAMPAIGN: Final = Campaign(
    name="fuzz",
    about="fuzz every parser, guided by coverage",
    vouches_for=(
        "src/cryptoscalp/capture/files/*.py",
        "src/cryptoscalp/capture/formats/*.py",
        "src/cryptoscalp/capture/venues/*.py",
        "src/cryptoscalp/capture/chunk.py",
        "src/cryptoscalp/capture/decimals.py",
        "src/cryptoscalp/capture/prepare.py",
        "src/cryptoscalp/capture/validation.py",
        "src/cryptoscalp/capture/state_validation.py",
        "campaigns/fuzz*.py",
    ),
    parts=_parts,
    options=_options,
    page=_page,
)
