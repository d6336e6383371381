"""Flows, the two drivers that run them, and the errors they raise."""
