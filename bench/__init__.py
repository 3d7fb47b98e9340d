"""Timings as ratios within one run: the nightly job beside the least SQL by hand. Never a test."""
