"""The floor that knows nothing of trading: database access, the embedded server, migrations."""
