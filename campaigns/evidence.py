"""What a campaign leaves behind: its result, when, on what machine, and for which code."""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.machine import Machine

ROOT: Final = Path(__file__).resolve().parents[1]

#: JSON-able, with "passed": bool.
Result: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign: independent parts, and the code that its evidence vouches for.

    `vouches_for` are globs below the project's root. `parts` makes them for the options that
    `options` adds to the command line; each runs by itself and gives its result. `page` is the
    evidence as Markdown, kept beside the JSON. Of a `required` campaign the evidence has to fit
    the code. `rule`: what has to hold over all parts beside each one's own "passed".
    """

    name: str
    about: str
    vouches_for: tuple[str, ...]
    parts: Callable[[Namespace], Mapping[str, Callable[[], Result]]]
    page: Callable[[Mapping[str, Any]], str] | None = None
    options: Callable[[ArgumentParser], None] = lambda parser: None
    required: bool = True
    rule: Callable[[Mapping[str, Result]], bool] = lambda parts: True


def folder_in(root: Path) -> Path:
    """Where the evidence of a project is kept."""
    return root / "docs" / "evidence"


def digest(globs: Sequence[str], root: Path = ROOT) -> str:
    """The SHA-256 (hex) over names and contents of all files that the globs match.

    Raises ValueError for a glob that matches nothing: it vouches for nothing.
    """
    found: set[Path] = set()
    for glob in globs:
        files = {path for path in root.glob(glob) if path.is_file()}
        if not files:
            raise ValueError(f"{glob} matches no file")
        found |= files
    total = hashlib.sha256()
    for path in sorted(found):
        inside = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()}\0{inside}\n".encode())
    return total.hexdigest()


def evidence(
    campaign: Campaign,
    sha256: str,
    parts: Mapping[str, Result],
    seconds: float,
    machine: Machine,
) -> dict[str, Any]:
    """The evidence of a finished campaign."""
    return {
        "campaign": campaign.name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.as_json(),
        "vouches_for": list(campaign.vouches_for),
        "sha256": sha256,
        "passed": all(part["passed"] for part in parts.values()) and campaign.rule(parts),
        "seconds": round(seconds, 1),
        "parts": dict(parts),
    }


def write(campaign: Campaign, found: Mapping[str, Any], folder: Path) -> None:
    """Keep the evidence as NAME.json, and as NAME.md where the campaign has a page."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{campaign.name}.json").write_text(text, encoding="utf-8")
    if campaign.page is not None:
        (folder / f"{campaign.name}.md").write_text(campaign.page(found), encoding="utf-8")


def problem(campaign: Campaign, root: Path = ROOT) -> str | None:
    """What is wrong with the evidence of a campaign, and what to do; None when nothing is."""
    advice = f"run: make campaign NAME={campaign.name}"
    file = folder_in(root) / f"{campaign.name}.json"
    if not file.is_file():
        return f"there is no evidence of {campaign.name} ({file.name}); {advice}"
    found = json.loads(file.read_text(encoding="utf-8"))
    if not found["passed"]:
        failed = [name for name, part in found["parts"].items() if not part["passed"]]
        what = ", ".join(failed) or "its rule over all parts"
        return f"{campaign.name} did not pass ({what}); mend it and {advice}"
    if found["sha256"] != digest(campaign.vouches_for, root):
        return (
            f"the evidence of {campaign.name} is of {found['date']}, and the code that it vouches"
            f" for has changed since; {advice}"
        )
    return None


def heading(found: Mapping[str, Any]) -> list[str]:
    """The lines of a page that say when and where the evidence was made."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in machine["versions"].items())
    size = f"{machine['cores']} cores, {machine['memory_gb']:.0f} GB"
    load = f"load {machine['load']:.1f} in the minute before"
    return [
        f"Written by `make campaign NAME={found['campaign']}`; the JSON beside it has the same.",
        "",
        f"- date: {found['date']}",
        f"- machine: {machine['cpu']}, {size}, {machine['system']}, {load}",
        f"- versions: {versions}",
        f"- code: SHA-256 {found['sha256']} over {', '.join(found['vouches_for'])}",
    ]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table; numbers are aligned to the right."""
    right = [
        all(isinstance(row[place], (int, float)) for row in rows) for place in range(len(header))
    ]
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("| " + " | ".join("--:" if one else ":--" for one in right) + " |")
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return lines


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
