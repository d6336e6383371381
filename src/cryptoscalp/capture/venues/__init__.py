"""Messages as venues send them: one exact parser a venue, for recordings and live capture."""
