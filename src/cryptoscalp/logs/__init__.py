"""System logs: what the product and its server log, kept in PostgreSQL by day."""
