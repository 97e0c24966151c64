"""The playbook word for word: read from its page, translated by the table of another, typed, and held to an effect."""
