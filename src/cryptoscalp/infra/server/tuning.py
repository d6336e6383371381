"""postgresql.conf values from the size of the machine; pure, so that any size can be tested."""

from __future__ import annotations

from cryptoscalp.infra.server.machine import Machine

_MB = 1024 * 1024
MAX_CONNECTIONS = 100


def settings(machine: Machine, major: int) -> dict[str, str]:
    """Settings (name to value, unquoted) for PostgreSQL `major` on a machine of that size.

    The server shares the machine with the program that feeds it, so it plans for half of the
    memory: a quarter as its own buffers, a quarter as work memory at full load.
    """
    memory, cores = machine.memory, machine.cores
    gatherers = min(4, cores // 2)
    values = {
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": _size(memory // 4, 16, 8192),
        "effective_cache_size": _size(memory // 2, 32, 1024 * 1024),
        "work_mem": _size(memory // 4 // MAX_CONNECTIONS, 1, 128),
        "maintenance_work_mem": _size(memory // 16, 16, 1024),
        "autovacuum_work_mem": _size(memory // 64, 16, 256),
        "max_worker_processes": str(8 + cores),
        "max_parallel_workers": str(cores),
        "max_parallel_workers_per_gather": str(gatherers),
        "max_parallel_maintenance_workers": str(gatherers),
        # A statement over every daily partition locks each of them and all their indexes.
        "max_locks_per_transaction": "256",
        # Durability is what the product promises: said here so that a default cannot change it.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # The wheel's server has no lz4 and no zstd.
        "wal_compression": "pglz",
        "wal_buffers": _size(memory // 128, 1, 16),
        # Redo of 4 GB is about half a minute; more would make a restart after a crash slow.
        "max_wal_size": _size(memory // 2, 256, 4096),
        "min_wal_size": _size(memory // 16, 80, 512),
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Our statements are short; compiling them costs more than it saves.
        "jit": "off",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "16",
        "track_io_timing": "on",
        "shared_preload_libraries": "pg_stat_statements",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        # To files of JSON, which the job collect_server_logs puts into system_logs. Values of
        # parameters are never said: they may be secrets, and are money.
        "logging_collector": "on",
        "log_destination": "jsonlog",
        "log_filename": "postgresql-%Y%m%d_%H%M%S.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": "16MB",
        "log_truncate_on_rotation": "off",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_duration_statement": "1s",
        "log_autovacuum_min_duration": "10s",
        "log_temp_files": "64MB",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        # A sign of life during a long recovery, which start-up waits for.
        "log_startup_progress_interval": "5s",
    }
    if machine.shared_memory is not None and machine.shared_memory < 256 * _MB:
        # Containers often have 64 MB in /dev/shm: too little for parallel hash joins.
        values["dynamic_shared_memory_type"] = "mmap"
    if major < 15:
        raise ValueError(f"PostgreSQL {major} is older than 15, the oldest that is supported")
    return values


def render(values: dict[str, str]) -> str:
    """Text of a configuration file: one quoted setting per line."""
    lines = [f"{name} = '{_escaped(value)}'\n" for name, value in values.items()]
    return "".join(lines)


def _escaped(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise ValueError(f"a setting cannot hold a line break: {value!r}")
    return value.replace("\\", "\\\\").replace("'", "''")


def _size(wanted: int, least_mb: int, most_mb: int) -> str:
    return f"{max(least_mb, min(most_mb, wanted // _MB))}MB"
