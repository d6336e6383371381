"""`python -m cryptoscalp.cli.document`: write docs/cli.md."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from cryptoscalp.cli import examples
from cryptoscalp.cli.main import app

_WIDTH: Final = 88
_GROUPS: Final = (
    "quarantine", "partitions", "instruments", "jobs", "db", "portfolio", "strategies", "orders",
    "trades", "positions", "funding", "books",
    "features",
    "models",
    "predictions",
    "drift",
    "regimes",
    "adaptations",
    "replay",
    "risk", "stress", "performance", "logs", "metrics",
)  # fmt: skip
_INTRODUCTION: Final = """\
# Command line

Written by `python -m cryptoscalp.cli.document` from the commands themselves and from a real run;
do not edit.

`--data-dir`, `--url` and `--json` may stand right after `cryptoscalp` or at the end.

| exit code | meaning |
|---|---|
| 0 | done; also when a running `up` was asked to end |
| 1 | failed: one line `cryptoscalp: …` on stderr; `CRYPTOSCALP_DEBUG=1` adds the traceback |
| 2 | misused: one line that names the help |
| 130 | interrupted by Ctrl-C; what was committed stays |
| 141 | the reader of the output has gone |
| 143 | terminated by SIGTERM; what was committed stays |

In JSON, prices, volumes and every number of a candle are strings with all their digits and no
zeros at the end; venue ids (`sequence`) are strings too, as they may exceed what a reader's numbers
hold. Counts are numbers. Times are ISO 8601 in UTC, lengths of time seconds. What is not known is
`null`. A quarantined
record (`raw`) that is not UTF-8 is `{"base64": "…"}`. The examples show at most three elements
of a list, and steady values where a run has its own times, sizes and places.
"""


def render(answers: Sequence[examples.Example]) -> str:
    """The text of docs/cli.md."""
    parts = [_INTRODUCTION]
    for name, text in _helps():
        parts.append(f"## {name}\n\n```text\n{text.rstrip()}\n```\n")
        words = name.removeprefix("cryptoscalp").strip()
        parts += [_example(one) for one in answers if _belongs(one, words)]
    return "\n".join(parts)


def _belongs(one: examples.Example, words: str) -> bool:
    named = one.words.split()[:2]
    if named == ["risk", "limits"]:
        return words == " ".join(one.words.split()[:3])
    if named[0] == "import":
        known = ("list", "undo", "formats", "maps")
        return words == (" ".join(named) if named[1] in known else "import")
    return words in (" ".join(named), named[0]) and words not in _GROUPS


def _example(one: examples.Example) -> str:
    answer = json.dumps(one.answer, indent=2, ensure_ascii=False)
    return f"`cryptoscalp {one.words} --json`\n\n```json\n{answer}\n```\n"


def _helps() -> Iterator[tuple[str, str]]:
    """Each command's full name with its help, in the order of the program's own help."""
    root: Any = typer.main.get_command(app)
    yield from _below(root, None, "cryptoscalp")


def _below(command: Any, parent: Any, name: str) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=_WIDTH
    )
    if "files" in getattr(command, "commands", {}):
        unnamed = command.commands["files"]
        inner = unnamed.make_context(
            "", [], parent=context, resilient_parsing=True, terminal_width=_WIDTH
        )
        yield context.command_path, unnamed.get_help(inner)
    else:
        yield context.command_path, command.get_help(context)
    if not hasattr(command, "commands"):
        return
    for word in command.list_commands(context):
        yield from _below(command.commands[word], context, word)


def target() -> Path:
    """Where the text belongs in a checkout."""
    return Path(__file__).resolve().parents[3] / "docs" / "cli.md"


def produce() -> str:
    """Run the examples on a server of their own and return the text."""
    folder = Path(tempfile.mkdtemp(prefix="cryptoscalp-"))
    folder.chmod(0o755)
    try:
        return render(examples.collect(folder))
    finally:
        shutil.rmtree(folder)


def main() -> int:
    examples.without_environment()
    target().write_text(produce(), encoding="utf-8")
    sys.stdout.write(f"{target()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
