"""Stress tests: scenarios, what portfolios would lose in them, what they would have to bear."""
