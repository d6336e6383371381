"""Artifacts of model versions: measured when registered, verified before they are loaded.

The hash of a file is its SHA-256. That of a directory is the SHA-256 of a manifest: for each file
below it, in the order of the bytes of its path, the SHA-256 of the file in hex, a blank, its size
in decimal, a blank, the path from the directory with `/`, and a zero byte. Empty directories do not
count; links and special files are refused. The size is the sum of the files' sizes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.errors import ArtifactAltered, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, call, rows
from cryptoscalp.registry.documents import reference
from cryptoscalp.registry.model_types import ModelReference

_LONGEST_PATH: Final = 500


@dataclass(frozen=True, slots=True)
class Artifact:
    """An absolute path with the SHA-256 and size (bytes) of what lies there."""

    path: str
    sha256: bytes
    size: int


def measured(path: Path) -> Artifact:
    """Hash and size of a file or directory; NotFound where nothing lies, InputError for others."""
    whole = os.path.abspath(path)  # noqa: PTH100 - links in the path stay as they are given
    if len(whole) > _LONGEST_PATH:
        raise InputError(f"the path of the artifact has more than {_LONGEST_PATH} characters")
    try:
        if not Path(whole).is_dir():
            return Artifact(whole, *_file(Path(whole)))
        lines, size = [], 0
        for one in _below(Path(whole)):
            digest, length = _file(one)
            name = os.fsencode(one.relative_to(whole).as_posix())
            lines.append((name, b"%s %d %s\0" % (digest.hex().encode(), length, name)))
            size += length
    except FileNotFoundError:
        raise NotFound(f"the artifact {whole} is not there") from None
    except OSError as error:
        raise InputError(f"the artifact {whole} cannot be read: {error.strerror}") from error
    return Artifact(
        whole, hashlib.sha256(b"".join(line for _, line in sorted(lines))).digest(), size
    )


def _below(folder: Path) -> list[Path]:
    found = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        for name in (*folders, *names):
            one = Path(root, name)
            if one.is_symlink():
                raise InputError(f"the artifact has a link, {one}; copy what it means there")
        found += [Path(root, name) for name in names]
    return found


def _raise(error: OSError) -> None:
    raise error


def _file(path: Path) -> tuple[bytes, int]:
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError(f"{path} is no regular file")
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
        return digest.digest(), opened.tell()


def verify_artifact(model: ModelReference) -> Flow[Path]:
    """The path of a version's artifact, where what lies there is what was registered.

    Raises NotFound (no such version, it has no artifact, nothing lies there), ArtifactAltered.
    """
    found = yield from rows(
        "SELECT model_name, version_number, model_path, artifact_sha256, artifact_bytes"
        " FROM model_versions WHERE model_id = known_model_version(%s)",
        (reference(model),),
    )
    name, number, path, digest, size = found[0]
    if path is None:
        raise NotFound(f"version {number} of {name!r} was registered without an artifact")
    made = yield from call(lambda: measured(Path(path)))
    if (made.sha256, made.size) != (bytes(digest), size):
        raise ArtifactAltered(
            f"the artifact {path} of version {number} of {name!r} is not what was registered:"
            f" {made.size} bytes with SHA-256 {made.sha256.hex()}, registered were {size} bytes"
            f" with {bytes(digest).hex()}; put the file back, or register it as another version"
        )
    return Path(path)
