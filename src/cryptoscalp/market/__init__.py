"""Market data: instruments, ticks, quotes, candles, coverage and quarantine."""
