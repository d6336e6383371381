"""`python -m cryptoscalp.infra.migrations.freeze REVISION`: copy what a revision has to freeze.

Writes each live SQL object whose newest frozen copy differs, and the order in which to run them,
to `migrations/frozen/REVISION/`. The first revision freezes the tables' SQL as well; a later one
changes tables by operations of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cryptoscalp.infra.migrations import scripts
from cryptoscalp.infra.migrations.declared import Declared

TABLES = "tables"
ORDER = "order.txt"


def newest(name: str, root: Path, *, before: str | None = None) -> str | None:
    """The newest frozen text of an object, older than revision `before`; None without one."""
    copies = sorted(root.glob(f"*/{name}.sql"))
    kept = [copy for copy in copies if before is None or copy.parent.name < before]
    return kept[-1].read_text(encoding="utf-8") if kept else None


def freeze(revision: str, declared: Declared, root: Path) -> list[Path]:
    """Write a revision's frozen texts below `root`; returns the files."""
    folder = root / revision
    folder.mkdir(parents=True, exist_ok=True)
    texts = dict(declared.objects)
    changed = {
        name: text for name, text in texts.items() if newest(name, root, before=revision) != text
    }
    if newest(TABLES, root, before=revision) is None:
        changed = {TABLES: declared.tables_sql()} | changed
    for stale in folder.glob("*.sql"):
        # drop.sql and the like are written by hand; only copies of objects are replaced.
        if stale.stem in texts and stale.stem not in changed:
            stale.unlink()
    written = []
    for name, text in changed.items():
        path = folder / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        written.append(path)
    (folder / ORDER).write_text("".join(f"{name}\n" for name in changed), encoding="utf-8")
    return [*written, folder / ORDER]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m cryptoscalp.infra.migrations.freeze REVISION\n")
        return 2
    root = scripts.location() / "frozen"
    for path in freeze(arguments[0], scripts.declared(), root):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
