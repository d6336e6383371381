"""A library that is missing is named, with what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cryptoscalp.replay.extras import needed

#: Imports a module of ours as if a library were not installed.
HIDING = """
import importlib, sys

class Hiding:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hiding())
importlib.import_module("cryptoscalp.replay." + sys.argv[2])
"""


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("gymnasium_recorder", "gymnasium", "gymnasium"),
        ("torch_data", "torch", "torch"),
        ("sb3", "stable_baselines3", "sb3"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(module: str, library: str, extra: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", HIDING, library, module],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1] == (
        f"cryptoscalp.infra.db.errors.InputError: {library} is not installed; install the extra:"
        f" pip install 'cryptoscalp[{extra}]'"
    )


def test_a_library_that_is_broken_is_not_called_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match="a_part_of_it"), needed("library", "extra"):
        raise ModuleNotFoundError("No module named 'a_part_of_it'", name="a_part_of_it")
