"""Where the files of the lake lie: a directory, or a bucket of an S3 service."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from cryptoscalp.infra.cold.runs import checked_tail, tail_length
from cryptoscalp.infra.db.errors import ColdDamage, InputError, WarehouseError

#: What of the environment PyIceberg is told; it looks for none of these by itself.
_S3: Final = {
    "s3.endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "s3.region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "s3.access-key-id": ("AWS_ACCESS_KEY_ID",),
    "s3.secret-access-key": ("AWS_SECRET_ACCESS_KEY",),
    "s3.session-token": ("AWS_SESSION_TOKEN",),
}
_WAITS: Final = {"s3.connect-timeout": "10", "s3.request-timeout": "60"}


def location_of(warehouse: str) -> str:
    """A directory or URL as locations in Iceberg's metadata begin: file:///... or s3://..."""
    if warehouse.startswith("s3://") and warehouse != "s3://":
        return warehouse.rstrip("/")
    path = warehouse.removeprefix("file://")
    if "://" in path or any(sign in path for sign in "?#%"):
        raise InputError(
            f"the cold tier cannot lie at {warehouse!r} (CRYPTOSCALP_COLD_WAREHOUSE); name a"
            " directory without ?, # or %, or s3://bucket/prefix"
        )
    return f"file://{Path(path).expanduser().absolute()}"


def properties() -> dict[str, str]:
    """What a file system of PyIceberg has to know of the environment."""
    found = dict(_WAITS)
    for name, variables in _S3.items():
        value = next((os.environ[v] for v in variables if os.environ.get(v)), None)
        if value:
            found[name] = value
    # Without a region the AWS library asks services on the network that may not be there.
    found.setdefault("s3.region", "us-east-1")
    return found


@dataclass(frozen=True, slots=True)
class Footer:
    """A data file's footer, where it lies with its seal, and its digest."""

    metadata: pq.FileMetaData
    start: int
    end: int
    digest: bytes


class Warehouse:
    """Reads, writes, lists and deletes files by their location."""

    def __init__(self) -> None:
        self._systems: dict[str, fs.FileSystem] = {}

    def _at(self, location: str) -> tuple[fs.FileSystem, str]:
        scheme, _, path = location.partition("://")
        if scheme not in self._systems:
            self._systems[scheme] = _s3() if scheme == "s3" else fs.LocalFileSystem()
        return self._systems[scheme], path

    def open_input(self, location: str) -> pa.NativeFile:
        """A file for random reads."""
        system, path = self._at(location)
        return system.open_input_file(path)

    def local_path(self, location: str) -> str | None:
        """Where a file lies on this machine; None when it lies elsewhere."""
        scheme, _, path = location.partition("://")
        return path if scheme == "file" else None

    def read(self, location: str, start: int, end: int) -> bytes:
        """Some bytes of a file, fewer where it ends early."""
        with self.open_input(location) as file:
            held: bytes = file.read_at(end - start, start)
            return held

    def open_output(self, location: str) -> pa.NativeFile:
        """A new file; directories are made as they are needed."""
        system, path = self._at(location)
        with reached(location):
            if isinstance(system, fs.LocalFileSystem):
                system.create_dir(path.rpartition("/")[0], recursive=True)
            return system.open_output_stream(path)

    def footer(self, location: str, size: int) -> Footer:
        """A data file's footer; ColdDamage when it is not the one that was written."""
        with whole(location), self.open_input(location) as file:
            found = file.size()
            if found != size:
                raise ValueError(f"it has {found:,} bytes, not {size:,}")
            start = size - tail_length(file.read_at(8, max(size - 8, 0)))
            tail = file.read_at(size - start, max(start, 0))
            digest = checked_tail(tail)
            return Footer(pq.read_metadata(pa.BufferReader(tail)), start, size, digest)

    def check_again(self, location: str, footer: Footer) -> None:
        """ValueError when the footer is no longer what it was."""
        tail = self.read(location, footer.start, footer.end)
        if checked_tail(tail) != footer.digest:
            raise ValueError("its footer was replaced")

    def found(self, root: str) -> dict[str, datetime]:
        """Location and time of change of every file under a directory or prefix."""
        system, path = self._at(root)
        scheme = root.partition("://")[0]
        with reached(root):
            listed = system.get_file_info(
                fs.FileSelector(path, allow_not_found=True, recursive=True)
            )
        return {f"{scheme}://{item.path}": item.mtime for item in listed if item.is_file}

    def delete(self, locations: Iterable[str]) -> int:
        """Delete files; returns how many were there."""
        gone = 0
        for location in locations:
            system, path = self._at(location)
            with reached(location):
                if system.get_file_info(path).type is fs.FileType.NotFound:
                    continue
                system.delete_file(path)
                gone += 1
        return gone


def _s3() -> fs.S3FileSystem:
    known = properties()
    endpoint = known.get("s3.endpoint")
    more: dict[str, Any] = {"endpoint_override": endpoint} if endpoint else {}
    return fs.S3FileSystem(
        region=known["s3.region"],
        access_key=known.get("s3.access-key-id"),
        secret_key=known.get("s3.secret-access-key"),
        session_token=known.get("s3.session-token"),
        connect_timeout=float(known["s3.connect-timeout"]),
        request_timeout=float(known["s3.request-timeout"]),
        **more,
    )


@contextmanager
def reached(location: str) -> Iterator[None]:
    """Turn a failure of the file system into WarehouseError."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise _unusable(location, error) from error


@contextmanager
def whole(location: str) -> Iterator[None]:
    """Turn what a missing, truncated or altered file leads to into ColdDamage."""
    try:
        yield
    except FileNotFoundError as error:
        raise ColdDamage(location, "it is missing") from error
    except (OSError, pa.ArrowException, ValueError, KeyError, IndexError) as error:
        if "AWS Error" in str(error):
            raise _unusable(location, error) from error
        raise ColdDamage(location, _said(error)) from error


def _unusable(location: str, error: BaseException) -> WarehouseError:
    if "MissingContentLength" in str(error):
        return WarehouseError(
            f"the S3 service at {location} is older than the checksums that uploads carry; set"
            " AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
        )
    return WarehouseError(
        f"the cold tier's warehouse cannot be used at {location}: {_said(error)}; see that"
        " CRYPTOSCALP_COLD_WAREHOUSE names a place that is there and may be written, and for"
        " s3:// that AWS_ENDPOINT_URL and the access keys are right"
    )


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
