"""Scheduled work: jobs run by workers on procrastinate's queue, each run recorded."""
