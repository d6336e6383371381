"""Settings from the environment, each named CRYPTOSCALP_...; a wrong value refuses to start."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the database is.

    `database_url` (CRYPTOSCALP_DATABASE_URL) names any PostgreSQL of version 15 or later; without
    it the embedded server of `data_dir` (CRYPTOSCALP_DATA_DIR) is used. `admin_url`
    (CRYPTOSCALP_ADMIN_URL) is the login that migrates an external database.
    """

    model_config = SettingsConfigDict(env_prefix="CRYPTOSCALP_", extra="ignore")

    database_url: str | None = None
    admin_url: str | None = None
    data_dir: Path | None = None
