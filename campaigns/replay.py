"""Campaign: processes that fill and learn from a replay buffer, killed at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import cryptoscalp
from bench.place import Place, fresh_place
from campaigns.evidence import ROOT, Campaign, Result, heading, table
from campaigns.replay_check import check
from campaigns.replay_log import Told, merge, read
from campaigns.replay_victim import WIDTH
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.replay import opening
from cryptoscalp.replay.replay_types import Durability
from cryptoscalp.replay.tier_defaults import default_tiers

BUFFER: Final = "killed"
#: Small: experiences move and leave all the time.
CAPACITY: Final = 2_000
_LONGEST_S: Final = 1.0


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=120, metavar="N", help="in each part (120)")


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    return {
        name: partial(killed, name, options.kills) for name in ("process", "recovery", "server")
    }


def prepare(db: cryptoscalp.Database) -> None:
    """Declare the buffer."""
    features = db.registry.register_feature_set("victim", [f"feature_{n}" for n in range(WIDTH)])
    db.replay.create_buffer(
        BUFFER, features.feature_set_id, actions="DISCRETE",
        tiers=default_tiers(CAPACITY, surprise=1.0),
    )  # fmt: skip


@contextmanager
def victims(dsn: str, journals: Path, log: Path) -> Iterator[Callable[[float, int], None]]:
    """A function that lets a process work for so many seconds, then kills it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.replay_victim", dsn, BUFFER, str(journals), str(log)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    lines, answers = process.stdin, process.stdout

    def run(seconds: float, seed: int) -> None:
        lines.write(f"{seconds} {seed}\n")
        lines.flush()
        answer = answers.readline().strip()
        if answer != "killed":
            raise RuntimeError(f"the victim ended by itself: {answer or 'it is gone'}")

    with process:
        yield run
        lines.close()


def killed(what: str, kills: int) -> Result:
    """Kill `kills` times: the process; it and whoever recovers; or it and the server."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    with fresh_place() as place, tempfile.TemporaryDirectory() as folder:
        journals, log = Path(folder) / "journals", Path(folder) / "log"
        with cryptoscalp.connect(place.dsn) as db:
            prepare(db)
        durability = Durability(journals=journals)
        told = Told(set(), {})
        wrong: list[dict[str, Any]] = []
        rounds = calls = others = 0
        with victims(place.dsn, journals, log) as victim:
            while rounds < kills and not wrong:
                rounds += 1
                if what == "server":
                    others += 1
                    _kill_server_meanwhile(place, victim, chance)
                else:
                    victim(chance.uniform(0.05, _LONGEST_S), chance.randrange(2**31))
                if what == "recovery":
                    others += _killed_while_opening(place, durability, chance)
                entries = read(log)
                log.unlink(missing_ok=True)
                calls += sum(entry.done for entry in entries)
                merge(told, entries)
                faults = check(
                    place.dsn, BUFFER, durability, told, entries[-1] if entries else None
                )
                if faults:
                    wrong.append({"round": rounds, "faults": faults})
        left = [str(path) for path in journals.glob("*/*/*")]
    return {
        "passed": not wrong and not left, "seed": seed, "kills": rounds, "other_kills": others,
        "calls": calls, "added": len(told.added), "wrong": wrong, "left": left,
    }  # fmt: skip


def _kill_server_meanwhile(
    place: Place, victim: Callable[[float, int], None], chance: random.Random
) -> None:
    """Kill a process of PostgreSQL under the working victim, then the victim.

    All of its sessions are cut off, and the server recovers as after a crash of the machine.
    """
    with place.bare(admin=True) as session:
        backend = session.info.backend_pid

        def kill() -> None:
            os.kill(backend, signal.SIGKILL)

        timer = threading.Timer(chance.uniform(0.1, 0.6), kill)
        timer.start()
        victim(chance.uniform(0.6, _LONGEST_S), chance.randrange(2**31))
        timer.join()
    EmbeddedServer(place.data_dir).ensure_running()


def _killed_while_opening(place: Place, durability: Durability, chance: random.Random) -> int:
    """Kill a process that stores what the victim left behind."""
    child = os.fork()
    if not child:
        opening.open_memory(place.dsn, BUFFER, rules_every_s=None, durability=durability)
        time.sleep(60)
    time.sleep(chance.uniform(0.02, 0.3))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def _page(found: Mapping[str, Any]) -> str:
    header = ("killed with -9", "kills", "other kills", "calls acknowledged",
              "experiences added", "lost, doubled or differing")  # fmt: skip
    ways = {
        "process": "the process",
        "recovery": "it, then whoever stores what it left",
        "server": "a process of PostgreSQL under it, then it",
    }
    rows = [
        (ways[name], part["kills"], part["other_kills"], f"{part['calls']:,}",
         f"{part['added']:,}", "NONE" if not part["wrong"] else "SOME")
        for name, part in found["parts"].items()
    ]  # fmt: skip
    lines = [
        "# Replay memory killed at random moments", "", *heading(found), "",
        "A process adds experiences to a small buffer, draws, updates priorities and lets the",
        "rules of the tiers move and evict, until it is killed with -9 at a random moment. Then",
        "the buffer is opened: the sum tree has to equal PostgreSQL, every addition that was",
        "acknowledged has to be there or on record as evicted, every priority has to be the last",
        "one acknowledged (or that of the call that was cut off), and no tier may hold more than",
        "its capacity.", "",
        *table(header, rows),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


CAMPAIGN: Final = Campaign(
    name="replay",
    about="kill processes that fill and learn from a replay buffer",
    vouches_for=(
        "src/cryptoscalp/replay/a*.py",
        "src/cryptoscalp/replay/journal.py",
        "src/cryptoscalp/replay/loading.py",
        "src/cryptoscalp/replay/memory.py",
        "src/cryptoscalp/replay/opening.py",
        "src/cryptoscalp/replay/outbox.py",
        "src/cryptoscalp/replay/rounds.py",
        "src/cryptoscalp/replay/storing.py",
        "src/cryptoscalp/replay/tier_keeper.py",
        "src/cryptoscalp/replay/upkeep.py",
        "src/cryptoscalp/replay/sql/*.sql",
        "campaigns/replay*.py",
    ),
    parts=_parts,
    page=_page,
    options=_options,
)
