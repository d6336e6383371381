"""SIGTERM in the middle of anything, also of the loading of a library: 143 and one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The signal comes when a module is looked for, which is inside of whatever imports it.
_KILLED = """
import os, signal, sys

MODULE = sys.argv.pop(1)

class Killer:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGTERM)

from cryptoscalp.cli.main import run
sys.meta_path.insert(0, Killer())
run()
"""


@pytest.mark.parametrize(
    "module",
    ["psycopg", "psycopg_binary._psycopg", "psycopg.types.array", "cryptoscalp.database"],
)
def test_while_a_library_loads(tmp_path: Path, module: str) -> None:
    words = [module, "--data-dir", str(tmp_path / "data"), "status"]
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, *words], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (143, "cryptoscalp: terminated\n")


_IN_A_CLASS = """
import os, signal, sys

from cryptoscalp.cli import main

class Named:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGTERM)

def command(app):
    return type("Made", (), {"attribute": Named()})

main.typer.main.get_command = command
main.run()
"""


def test_while_a_class_is_made() -> None:
    """Python makes an error of its own of an interrupt there."""
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_CLASS], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (143, "cryptoscalp: terminated\n")


_AFTER = """
import os, signal, sys

from cryptoscalp.cli import main

class Last:
    flushed = False
    def flush(self):
        if not self.flushed:
            self.flushed = True
            os.kill(os.getpid(), signal.SIGTERM)
    def write(self, text):
        return len(text)

sys.stdout = Last()
sys.argv[:] = ["cryptoscalp", "--version"]
main.run()
"""


def test_after_the_answer() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AFTER], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (143, "cryptoscalp: terminated\n")
