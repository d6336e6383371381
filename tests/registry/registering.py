"""A process of its own that registers versions: `python registering.py DSN NAME COUNT`."""

from __future__ import annotations

import sys

import cryptoscalp

if __name__ == "__main__":
    dsn, name, count = sys.argv[1:]
    with cryptoscalp.connect(dsn, max_connections=1) as db:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for _ in range(int(count)):
            made = db.registry.register_version(name).version
            sys.stdout.write(f"{made.version_number}\n")
            sys.stdout.flush()
