"""What brings market data in: parsers, validation, and the writer that stores each event once."""
