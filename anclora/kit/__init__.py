"""The small parts every room may use: clock, ids, errors, settings, logging, metrics, lifecycle, backoff, http."""
