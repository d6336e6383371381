"""The checks of the doctor, grouped by what they look at; each module lists its own in CHECKS."""
