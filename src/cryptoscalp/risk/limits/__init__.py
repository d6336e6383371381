"""Declared limits, breaches, the kill switch, alerts."""
