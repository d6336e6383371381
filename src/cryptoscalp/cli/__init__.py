"""The command line; no SQL here."""
