"""Settings for machines of any size, and the limits of control groups."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.infra.server.machine import Machine, core_limits, memory_limits, this_machine
from cryptoscalp.infra.server.tuning import render, settings

MB = 1024 * 1024
machines = st.builds(
    Machine,
    memory=st.integers(128 * MB, 4 * 1024 * 1024 * MB),
    cores=st.integers(1, 512),
    shared_memory=st.none() | st.integers(0, 1024 * 1024 * MB),
)


def megabytes(value: str) -> int:
    assert value.endswith("MB")
    return int(value[:-2])


@given(machines, st.integers(15, 18))
def test_any_machine_gets_settings_that_fit_it(machine: Machine, major: int) -> None:
    values = settings(machine, major)
    assert megabytes(values["shared_buffers"]) * MB <= machine.memory // 4
    full_load = megabytes(values["work_mem"]) * int(values["max_connections"])
    assert full_load * MB <= max(machine.memory // 4, 100 * MB)
    assert megabytes(values["min_wal_size"]) <= megabytes(values["max_wal_size"])
    assert 0 <= int(values["max_parallel_workers_per_gather"]) <= machine.cores
    assert int(values["max_worker_processes"]) > int(values["max_parallel_workers"])
    assert values["fsync"] == values["full_page_writes"] == values["synchronous_commit"] == "on"


@given(machines)
def test_more_memory_never_means_less_for_postgresql(machine: Machine) -> None:
    larger = settings(Machine(machine.memory * 2, machine.cores, None), 18)
    for name in ("shared_buffers", "work_mem", "maintenance_work_mem", "max_wal_size"):
        assert megabytes(larger[name]) >= megabytes(settings(machine, 18)[name])


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_a_rendered_value_reads_back(value: str) -> None:
    line = render({"cluster_name": value})
    inner = line.removeprefix("cluster_name = '").removesuffix("'\n")
    assert inner.replace("''", "'").replace("\\\\", "\\") == value


def test_a_value_cannot_bring_a_second_setting() -> None:
    with pytest.raises(ValueError, match="line break"):
        render({"cluster_name": "x'\nfsync = 'off"})


@given(st.lists(st.none() | st.integers(1, 2**62), min_size=3, max_size=3))
def test_every_parent_group_limits_the_memory(limits: list[int | None]) -> None:
    files = {
        PurePosixPath(place) / "memory.max": "max\n" if limit is None else f"{limit}\n"
        for place, limit in zip(("", "a", "a/b"), limits, strict=True)
    }

    def read(path: PurePosixPath) -> str | None:
        return files.get(path)

    assert sorted(memory_limits("0::/a/b\n", read)) == sorted(x for x in limits if x is not None)


def test_groups_of_version_1() -> None:
    files = {
        "memory/job/memory.limit_in_bytes": "1048576\n",
        "cpu/job/cpu.cfs_quota_us": "150000\n",
        "cpu/job/cpu.cfs_period_us": "100000\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
    }

    def read(path: PurePosixPath) -> str | None:
        return files.get(str(path))

    groups = "4:memory:/job\n3:cpu,cpuacct:/job\n0::/\n"
    assert list(memory_limits(groups, read)) == [1048576]
    assert list(core_limits(groups, read)) == [2]


def test_quotas_of_version_2() -> None:
    def read(path: PurePosixPath) -> str | None:
        return {"a/cpu.max": "50000 100000\n", "cpu.max": "max 100000\n"}.get(str(path))

    assert list(core_limits("0::/a\n", read)) == [1]


def test_this_machine_has_something() -> None:
    machine = this_machine()
    assert machine.memory > 0
    assert machine.cores >= 1
