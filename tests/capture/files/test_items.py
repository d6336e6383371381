"""Paths, directories and globs become one list in which every file stands once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cryptoscalp.capture.files.items import Item, expand
from cryptoscalp.infra.db.errors import InputError
from tests.capture.files.packed import plain_of

_TREE = (
    "b.csv", "a.csv.gz", "sub/2024.csv", "sub/deep/2023.csv", "sub/deep/x.txt",
    ".hidden.csv", ".git/config.csv", "sub/.DS_Store", "__MACOSX/a.csv", "odd[1].csv",
)  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory tree, which is also the working directory."""
    for name in _TREE:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def _names(*paths: str | Path) -> list[str]:
    return [str(item.path) for item in expand(paths)]


def test_a_directory_is_all_below_it_but_the_hidden(tree: Path) -> None:
    expected = ["a.csv.gz", "b.csv", "odd[1].csv", "sub/2024.csv", "sub/deep/2023.csv",
                "sub/deep/x.txt"]  # fmt: skip
    assert _names("data") == [f"data/{name}" for name in expected]
    assert _names(tree) == [f"{tree}/{name}" for name in expected]
    assert _names(".") == [f"data/{name}" for name in expected]


def test_globs_are_sorted_and_leave_out_the_hidden(tree: Path) -> None:
    assert _names("data/*.csv") == ["data/b.csv", "data/odd[1].csv"]
    assert _names("data/**/20*.csv") == ["data/sub/2024.csv", "data/sub/deep/2023.csv"]
    assert _names(f"{tree}/**/*.txt") == [f"{tree}/sub/deep/x.txt"]
    assert _names("data/**") == _names("data/*") == _names("data")
    assert _names("data/.h*") == _names("data/.hidden.csv") == ["data/.hidden.csv"]
    assert _names("data/../data/[ab]*") == ["data/../data/a.csv.gz", "data/../data/b.csv"]
    # A file of that very name is no pattern.
    assert _names("data/odd[1].csv") == ["data/odd[1].csv"]


def test_each_file_comes_once_where_it_is_named_first(tree: Path) -> None:
    (tree / "link.csv").symlink_to(tree / "b.csv")
    assert _names("data/sub/2024.csv", "data/link.csv", tree, "data/*.csv")[:3] == [
        "data/sub/2024.csv",
        "data/link.csv",
        f"{tree}/a.csv.gz",
    ]
    assert len(_names("data/b.csv", "data/link.csv", tree / "b.csv")) == 1


def test_names_are_without_the_suffixes_of_archives(tmp_path: Path) -> None:
    for name, bare in (
        ("BTCUSDT-1m-2022-05-06.csv.gz", "BTCUSDT-1m-2022-05-06.csv"),
        ("trades.JSON.ZST", "trades.JSON"),
        ("a.csv.xz", "a.csv"),
        ("a.csv.bz2.gz", "a.csv"),
        ("gz", "gz"),
    ):
        (tmp_path / name).write_bytes(b"")
        assert [(item.name, item.size, item.member) for item in expand([tmp_path / name])] == [
            (bare, 0, None)
        ]


def test_what_stands_for_nothing_is_refused(tree: Path) -> None:
    (tree / "empty" / ".hidden").mkdir(parents=True)
    os.mkfifo(tree / "pipe")
    (tree / "nowhere").symlink_to(tree / "gone")
    for path, words in (
        ("data/absent.csv", "there is no such file"),
        ("data/*.parquet", "no file matches"),
        ("data/emp*", "no file matches"),
        ("data/empty", "holds no file"),
        ("data/pipe", "neither a file nor a directory"),
        ("data/nowhere", "link to nothing"),
        ("data/a\0b", "cannot be read"),
        ("", "a path is empty"),
        ("data/b.csv/c.csv", "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            expand([path])
    (tree / "nowhere").unlink()
    # A pipe would be waited for; only who names it means it.
    assert "data/pipe" not in _names("data")
    assert expand([]) == []


@pytest.mark.timeout(20)
def test_links_in_a_circle_end(tree: Path) -> None:
    for name in ("one", "two", "three"):
        (tree / "sub" / name).symlink_to(tree, target_is_directory=True)
        (tree / "sub" / "deep" / name).symlink_to("..", target_is_directory=True)
    assert len(_names("data")) == 6
    assert len(_names("data/**")) == 6
    assert _names("data/**/2024.csv") == ["data/sub/2024.csv"]
    (tree / "itself").symlink_to("itself")
    # What cannot be opened is a file that says so when it is read; the others are not held up.
    assert "data/itself" in _names("data")
    with pytest.raises(InputError, match="itself: cannot be read: "):
        expand(["data/itself"])


def test_names_that_are_not_utf8_can_be_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9-1m.csv")
    try:
        (tmp_path / name).write_bytes(b"1\n")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    (item,) = expand([tmp_path])
    assert item.name == "caf\\udce9-1m.csv"
    assert str(item).encode().endswith(b"caf\\udce9-1m.csv")
    assert plain_of(item) == (b"1\n", None)
    assert expand([f"{tmp_path}/caf*"]) == [item]
    for path in (tmp_path / f"{name}.gz", Path(f"{tmp_path}/*{name}.gz")):
        with pytest.raises(InputError) as raised:
            expand([path])
        str(raised.value).encode()


def test_items_are_compared_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12")
    assert expand([tmp_path]) == [Item(tmp_path / "a.csv", "a.csv", 2)]
