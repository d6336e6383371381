"""The embedded PostgreSQL: found, configured, started, shared and stopped by cryptoscalp itself."""

from cryptoscalp.infra.server.binaries import BinarySource
from cryptoscalp.infra.server.paths import default_data_dir
from cryptoscalp.infra.server.supervisor import EmbeddedServer, ServerStatus

__all__ = ["BinarySource", "EmbeddedServer", "ServerStatus", "default_data_dir"]
