"""Where the revisions lie, what is known about them, and the one way in which Alembic is run."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.migrations.declared import Declared

#: `env.py` calls what stands in the configuration's attributes under this key with the declared
#: schema: the floor learns it without importing a subject.
DECLARED = "declared"
#: The database connection that `env.py` migrates.
CONNECTION = "connection"
#: Whether a downgrade may destroy regulated rows.
DESTROY_DATA = "destroy_data"
#: The layout that a new table which is cut by day gets; native unless given.
LAYOUT = "layout"
#: Called by `env.py` with the configured migration context, in place of migrating.
INSPECT = "inspect"

# Alembic keeps the running migration in module globals.
running = threading.RLock()


def location() -> Path:
    """The folder of the revisions: in an installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def config(**attributes: Any) -> Config:
    """Alembic's configuration: no file, and nothing is written to the terminal."""
    made = Config(output_buffer=io.StringIO(), stdout=io.StringIO())
    made.set_main_option("script_location", str(location()).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes.update(attributes)
    return made


def directory() -> ScriptDirectory:
    """The revisions."""
    return ScriptDirectory.from_config(config())


def declared() -> Declared:
    """The schema that the code declares, as `env.py` hands it over."""
    found: list[Declared] = []
    run_env(config(**{DECLARED: found.append}), lambda *_: [])
    return found[0]


def run_env(made: Config, steps: Callable[..., Any], **options: Any) -> None:
    """Run `env.py` with a function that names the revisions to apply, as Alembic's commands do."""
    script = ScriptDirectory.from_config(made)
    with running, EnvironmentContext(made, script, fn=steps, **options):
        script.run_env()


def revisions() -> list[Script]:
    """All revisions, oldest first."""
    return list(reversed(list(directory().walk_revisions())))


def release_of(script: Script) -> str:
    """The version of the package that a revision belongs to."""
    release = script.module.release
    assert isinstance(release, str)
    return release


def resolve(name: str) -> str:
    """Id of the revision that is meant by an id, "head", "base", or a version such as "1.0.0".

    A version means its newest revision. Raises InputError with the names that there are.
    """
    known = revisions()
    of_release = [script.revision for script in known if release_of(script) == name]
    if of_release:
        return of_release[-1]
    if name in ("head", "base"):
        return known[-1].revision if name == "head" else "base"
    try:
        found = directory().get_revision(name)
    except CommandError:
        found = None
    if found is None:
        names = ", ".join(f"{s.revision} ({release_of(s)})" for s in known)
        raise InputError(f"there is no revision {name!r}; there are base, {names} and head")
    return str(found.revision)
