"""Ratios against peers, measured within one run."""
