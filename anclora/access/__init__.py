"""API keys: 256 random bits shown once, stored as a hash, found by prefix, with scopes."""
