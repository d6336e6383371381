"""Settings from the environment, each named CRYPTOSCALP_...; a wrong value refuses to start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cryptoscalp.infra.db.errors import InputError

#: A century: the most days that rows may stay in PostgreSQL.
MOST_DAYS: Final = 36_500


class Settings(BaseSettings):
    """Where the database is.

    `database_url` (CRYPTOSCALP_DATABASE_URL) names any PostgreSQL of version 15 or later; without
    it the embedded server of `data_dir` (CRYPTOSCALP_DATA_DIR) is used. `admin_url`
    (CRYPTOSCALP_ADMIN_URL) is the login that migrates an external database.

    `cold_warehouse` (CRYPTOSCALP_COLD_WAREHOUSE) is the directory or s3:// URL of the cold tier;
    the embedded server has one of its own. `hot_days` (CRYPTOSCALP_HOT_DAYS) is how long
    regulated rows stay in PostgreSQL. `partition_days_ahead` (CRYPTOSCALP_PARTITION_DAYS_AHEAD) is
    how many days after today have their partitions made. `replay_journals`
    (CRYPTOSCALP_REPLAY_JOURNALS) is the folder where replay buffers keep their journals.
    `alert_webhooks` (CRYPTOSCALP_ALERT_WEBHOOKS) are the URLs that risk alerts are posted to,
    parted by blanks; they are secrets.
    `stress_scenarios` (CRYPTOSCALP_STRESS_SCENARIOS) is a file or folder of stress scenarios beside
    those of the package. Raises InputError that names the variable whose value cannot be used.
    """

    model_config = SettingsConfigDict(env_prefix="CRYPTOSCALP_", extra="ignore")

    database_url: str | None = None
    admin_url: str | None = None
    data_dir: Path | None = None
    cold_warehouse: str | None = None
    hot_days: int = Field(default=30, ge=0, le=MOST_DAYS)
    partition_days_ahead: int = Field(default=7, ge=1, le=300)
    replay_journals: Path | None = None
    alert_webhooks: str | None = Field(default=None, repr=False)
    stress_scenarios: Path | None = None

    def __init__(self) -> None:
        try:
            super().__init__()
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = f"{self.model_config['env_prefix']}{first['loc'][0]}".upper()
            raise InputError(f"{name} is {first['input']!r}: {first['msg']}") from None
