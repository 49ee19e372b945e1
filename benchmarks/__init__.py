"""Measurements beside what users have otherwise, always as ratios of one run: `make bench`."""
