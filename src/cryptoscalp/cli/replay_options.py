"""What the `replay` commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cryptoscalp.replay.tier_types import Tier

BufferName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the buffer.")]
TierNumber = Annotated[int | None, typer.Option("--tier", min=1, max=6, help="Of this tier only.")]


def tiers_of(path: Path) -> tuple[Tier, ...]:
    """The six tiers of a JSON file; InputError names the file and what is wrong."""
    from cryptoscalp.infra.db.errors import InputError
    from cryptoscalp.replay.tier_documents import tiers_from_json

    try:
        return tiers_from_json(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
