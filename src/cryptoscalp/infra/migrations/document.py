"""`python -m cryptoscalp.infra.migrations.document`: write docs/migrations.md."""

from __future__ import annotations

import inspect
import sys
from itertools import groupby
from pathlib import Path

from alembic.script import Script

from cryptoscalp.infra.migrations import scripts

_INTRODUCTION = """\
# Migrations

Written by `python -m cryptoscalp.infra.migrations.document` from the revisions in `migrations/`;
do not edit. `cryptoscalp db current` names the revision of a database, `cryptoscalp db check`
compares it with the declared schema. `cryptoscalp db upgrade` applies what is missing, each
revision in one transaction. `cryptoscalp db downgrade REVISION` goes back, all or nothing; a
version's number stands for its newest revision, `base` for an empty database.
"""


def render() -> str:
    """The text of docs/migrations.md: each version's changes and how they are taken back."""
    newest_first = list(reversed(scripts.revisions()))
    parts = [_INTRODUCTION]
    for release, revisions in groupby(newest_first, scripts.release_of):
        parts.append(f"## {release}\n")
        parts.extend(_revision(script) for script in revisions)
    return "\n".join(parts)


def _revision(script: Script) -> str:
    title, _, body = inspect.cleandoc(script.module.__doc__ or "").partition("\n\n")
    lines = [f"### {script.revision} {title}", "", body, ""]
    lines += [f"Back to {script.down_revision or 'base'}: {script.module.rollback}"]
    if script.module.destroys:
        tables = ", ".join(f"`{table}`" for table in script.module.destroys)
        lines += [
            f"Refused while a row is in {tables},",
            "unless told twice (`--destroy-data --yes`).",
        ]
    return "\n".join(lines) + "\n"


def target() -> Path:
    """Where the text belongs in a checkout."""
    return scripts.location().parent / "docs" / "migrations.md"


def main() -> int:
    target().write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{target()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
