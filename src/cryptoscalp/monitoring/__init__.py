"""Health of the database and of the work that keeps it so."""
