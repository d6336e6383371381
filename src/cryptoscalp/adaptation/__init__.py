"""Drift detectors with durable state, market regimes, and what was done about them."""
