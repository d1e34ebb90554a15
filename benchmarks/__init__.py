"""Figures, not tests: how long a month takes, beside what a county would do instead."""
