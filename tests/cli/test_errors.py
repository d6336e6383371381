"""Errors: one line on stderr, an exit code, no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cryptoscalp.cli.main import main
from cryptoscalp.infra.db.dsn import checked, login_of, shown
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.secrets import masked
from tests.cli.conftest import ROOT, Cli, bound

RANGE = ["--start", "2024-08-08", "--end", "2024-08-09"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["db"], "Missing command"),
        (["ticks", "BTCUSDT", "--start", "2024-08-08T10:00:00", "--end", "2024-08-09"], "no time"),
        (["ticks", "BTCUSDT", "--start", "yesterday", "--end", "2024-08-09"], "ISO 8601"),
        (["ticks", "BTCUSDT", *RANGE, "--output", "x.xlsx"], ".parquet, .csv"),
        (["candles", "BTCUSDT", "--interval", "7m"], "'7m' is not one of"),
        (["db", "downgrade", "base"], "say --yes"),
        (["--url", "host=x", "status", "--data-dir", "x"], "exclude each other"),
        (["up", "--for", "soon"], "30s, 5m or 1h"),
        (["up", "--for", "0s"], "no time at all"),
        (["up", "--file", "x.gz", "--rate", "5"], "--rate: for the simulator"),
        (["up", "--file", "x.gz", "--seed", "0", "--symbols", "A"], "--seed, --symbols: for"),
        (["ticks", "BTCUSDT", *RANGE, "--output", "-", "--json"], "choose one"),
        (["instruments", "set", "X", "--tick-size", "much"], "is no number"),
        (["instruments", "set", "X", "--clear", "colour"], "choose base"),
        (["import", "--nonsense"], "--nonsense"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cryptoscalp: ")
    assert err.count("\n") == 1
    assert told in err
    assert "--help`" in err


@pytest.mark.long
def test_nothing_stored_is_one_line(cli: Cli) -> None:
    ended = cli("quote", "NOSUCH", "--json", code=1)
    assert ended.stdout == ""
    assert ended.stderr.startswith("cryptoscalp: nothing is stored for NOSUCH")
    assert ended.stderr.count("\n") == 1


def test_the_traceback_comes_when_asked_for(cli: Cli) -> None:
    ended = cli("coverage", "NOSUCH", code=1, env={"CRYPTOSCALP_DEBUG": "1"})
    assert "Traceback" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("cryptoscalp: nothing is stored")


@pytest.mark.long
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cr3t@127.0.0.1:1/db",
        "postgresql://user:s3cr3t:x@y@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 user=u password='s3cr3t x' dbname=db",
        "postgresql://user@127.0.0.1:1/db?password=s3cr3t",
    ],
)
@pytest.mark.parametrize("words", [["status"], ["db", "upgrade"], ["quote", "BTCUSDT"]])
def test_no_password_is_ever_shown(
    url: str, words: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOSCALP_DEBUG", "1")
    assert main([*words, "--url", url]) == 1
    out, err = capfd.readouterr()
    assert "s3cr3t" not in out + err
    assert "cryptoscalp: " in err


def test_connection_strings_are_shown_without_secrets() -> None:
    url = "postgresql://alice:pa%40ss@db.example:5433/market"
    assert shown(url) == "user=alice dbname=market host=db.example port=5433"
    assert login_of(url) == "alice"
    assert masked(f"at {url} and password='a b' x") == (
        "at postgresql://alice:***@db.example:5433/market and password=*** x"
    )
    with pytest.raises(InputError, match="--url cannot be read"):
        checked("postgresql://u:p/q@host/db", "--url")


def test_a_server_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    ended = bound(blocked / "data")("quote", "BTCUSDT", code=1)
    assert "Not a directory" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_help_and_version_need_no_database_library() -> None:
    code = (
        "import sys, types; p = types.ModuleType('cryptoscalp');"
        f" p.__path__ = [{str(ROOT / 'src' / 'cryptoscalp')!r}]; sys.modules['cryptoscalp'] = p;"
        " from cryptoscalp.cli.main import main; assert main(['--help']) == 0;"
        " heavy = {'polars', 'psycopg', 'pyarrow', 'alembic', 'rich', 'numpy'} & set(sys.modules);"
        " sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )


def test_version_names_the_program(cli: Cli) -> None:
    assert cli("--version").stdout.startswith("cryptoscalp 1.")
