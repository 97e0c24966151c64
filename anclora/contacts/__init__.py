"""A row per person: opt-out and last inbound time, which every send respects."""
