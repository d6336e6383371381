"""docs/cli.md is what the commands say and answer."""

from __future__ import annotations

import pytest

from cryptoscalp.cli import document, examples


#: SQLAlchemy 2.1 says it of MLflow's tables when they are loaded.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
@pytest.mark.docs
def test_the_reference_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "DATABASE_URL", "ADMIN_URL", "DEBUG"):
        monkeypatch.delenv(f"CRYPTOSCALP_{name}", raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    written = document.target().read_text(encoding="utf-8")
    assert written == document.produce(), "run: python -m cryptoscalp.cli.document"


def test_every_command_has_an_example() -> None:
    named = [words for words, _ in document._helps()]
    groups = {name for name in named if any(other.startswith(f"{name} ") for other in named)}
    missing = [
        name
        for name in named
        # What a worker answers depends on the minute; `jobs run` shows a run.
        if name not in (groups - {"cryptoscalp import"}) | {"cryptoscalp worker"}
        and not any(
            document._belongs(examples.Example(line, None), name.removeprefix("cryptoscalp "))
            for line in examples._LINES
        )
    ]
    assert not missing
