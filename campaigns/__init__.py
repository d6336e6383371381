"""Campaigns: long checks that are run now and then, and leave evidence under docs/evidence."""
